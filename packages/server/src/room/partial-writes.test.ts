/** Members that may change some root types only, in a room: what happens while a worker looks, and after it has refused. */
import { closeCodes } from "@syncline/protocol";
import { expect, onTestFinished, test } from "vitest";
import * as Y from "yjs";
import { buildUpdate, contents, type StructSpec } from "../../../../test/fixtures/update-builder.js";
import { createSynclineWire } from "../connection/syncline-wire.js";
import { Engine, type Workers } from "../engine.js";
import { silentLogger } from "../logger.js";
import { resolveOptions } from "../options.js";
import { MemoryStorage } from "../storage/memory.js";
import { systemTimers } from "../timers.js";
import type { Pieces } from "../worker/jobs.js";
import { scanLarge } from "../worker/large-update.js";
import { Trials } from "../worker/trial.js";
import type { Channel } from "./channel.js";
import type { Member } from "./member.js";
import type { Room } from "./room.js";
import { anybody, type Standing } from "./standing.js";

const commenter: Standing = { ...anybody, roots: ["comments"] };
const reason = 'you may not change "text", only "comments"';

/** On a machine that has other things to do. */
const patiently = { timeout: 30_000 };

const unused = () => Promise.reject(new Error("nobody asks for that here"));

/** Does what a thread would, when the test lets it. */
class HeldWorkers implements Workers {
  readonly #trials = new Trials();
  checkCount = 0;
  trialCount = 0;
  #gate: Promise<unknown> = Promise.resolve();

  /** Until the returned function is called no check is made. */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.#gate = new Promise<void>((resolve) => (release = resolve));
    return release;
  }

  readonly compact = unused;
  readonly content = unused;
  readonly diff = unused;
  readonly salvage = unused;
  readonly close = () => Promise.resolve();

  readonly forget = (documentKey: string): void => this.#trials.forget(documentKey);

  readonly scan: Workers["scan"] = async (request) => scanLarge(request);

  readonly trial: Workers["trial"] = async ({ documentKey, version, piecesSince, stateVector, update }) => {
    this.trialCount += 1;
    this.#trials.build(documentKey, version, await listOf(piecesSince(this.#trials.versionOf(documentKey))));
    return this.#trials.apply(documentKey, update, stateVector);
  };

  readonly checkRoots: Workers["checkRoots"] = async ({ documentKey, version, piecesSince, roots, update }) => {
    this.checkCount += 1;
    const pieces = await listOf(piecesSince(this.#trials.versionOf(documentKey)));
    await this.#gate;
    this.#trials.build(documentKey, version, pieces);
    return this.#trials.check(documentKey, update, roots);
  };
}

async function listOf(pieces: Pieces): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  for await (const piece of pieces) list.push(piece.slice());
  return list;
}

/** A client in the room, and what it was told. */
class Person {
  readonly told: string[] = [];
  readonly member: Member;
  readonly #room: Room;
  #n = 0;

  constructor(room: Room, standing: Standing) {
    this.#room = room;
    this.member = room.join(this.#channel(), { clientId: 0, standing });
  }

  /** By a client that counts its updates. */
  counts(...updates: readonly Uint8Array[]): void {
    for (const update of updates) this.#room.receive(this.member, { update, n: ++this.#n });
  }

  /** By one that does not. */
  says(...updates: readonly Uint8Array[]): void {
    for (const update of updates) this.#room.receive(this.member, { update, n: 0 });
  }

  #channel(): Channel {
    return {
      wire: createSynclineWire(([frame]) => frame as Uint8Array),
      unsentBytes: 0,
      send: () => undefined,
      drained: () => Promise.resolve(),
      holdReading: () => () => undefined,
      ask: () => void this.told.push("ask"),
      ack: (n, _clock, level) => void (level === 2 && this.told.push(`ack ${n}`)),
      setAccess: () => undefined,
      reject: (n, code, why) => void this.told.push(`reject ${n} ${code} ${why}`),
      leave: (code, why) => void this.told.push(`leave ${code} ${why}`),
    };
  }
}

async function scene() {
  const workers = new HeldWorkers();
  const engine = new Engine({
    storage: new MemoryStorage(),
    workers,
    relay: "durable",
    limits: resolveOptions({}).limits,
    timers: systemTimers,
    logger: silentLogger,
  });
  onTestFinished(() => engine.close());
  const room = await engine.rooms.open("plan");
  const settled = () => expect.poll(() => room.isSettled, patiently).toBe(true);
  return { workers, engine, room, settled, writer: new Person(room, anybody), author: new Person(room, commenter) };
}

async function textIn(room: Room, name: string): Promise<string> {
  const doc = new Y.Doc();
  for await (const update of room.content()) Y.applyUpdate(doc, update);
  return doc.getText(name).toJSON();
}

function comes(client: number, clock: number, ...structs: readonly StructSpec[]): Uint8Array {
  return buildUpdate([{ client, clock, structs }]);
}

const saying = (text: string, parent = "comments"): StructSpec => ({ content: contents.string(text), parent });
const rejected = (n: number): string => `reject ${n} ${closeCodes.forbidden} ${reason}`;
const deleting = (client: number, clock: number): Uint8Array =>
  buildUpdate([], [{ client, ranges: [{ clock, length: 1 }] }]);

