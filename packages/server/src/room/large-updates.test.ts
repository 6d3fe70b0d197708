/** Updates that a worker looks through before the room judges them: what happens meanwhile, and what becomes of them. */
import { closeCodes } from "@syncline/protocol";
import { expect, onTestFinished, test } from "vitest";
import * as Y from "yjs";
import { buildUpdate, contents, type StructSpec } from "../../../../test/fixtures/update-builder.js";
import { createSynclineWire } from "../connection/syncline-wire.js";
import { Engine, type Workers } from "../engine.js";
import { silentLogger } from "../logger.js";
import { resolveOptions } from "../options.js";
import { MemoryStorage } from "../storage/memory.js";
import type { AppendEntry } from "../storage/storage.js";
import { systemTimers } from "../timers.js";
import type { Pieces } from "../worker/jobs.js";
import { scanLarge } from "../worker/large-update.js";
import { Trials } from "../worker/trial.js";
import type { Channel } from "./channel.js";
import type { Member } from "./member.js";
import type { Room } from "./room.js";
import { anybody } from "./standing.js";

const pasted = "pasted ".repeat(60_000);
const patiently = { timeout: 30_000 };
const unused = () => Promise.reject(new Error("nobody asks for that here"));

/** Does what a thread would, when the test lets it. */
class HeldWorkers implements Workers {
  readonly #trials = new Trials();
  readonly did: string[] = [];
  #gate: Promise<unknown> = Promise.resolve();

  hold(): () => void {
    let release: () => void = () => undefined;
    this.#gate = new Promise<void>((resolve) => (release = resolve));
    return release;
  }

  readonly compact = unused;
  readonly content = unused;
  readonly diff = unused;
  readonly salvage = unused;
  readonly checkRoots = unused;
  readonly close = () => Promise.resolve();
  readonly forget = (documentKey: string): void => this.#trials.forget(documentKey);

  readonly scan: Workers["scan"] = async (request) => {
    this.did.push("scan");
    await this.#gate;
    return scanLarge(request);
  };

  readonly trial: Workers["trial"] = async ({ documentKey, version, piecesSince, stateVector, update }) => {
    this.did.push("trial");
    const pieces = await listOf(piecesSince(this.#trials.versionOf(documentKey)));
    this.#trials.build(documentKey, version, pieces);
    return this.#trials.apply(documentKey, update, stateVector);
  };
}

async function listOf(pieces: Pieces): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  for await (const piece of pieces) list.push(piece.slice());
  return list;
}

/** Refuses to append as often as it is told to. */
class FailingStorage extends MemoryStorage {
  failureCount = 0;

  override append(entries: readonly AppendEntry[]): Promise<number[]> {
    if (this.failureCount === 0) return super.append(entries);
    this.failureCount -= 1;
    return Promise.reject(new Error("no space"));
  }
}

/** A client in the room, and what it was told. */
class Person {
  readonly told: string[] = [];
  readonly member: Member;
  readonly #room: Room;
  #n = 0;

