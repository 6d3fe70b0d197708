/** Real threads: `npm run build` comes first, the pool loads dist/worker/document-worker.js. */
import * as encoding from "lib0/encoding";
import { afterEach, describe, expect, test } from "vitest";
import * as Y from "yjs";
import type { Pieces, RootCheckRequest, TrialRequest } from "./jobs.js";
import type { CpuMeter } from "./trial-clock.js";
import { WorkerPool, type PoolTimers, type WorkerPoolOptions } from "./worker-pool.js";

const workerUrl = new URL("../../dist/worker/document-worker.js", import.meta.url);
const nothing = Uint8Array.of(0);

const pools: WorkerPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function poolWith(options: WorkerPoolOptions = {}): WorkerPool {
  const pool = new WorkerPool({ workerUrl, ...options });
  pools.push(pool);
  return pool;
}

/** A thread that answers as this script says. */
function scripted(script: string): URL {
  const prelude = 'import { parentPort as port } from "node:worker_threads";';
  return new URL(`data:text/javascript,${encodeURIComponent(`${prelude} ${script}`)}`);
}

/** Builds a document in no time, and then does this with the update. */
function judging(script: string): string {
  return `port.on("message", ({ kind }) => {
    if (kind === "begin") port.postMessage({ kind: "ready", version: null });
    if (kind === "end") { port.postMessage({ kind: "built" }); ${script} }
  });`;
}

const idleMeter: CpuMeter = { leniency: 1, read: () => Promise.resolve(0) };

function textBy(clientId: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

function textOf(updates: Iterable<Uint8Array>): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText("text").toString();
}

async function* later(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    yield piece;
  }
}

function trialOf(update: Uint8Array, pieces: readonly Uint8Array[] = [], documentKey = "document"): TrialRequest {
  const piecesSince = (version: number | null): Pieces => pieces.slice(version ?? 0);
  return { documentKey, version: pieces.length, piecesSince, stateVector: nothing, update };
}

function update(write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode(write);
}

/** One client puts `count` items behind nothing and before each character of client 1: each looks through all before it. */
function conflictBomb(count: number): Uint8Array {
  return update((encoder) => {
    for (const number of [1, count, 2, 0]) encoding.writeVarUint(encoder, number);
    for (let clock = 0; clock < count; clock++) {
      encoding.writeUint8(encoder, 0x44);
      for (const number of [1, clock]) encoding.writeVarUint(encoder, number);
      encoding.writeVarString(encoder, "y");
    }
    encoding.writeVarUint(encoder, 0);
  });
}

/** One client sets one key `count` times, each time as if for the first: each walks to the first of all before it. */
function keyBomb(count: number): Uint8Array {
  return update((encoder) => {
    for (const number of [1, count, 2, 0]) encoding.writeVarUint(encoder, number);
    for (let clock = 0; clock < count; clock++) {
      encoding.writeUint8(encoder, 0x24);
      encoding.writeVarUint(encoder, 1);
      for (const text of ["map", "key", "y"]) encoding.writeVarString(encoder, text);
    }
    encoding.writeVarUint(encoder, 0);
  });
}