test("what is allowed is appended and acknowledged; what is not is rejected with a sentence, and what leans on it", async () => {
  const { author, room, settled, engine } = await scene();
  author.counts(comes(7, 0, saying("ab")), comes(7, 2, saying("x", "text")), comes(7, 3, saying("c")), deleting(7, 0));
  await settled();
  expect(author.told.filter((word) => word.startsWith("reject"))).toEqual([rejected(2), rejected(3)]);
  expect(author.told.at(-1)).toBe("ack 4");
  expect([await textIn(room, "comments"), await textIn(room, "text")]).toEqual(["b", ""]);
  expect(engine.refusals.countOf("roots")).toBe(2);
});

test("others are not held up, and what its author sends meanwhile keeps its order", async () => {
  const { author, writer, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(
    comes(7, 0, saying("a")),
    comes(7, 1, { content: contents.string("b"), origin: { client: 7, clock: 0 } }),
  );
  writer.counts(comes(8, 0, saying("text", "text")));
  await expect.poll(() => writer.told, patiently).toEqual(["ack 1"]);
  expect(author.told).toEqual([]);
  release();
  await settled();
  expect(author.told.at(-1)).toBe("ack 2");
  expect(await textIn(room, "comments")).toBe("ab");
});

test("an update whose ids others take while it is looked at is looked at anew, as what is left of it", async () => {
  const { author, writer, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(comes(100, 0, saying("0123456789")));
  // Cut to its last six letters it would stand behind these.
  writer.counts(comes(100, 0, saying("text", "text")));
  release();
  await settled();
  expect(workers.checkCount).toBe(2);
  expect(author.told).toEqual([rejected(1)]);
  expect([await textIn(room, "text"), await textIn(room, "comments")]).toEqual(["text", ""]);
});

test("so is a heavy one whose ids are taken while it is tried", async () => {
  const { author, writer, workers, room, settled } = await scene();
  const { trial } = workers;
  const stealing: Workers = Object.assign(workers, {
    trial: (...[request]: Parameters<Workers["trial"]>) => {
      writer.counts(comes(100, 0, saying("text", "text")));
      return trial(request);
    },
  });
  author.counts(comes(100, 0, saying("x".repeat(70_000))));
  await settled();
  expect(stealing).toBe(workers);
  expect([workers.checkCount, workers.trialCount]).toEqual([2, 1]);
  expect(author.told).toEqual([rejected(1)]);
  expect(await textIn(room, "text")).toBe("text");
});

test("a heavy update is looked at first, and tried only if it keeps to its place", async () => {
  const { author, workers, room, settled } = await scene();
  author.counts(comes(7, 0, saying("x".repeat(70_000), "text")));
  await settled();
  expect([workers.checkCount, workers.trialCount]).toEqual([1, 0]);
  const other = new Person(room, commenter);
  other.counts(comes(9, 0, saying("x".repeat(70_000))), comes(9, 70_000, saying("y")));
  await settled();
  expect(workers.trialCount).toBe(1);
  expect(other.told.at(-1)).toBe("ack 2");
  expect((await textIn(room, "comments")).length).toBe(70_001);
});

test("what counts is what its author might do when it was sent, not what it may when its turn comes", async () => {
  const { author, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(comes(7, 0, saying("a")), comes(7, 1, saying("x", "text")));
  room.regard(author.member, anybody);
  release();
  await settled();
  expect(author.told.filter((word) => word.startsWith("reject"))).toEqual([rejected(2)]);
  expect([await textIn(room, "text"), await textIn(room, "comments")]).toEqual(["", "a"]);
});

test("nor what it may when what it leans on has come", async () => {
  const { author, room, settled } = await scene();
  author.counts(comes(8, 1, saying("y", "text")));
  room.regard(author.member, anybody);
  author.counts(comes(8, 0, saying("z", "text")));
  await settled();
  expect(author.told.filter((word) => word.startsWith("reject"))).toEqual([rejected(1)]);
  expect(await textIn(room, "text")).toBe("z");
});

test("after twenty refusals nothing of it is looked at any more, until it may do something else", async () => {
  const { author, workers, room, settled } = await scene();
  const attempts = Array.from({ length: 30 }, (_, index) => comes(1_000 + index, 0, saying("x", "text")));
  author.counts(...attempts);
  await settled();
  expect(workers.checkCount).toBe(20);
  expect(author.told).toHaveLength(30);
  author.counts(comes(7, 0, saying("a")));
  await settled();
  expect(workers.checkCount).toBe(20);
  room.regard(author.member, commenter);
  author.counts(comes(7, 0, saying("a")));
  await settled();
  expect(author.told.at(-1)).toBe("ack 32");
  expect(await textIn(room, "comments")).toBe("a");
});

test("a client without counters stays, and is asked for what its later edits lean on: others may have brought it", async () => {
  const { author, writer, room, settled } = await scene();
  const typed = comes(8, 0, saying("typed by another", "text"));
  const said = comes(7, 0, saying("ab"));
  // Its whole document, with what it has from another and the room has not.
  author.says(Y.mergeUpdates([typed, said]));
  await settled();
  expect(author.told).toEqual([rejected(0)]);
  writer.counts(typed);
  author.says(comes(7, 2, { content: contents.string("c"), origin: { client: 7, clock: 1 } }));
  await expect.poll(() => author.told.at(-1), patiently).toBe("ask");
  author.says(Y.mergeUpdates([typed, said]));
  await settled();
  expect(await textIn(room, "comments")).toBe("abc");
});

test("who leaves while it is looked at is served all the same", async () => {
  const { author, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(comes(7, 0, saying("a")), comes(7, 1, saying("x", "text")));
  room.leave(author.member);
  release();
  await settled();
  expect([await textIn(room, "comments"), await textIn(room, "text")]).toEqual(["a", ""]);
});