  constructor(room: Room) {
    this.#room = room;
    this.member = room.join(this.#channel(), { clientId: 0, standing: anybody });
  }

  sends(...updates: readonly Uint8Array[]): void {
    for (const update of updates) this.#room.receive(this.member, { update, n: ++this.#n });
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
      setAccess: (level) => void this.told.push(`access ${level}`),
      reject: (n, code) => void this.told.push(`reject ${n} ${code}`),
      leave: (code) => void this.told.push(`leave ${code}`),
    };
  }
}

async function scene() {
  const workers = new HeldWorkers();
  const storage = new FailingStorage();
  const { limits } = resolveOptions({});
  const engine = new Engine({
    storage,
    workers,
    relay: "durable",
    limits,
    timers: systemTimers,
    logger: silentLogger,
  });
  onTestFinished(() => engine.close());
  const room = await engine.rooms.open("plan");
  const settled = () => expect.poll(() => room.isSettled, patiently).toBe(true);
  return { workers, storage, room, settled, author: new Person(room), other: new Person(room) };
}

async function textIn(room: Room): Promise<string> {
  const doc = new Y.Doc();
  for await (const update of room.content()) Y.applyUpdate(doc, update);
  return doc.getText("text").toJSON();
}

const comes = (client: number, clock: number, ...structs: readonly StructSpec[]) =>
  buildUpdate([{ client, clock, structs }]);
const saying = (text: string): StructSpec => ({ content: contents.string(text), parent: "text" });
const behind = (client: number, clock: number, text: string): StructSpec => ({
  content: contents.string(text),
  origin: { client, clock },
});

const tooMany = Array.from({ length: 500_001 }, (): StructSpec => ({ content: contents.gc(1) }));

test("its author's next edits come after it, and others' do not wait for it", async () => {
  const { author, other, workers, room, settled } = await scene();
  const release = workers.hold();
  author.sends(comes(7, 0, saying(pasted)), comes(7, pasted.length, behind(7, pasted.length - 1, "!")));
  other.sends(comes(8, 0, saying("first ")));
  await expect.poll(() => other.told, patiently).toEqual(["ack 1"]);
  expect(author.told).toEqual([]);
  release();
  await settled();
  expect(author.told).toEqual(["ack 2"]);
  expect(workers.did).toEqual(["scan", "trial"]);
  const text = await textIn(room);
  expect([text.includes(`${pasted}!`), text.includes("first ")]).toEqual([true, true]);
});

test("one whose author has left meanwhile is kept, with what came after it", async () => {
  const { author, workers, room, settled } = await scene();
  const release = workers.hold();
  author.sends(comes(7, 0, saying(pasted)), comes(7, pasted.length, behind(7, pasted.length - 1, "!")));
  room.leave(author.member);
  release();
  await settled();
  expect(await textIn(room)).toBe(`${pasted}!`);
});

test("one that the store refuses at first is acknowledged when it has taken it", async () => {
  const { author, storage, room, settled } = await scene();
  storage.failureCount = 1;
  author.sends(comes(7, 0, saying(pasted)));
  await expect.poll(() => author.told.length, patiently).toBe(1);
  expect(author.told).toEqual(["access 1"]);
  await settled();
  expect(author.told.slice(1).toSorted()).toEqual(["access 2", "ack 1"]);
  expect(await textIn(room)).toBe(pasted);
});

test("one of which the room has everything is acknowledged, and never tried", async () => {
  const { author, other, workers, settled } = await scene();
  author.sends(comes(7, 0, saying(pasted)));
  await settled();
  other.sends(comes(7, 0, saying(pasted)));
  await settled();
  expect(other.told).toEqual(["ack 1"]);
  expect(workers.did).toEqual(["scan", "trial", "scan"]);
});

test("one that others bring in the meantime is not stored twice", async () => {
  const { author, other, workers, room, settled } = await scene();
  const release = workers.hold();
  author.sends(comes(7, 0, saying(pasted), saying("rest")));
  other.sends(comes(7, 0, saying(pasted.slice(0, 1000))));
  await expect.poll(() => other.told, patiently).toEqual(["ack 1"]);
  release();
  await settled();
  const updates: Uint8Array[] = [];
  for await (const update of room.content()) updates.push(update);
  expect(updates.map((update) => [...Y.parseUpdateMeta(update).from.values()])).toEqual([[0], [1000]]);
  expect((await textIn(room)).length).toBe(pasted.length + "rest".length);
});

test.each([
  ["that Yjs would not write closes its author", comes(7, 0, saying(pasted)).subarray(0, -1), "leave", 4400],
  ["that leans on what is not here has its author come back", comes(7, 1, saying(pasted)), "leave", 4510],
  [
    "with too many structs is rejected, and its author goes on",
    buildUpdate([{ client: 7, clock: 0, structs: tooMany }]),
    "reject 1",
    4413,
  ],
])("one %s", async (_, update, told, code) => {
  const { author, settled, workers } = await scene();
  author.sends(update);
  await settled();
  expect(author.told).toEqual([`${told} ${code}`]);
  expect(workers.did).toEqual(["scan"]);
  expect(Object.values(closeCodes)).toContain(code);
});

test("nothing of it is taken once the room is out of use", async () => {
  const { author, workers, room } = await scene();
  const release = workers.hold();
  author.sends(comes(7, 0, saying(pasted)));
  const stopped = room.stop({ code: closeCodes.unavailable, reason: "gone" });
  release();
  await stopped;
  await expect.poll(() => room.isSettled, patiently).toBe(true);
  expect(await textIn(room)).toBe("");
});