describe("jobs", () => {
  test("compaction and diff take pieces of any size, from lists and from streams", async () => {
    const pool = poolWith();
    const pieces = [textBy(1, "a"), textBy(2, "x".repeat(2_500_000)), textBy(3, "c")];
    const text = textOf(pieces);
    const [compacted, fromStream, updates] = await Promise.all([
      pool.compact(pieces),
      pool.compact(later(pieces), { maxSegmentBytes: 100_000 }),
      pool.diff(later(pieces), nothing),
    ]);
    expect(textOf(compacted.segments) === text).toBe(true);
    expect(compacted.segments).toHaveLength(3);
    expect(textOf(fromStream.segments) === text).toBe(true);
    expect(fromStream.segments.length).toBeGreaterThan(20);
    expect(textOf(updates) === text).toBe(true);
    expect(pieces[1]?.length).toBeGreaterThan(2_500_000);
  });

  test("a diff of thousands of updates arrives in order", async () => {
    const pieces = Array.from({ length: 6000 }, (_, index) => textBy(6000 - index, "x"));
    const updates = await poolWith().diff(pieces, nothing);
    expect(updates).toHaveLength(6000);
    expect(updates.map((each) => [...Y.parseUpdateMeta(each).to.keys()][0])).toEqual(
      pieces.map((_, index) => 6000 - index),
    );
  });

  test("salvage gives a snapshot, what it had to refuse, and what is left over", async () => {
    const pool = poolWith();
    const author = new Y.Doc();
    const log: Uint8Array[] = [];
    author.on("update", (piece: Uint8Array) => log.push(piece));
    for (const letter of ["a", "b", "c"]) author.getText("text").insert(author.getText("text").length, letter);
    const [a, b, c] = log as [Uint8Array, Uint8Array, Uint8Array];
    const { compacted, refused, leftover } = await pool.salvage(later([a, b.subarray(0, 5), c]));
    expect(textOf(compacted.segments)).toBe("a");
    expect(refused).toMatchObject([{ pieceIndex: 1 }]);
    expect(textOf([...compacted.segments, leftover ?? nothing, b])).toBe("abc");
    expect(await pool.salvage([a, b, c])).toMatchObject({ refused: [], leftover: undefined });
  });

  test("content is the document as JSON", async () => {
    const json = await poolWith().content(later([textBy(1, "a")]));
    expect(new TextDecoder().decode(json)).toBe('{"text":"a"}');
  });

  test("take turns with the rest of the process, every few hundred pieces", async () => {
    let turnCount = 0;
    const after: PoolTimers["after"] = () => () => undefined;
    const soon = (callback: () => void): void => {
      turnCount += 1;
      setImmediate(callback);
    };
    const pool = poolWith({ timers: { after, soon } });
    await pool.diff(
      Array.from({ length: 6000 }, (_, index) => textBy(6000 - index, "x")),
      nothing,
    );
    expect(turnCount).toBeGreaterThan(20);
  });

  test("a failure names the piece, and the thread goes on", async () => {
    const pool = poolWith();
    const good = textBy(1, "good");
    const failing = pool.diff([good, good.subarray(0, 5)], nothing);
    await expect(failing).rejects.toMatchObject({ name: "WorkerError", code: "failed", pieceIndex: 1 });
    await expect(pool.compact([good, good.subarray(0, 5)])).rejects.toMatchObject({ code: "failed", pieceIndex: 1 });
    expect(textOf(await pool.diff([good], nothing))).toBe("good");
  });

  test("pieces that break off reject the job with what broke them, and the thread goes on", async () => {
    const pool = poolWith();
    const cause = new Error("disk on fire");
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield* later([textBy(1, "half")]);
      throw cause;
    };
    await expect(pool.diff(broken(), nothing)).rejects.toMatchObject({ code: "input", cause });
    expect(textOf(await pool.diff([textBy(1, "good")], nothing))).toBe("good");
  });
});

