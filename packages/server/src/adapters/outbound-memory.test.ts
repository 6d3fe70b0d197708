import type { CloseCode } from "@syncline/protocol";
import { expect, test } from "vitest";
import { noRefusals } from "../../test-support/open-door.js";
import { OutboundMemory } from "./outbound-memory.js";

class Reader {
  unsentSharedFrames: readonly Uint8Array[] = [];
  closedWith: CloseCode | undefined;
  readCount = 0;
  #unsentBytes = 0;

  get unsentBytes(): number {
    this.readCount += 1;
    return this.#unsentBytes;
  }

  set unsentBytes(bytes: number) {
    this.#unsentBytes = bytes;
  }

  close(code: CloseCode): void {
    this.closedWith = code;
  }
}

function world(...unsent: number[]) {
  const refusals = noRefusals();
  const memory = new OutboundMemory(100, refusals);
  const readers = unsent.map((bytes) => {
    const reader = new Reader();
    reader.unsentBytes = bytes;
    memory.add(reader);
    return reader;
  });
  return { memory, readers, refusals, codes: () => readers.map(({ closedWith }) => closedWith) };
}

test("within the limit nobody is closed", () => {
  const { memory, codes } = world(40, 60);
  memory.look();
  expect(codes()).toEqual([undefined, undefined]);
});

test("those who hold the most go, until the rest is within the limit; they are counted", () => {
  const { memory, codes, refusals } = world(30, 80, 10, 50, 60);
  memory.look();
  expect(codes()).toEqual([undefined, 4508, undefined, undefined, 4508]);
  expect(refusals.countOf("capacity")).toBe(2);
});

test("who is about to go is not counted again", () => {
  const { memory, codes } = world(80, 60);
  memory.look();
  memory.look();
  expect(codes()).toEqual([4508, undefined]);
});

test("the sum is taken as soon as it could be too much, and not with each send", () => {
  const { memory, readers, codes } = world(0, 0);
  const [first] = readers;
  if (!first) throw new Error("no reader");
  for (let times = 0; times < 10; times++) memory.sent(10);
  expect(first.readCount).toBe(0);
  first.unsentBytes = 110;
  memory.sent(10);
  expect(codes()).toEqual([4508, undefined]);
});

test("what was sent and has left is forgotten with the next sum", () => {
  const { memory, readers } = world(5);
  memory.sent(90);
  memory.look();
  const before = readers[0]?.readCount;
  memory.sent(90);
  expect(readers[0]?.readCount).toBe(before);
  memory.sent(90);
  expect(readers[0]?.readCount).toBe(2);
});

test("a frame that many are sent is in memory once: nobody is closed for it", () => {
  const { memory, readers, codes } = world(60, 60, 60);
  const frame = new Uint8Array(60);
  for (const reader of readers) reader.unsentSharedFrames = [frame];
  memory.look();
  expect(codes()).toEqual([undefined, undefined, undefined]);
});

test("a frame that one is sent twice is in memory once", () => {
  const { memory, readers, codes } = world(120);
  const frame = new Uint8Array(60);
  for (const reader of readers) reader.unsentSharedFrames = [frame, frame];
  memory.look();
  expect(codes()).toEqual([undefined]);
});

test("those go who hold much alone, not those who share more", () => {
  const { memory, readers, codes } = world(75, 75, 75, 50);
  const frame = new Uint8Array(75);
  for (const reader of readers.slice(0, 3)) reader.unsentSharedFrames = [frame];
  memory.look();
  expect(codes()).toEqual([undefined, undefined, undefined, 4508]);
});

test("a frame counts for the last who holds it", () => {
  const { memory, readers, codes } = world(120, 120);
  const frame = new Uint8Array(120);
  for (const reader of readers) reader.unsentSharedFrames = [frame];
  memory.look();
  memory.look();
  expect(codes()).toEqual([4508, 4508]);
});
