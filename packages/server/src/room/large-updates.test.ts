/** Updates that a worker looks through before the room judges them: what happens meanwhile, and what becomes of them. */
import { closeCodes } from "@syncline/protocol";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { buildUpdate, contents, type StructSpec } from "../../../../test/fixtures/update-builder.js";
import { heldRoom, patiently, textIn } from "../../test-support/held-room.js";
import { ToldClient } from "../../test-support/told-client.js";
import { MemoryStorage } from "../storage/memory.js";
import type { AppendEntry } from "../storage/storage.js";

const pasted = "pasted ".repeat(60_000);

/** Refuses to append as often as it is told to. */
class FailingStorage extends MemoryStorage {
  failureCount = 0;

  override append(entries: readonly AppendEntry[]): Promise<number[]> {
    if (this.failureCount === 0) return super.append(entries);
    this.failureCount -= 1;
    return Promise.reject(new Error("no space"));
  }
}

async function scene() {
  const storage = new FailingStorage();
  const held = await heldRoom(storage);
  return { ...held, storage, author: new ToldClient(held.room), other: new ToldClient(held.room) };
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
  author.counts(comes(7, 0, saying(pasted)), comes(7, pasted.length, behind(7, pasted.length - 1, "!")));
  other.counts(comes(8, 0, saying("first ")));
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
  author.counts(comes(7, 0, saying(pasted)), comes(7, pasted.length, behind(7, pasted.length - 1, "!")));
  room.leave(author.member);
  release();
  await settled();
  expect(await textIn(room)).toBe(`${pasted}!`);
});

test("one that the store refuses at first is acknowledged when it has taken it", async () => {
  const { author, storage, room, settled } = await scene();
  storage.failureCount = 1;
  author.counts(comes(7, 0, saying(pasted)));
  await expect.poll(() => author.told.length, patiently).toBe(1);
  expect(author.told).toEqual(["access 1"]);
  await settled();
  expect(author.told.slice(1).toSorted()).toEqual(["access 2", "ack 1"]);
  expect(await textIn(room)).toBe(pasted);
});

test("one of which the room has everything is acknowledged", async () => {
  const { author, other, workers, settled } = await scene();
  author.counts(comes(7, 0, saying(pasted)));
  await settled();
  other.counts(comes(7, 0, saying(pasted)));
  await settled();
  expect(other.told).toEqual(["ack 1"]);
  expect(workers.did).toEqual(["scan", "trial", "scan"]);
});

test("one that others bring in the meantime is not stored twice", async () => {
  const { author, other, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(comes(7, 0, saying(pasted), saying("rest")));
  other.counts(comes(7, 0, saying(pasted.slice(0, 1000))));
  await expect.poll(() => other.told, patiently).toEqual(["ack 1"]);
  release();
  await settled();
  const updates: Uint8Array[] = [];
  for await (const update of room.content()) updates.push(update);
  expect(updates.map((update) => [...Y.parseUpdateMeta(update).from.values()])).toEqual([[0], [1000]]);
  expect((await textIn(room)).length).toBe(pasted.length + "rest".length);
});

test.each([
  [
    "that Yjs would not write closes its author",
    comes(7, 0, saying(pasted)).subarray(0, -1),
    /^leave 4400 .*bytes end/,
  ],
  ["that leans on what is not here has its author come back", comes(7, 1, saying(pasted)), /^leave 4510 .*come back/],
  [
    "with too many structs is rejected, and its author goes on",
    buildUpdate([{ client: 7, clock: 0, structs: tooMany }]),
    /^reject 1 4413 .*500000 structs; it has to be sent in parts/,
  ],
])("one %s", async (_, update, told) => {
  const { author, settled, workers } = await scene();
  author.counts(update);
  await settled();
  expect(author.told).toEqual([expect.stringMatching(told)]);
  expect(workers.did).toEqual(["scan"]);
});

test("nothing of it is taken once the room is out of use", async () => {
  const { author, workers, room } = await scene();
  const release = workers.hold();
  author.counts(comes(7, 0, saying(pasted)));
  const stopped = room.stop({ code: closeCodes.unavailable, reason: "gone" });
  release();
  await stopped;
  await expect.poll(() => room.isSettled, patiently).toBe(true);
  expect(await textIn(room)).toBe("");
});