describe("trials", () => {
  test("ask for what came since the last one only, until the document is to be forgotten", async () => {
    const pool = poolWith();
    const log = [textBy(1, "a"), textBy(2, "b"), textBy(3, "c")];
    const asked: (number | null)[] = [];
    const request = (version: number): TrialRequest => ({
      ...trialOf(textBy(9, "new"), log.slice(0, version)),
      piecesSince: (since) => {
        asked.push(since);
        return log.slice(since ?? 0, version);
      },
    });
    for (const version of [1, 2, 3]) expect(await pool.trial(request(version))).toMatchObject({ kind: "accepted" });
    const under = pool.trial(request(3));
    pool.forget("document");
    await Promise.all([under, pool.trial(request(3))]);
    expect(asked).toEqual([null, 1, 2, 3, null]);
  });

  test.each([
    ["conflicts at one place", conflictBomb(4000)],
    ["sets of one key", keyBomb(40_000)],
  ])("refuse a bomb of %s, and the next job runs on a new thread", async (_, bomb) => {
    // The cap is out of reach: what it has used is what counts.
    const pool = poolWith({ trialLimitMs: 150, trialCapMs: 600_000 });
    const pieces = [textBy(1, "x".repeat(4000))];
    await pool.trial(trialOf(textBy(3, "small"), pieces));
    const [verdict, updates] = await Promise.all([pool.trial(trialOf(bomb, pieces)), pool.diff(pieces, nothing)]);
    const detail = "trying it took more than 150 ms of CPU time";
    expect(verdict).toEqual({ kind: "refused", reason: "too-slow", detail });
    expect(textOf(updates)).toHaveLength(4000);
    expect(await pool.trial(trialOf(textBy(3, "small"), pieces))).toMatchObject({ kind: "accepted" });
  });

  test("give an update time that has got no CPU yet", async () => {
    const result = '{ kind: "refused", reason: "threw", detail: "late" }';
    const worker = scripted(judging(`setTimeout(() => port.postMessage({ kind: "tried", result: ${result} }), 100);`));
    const pool = poolWith({ workerUrl: worker, trialLimitMs: 5, cpuMeterOf: () => idleMeter });
    expect(await pool.trial(trialOf(nothing))).toMatchObject({ detail: "late" });
  });

  test("end at the cap when the thread waits for something", async () => {
    const options = { workerUrl: scripted(judging("")), trialLimitMs: 5, trialCapMs: 50, cpuMeterOf: () => idleMeter };
    const verdict = await poolWith(options).trial(trialOf(nothing));
    expect(verdict).toEqual({ kind: "refused", reason: "too-slow", detail: "trying it was not done after 50 ms" });
  });

  test("do not count the building of the document", async () => {
    const worker = scripted(`port.on("message", ({ kind }) => {
      if (kind === "begin") port.postMessage({ kind: "ready", version: null });
      if (kind === "end") setTimeout(() => {
        port.postMessage({ kind: "built" });
        port.postMessage({ kind: "tried", result: { kind: "refused", reason: "threw", detail: "" } });
      }, 100);
    });`);
    const pool = poolWith({ workerUrl: worker, trialLimitMs: 50, trialCapMs: 50 });
    expect(await pool.trial(trialOf(nothing))).toMatchObject({ reason: "threw" });
  });

  test("refuse an update that takes the thread down with it", async () => {
    const worker = scripted(judging('setTimeout(() => { throw new Error("bang"); }, 10);'));
    const verdict = await poolWith({ workerUrl: worker }).trial(trialOf(nothing));
    expect(verdict).toEqual({ kind: "refused", reason: "crashed", detail: "bang" });
  });
});

describe("checks of root types", () => {
  const checkOf = (update: Uint8Array, roots: readonly string[]): RootCheckRequest => {
    const piecesSince = (version: number | null): Pieces => [textBy(1, "a")].slice(version ?? 0);
    return { documentKey: "document for checks", version: 1, piecesSince, roots, update };
  };

  test("say whether an update keeps to them", async () => {
    const pool = poolWith();
    const update = textBy(2, "b");
    expect(await pool.checkRoots(checkOf(update, ["comments", "text"]))).toEqual({ kind: "within", update });
    expect(await pool.checkRoots(checkOf(update, ["comments"]))).toEqual({ kind: "outside", root: "text" });
  });

  test("have the limits of a trial: of CPU, however long it takes", async () => {
    const looping = scripted(judging("for (;;);"));
    const pool = poolWith({ workerUrl: looping, trialLimitMs: 50, trialCapMs: 600_000 });
    const tooMuch = { code: "timeout", message: "trying it took more than 50 ms of CPU time" };
    await expect(pool.checkRoots(checkOf(nothing, []))).rejects.toMatchObject(tooMuch);
  });

  test("have the limits of a trial: of time, however little CPU", async () => {
    const options = { workerUrl: scripted(judging("")), trialLimitMs: 5, trialCapMs: 50, cpuMeterOf: () => idleMeter };
    const tooLong = { code: "timeout", message: "trying it was not done after 50 ms" };
    await expect(poolWith(options).checkRoots(checkOf(nothing, []))).rejects.toMatchObject(tooLong);
  });
});

