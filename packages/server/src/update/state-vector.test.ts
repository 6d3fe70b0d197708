import fc from "fast-check";
import * as encoding from "lib0/encoding";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { StateVector } from "./state-vector.js";

const client = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 53 - 1));
const clock = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(2 ** 31));
const step = fc.oneof(
  fc.record({ kind: fc.constant("advance" as const), client, clock }),
  fc.record({ kind: fc.constantFrom("encode" as const, "clone" as const, "decode" as const) }),
);

test("it says what a map of clients and clocks would, whenever it is asked", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clocks = new Map<number, number>();
      let vector = new StateVector();
      for (const each of steps) {
        if (each.kind === "advance") {
          vector.advance(each.client, each.clock);
          clocks.set(each.client, Math.max(each.clock, clocks.get(each.client) ?? 0));
          expect(vector.get(each.client)).toBe(clocks.get(each.client));
        } else {
          const encoded = vector.encode();
          expect(encoded).toEqual(Y.encodeStateVector(clocks));
          if (each.kind === "clone") vector = vector.clone();
          if (each.kind === "decode") vector = StateVector.decode(encoded);
        }
        expect(vector.size).toBe(clocks.size);
      }
      expect(new Map(vector.entries())).toEqual(clocks);
      expect(vector.get(21)).toBe(0);
    }),
  );
});

test("one covers another exactly when it reaches as far for every client of it", () => {
  const map = fc.dictionary(fc.constantFrom("1", "2", "3", "4294967295"), fc.integer({ min: 1, max: 3 }));
  fc.assert(
    fc.property(map, map, (left, right) => {
      const reachesAsFar = Object.entries(right).every(([id, end]) => (left[id] ?? 0) >= end);
      expect(vectorOf(left).covers(vectorOf(right))).toBe(reachesAsFar);
    }),
  );
});

test("what was encoded before an edit of a large document does not stand for it afterwards", () => {
  const vector = new StateVector();
  for (let id = 1; id <= 5_000; id++) vector.advance(id, 1);
  const before = vector.encode();
  expect(vector.encode()).toBe(before);
  vector.advance(7, 1);
  expect(vector.encode()).toBe(before);
  vector.advance(7, 2);
  expect(Y.decodeStateVector(vector.encode()).get(7)).toBe(2);
  vector.advance(9_999, 1);
  expect(Y.decodeStateVector(vector.encode()).get(9_999)).toBe(1);
  expect(Y.decodeStateVector(before).get(7)).toBe(1);
});

test("clients are read in any order, and those without ids are none", () => {
  const vector = StateVector.decode(written([3, 1, 9, 4, 5, 0, 7, 2]));
  expect([...vector.entries()]).toEqual([
    [9, 4],
    [7, 2],
    [3, 1],
  ]);
  expect(vector.size).toBe(3);
});

test.each([
  ["one after the other", [3, 1, 3, 2]],
  ["in order, then again", [9, 1, 3, 1, 9, 1]],
  ["out of order", [3, 1, 9, 1, 5, 1, 9, 2]],
  ["without ids", [3, 0, 3, 0]],
])("a client that is named twice is malformed: %s", (_, entries) => {
  expect(() => StateVector.decode(written(entries))).toThrow("a state vector names a client twice");
});

function vectorOf(clocks: Record<string, number>): StateVector {
  const vector = new StateVector();
  for (const [id, end] of Object.entries(clocks)) vector.advance(Number(id), end);
  return vector;
}

/** @param entries client and clock in turn, written as they stand */
function written(entries: readonly number[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length / 2);
  for (const entry of entries) encoding.writeVarUint(encoder, entry);
  return encoding.toUint8Array(encoder);
}