describe("threads", () => {
  test("a long compaction does not delay a diff", async () => {
    const pool = poolWith();
    const finished: string[] = [];
    const endless = pool
      .compact([textBy(1, "x".repeat(5000)), conflictBomb(5000)])
      .finally(() => finished.push("compact"));
    const ended = expect(endless).rejects.toMatchObject({ code: "closed" });
    await pool.diff([textBy(1, "a")], nothing).then(() => finished.push("diff"));
    await pool.trial(trialOf(textBy(1, "a"))).then(() => finished.push("trial"));
    expect(finished).toEqual(["diff", "trial"]);
    await pool.close();
    await ended;
  });

  test("a compaction that takes too long is killed; the one behind it runs", async () => {
    const pool = poolWith({ compactLimitMs: 300 });
    const slow = pool.compact([textBy(1, "x".repeat(5000)), conflictBomb(5000)]);
    const next = pool.compact([textBy(1, "next")]);
    await expect(slow).rejects.toMatchObject({ code: "timeout" });
    expect(textOf((await next).segments)).toBe("next");
  });

  test.each([
    ["exits", "process.exit(3)", "crashed"],
    ["throws", 'throw new Error("bang")', "crashed"],
    ["speaks out of turn", 'port.postMessage({ kind: "done" })', "crashed"],
    ["uses up its memory", "const all = []; for (;;) all.push(new Array(1000).fill(all.length))", "out-of-memory"],
  ])("one that %s rejects its job, each time anew", async (_, script, code) => {
    const worker = scripted(`port.on("message", () => { ${script}; });`);
    const pool = poolWith({ workerUrl: worker, maxHeapMegabytes: 16 });
    await expect(pool.compact([])).rejects.toMatchObject({ code });
    await expect(pool.compact([])).rejects.toMatchObject({ code });
  });

  test("pieces that never arrive do not block a lane for ever", async () => {
    const pool = poolWith({ inputLimitMs: 50 });
    const never: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    };
    const stuck = pool.diff(never, nothing);
    const next = pool.diff([textBy(1, "next")], nothing);
    await expect(stuck).rejects.toMatchObject({ code: "timeout" });
    expect(textOf(await next)).toBe("next");
  });

  test("one without work ends, and starts again when there is some", async () => {
    const pending: { readonly delayMs: number; readonly callback: () => void }[] = [];
    const timers: PoolTimers = {
      after: (delayMs, callback) => {
        const timer = { delayMs, callback };
        pending.push(timer);
        return () => void pending.splice(pending.indexOf(timer), 1);
      },
      soon: setImmediate,
    };
    const pool = poolWith({ timers, idleMs: 12_345 });
    const versions: (number | null)[] = [];
    const request: TrialRequest = {
      ...trialOf(textBy(1, "a")),
      version: 7,
      piecesSince: (version) => {
        versions.push(version);
        return [];
      },
    };
    await pool.trial(request);
    await pool.trial(request);
    expect(pending.map(({ delayMs }) => delayMs)).toEqual([12_345]);
    pending.pop()?.callback();
    await pool.trial(request);
    expect(versions).toEqual([null, 7, null]);
  });

  test("no more jobs wait than were allowed to", async () => {
    const pool = poolWith({ maxQueuedJobs: 2 });
    const jobs = [1, 2, 3].map((client) => pool.diff([textBy(client, "a")], nothing));
    await expect(jobs[2]).rejects.toMatchObject({ code: "busy" });
    await expect(Promise.all(jobs.slice(0, 2))).resolves.toHaveLength(2);
  });

  test("closing ends the job under way, those that wait, and every later one", async () => {
    const pool = poolWith();
    const running = pool.compact([textBy(1, "x".repeat(5000)), conflictBomb(5000)]);
    const waiting = pool.compact([]);
    const outcomes = Promise.allSettled([running, waiting]);
    await pool.diff([], nothing);
    await pool.close();
    const closed = { status: "rejected", reason: expect.objectContaining({ code: "closed" }) as unknown };
    expect(await outcomes).toMatchObject([closed, closed]);
    await expect(pool.diff([], nothing)).rejects.toMatchObject({ code: "closed" });
  });
});
