import fc from "fast-check";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { scanUpdate } from "../update/scan.js";
import { DeleteSetBuilder, varUintBytes } from "./delete-set.js";

const range = fc.tuple(fc.constantFrom(1, 127, 128, 4_000_000_000), fc.nat(40), fc.integer({ min: 1, max: 9 }));

function builderOf(ranges: readonly (readonly [number, number, number])[]): DeleteSetBuilder {
  const builder = new DeleteSetBuilder();
  for (const [client, clock, length] of ranges) builder.add(client, clock, length);
  return builder;
}

function idsOf(update: Uint8Array): string[] {
  const ids: string[] = [];
  for (const [client, items] of Y.decodeUpdate(update).ds.clients) {
    for (const { clock, len } of items) for (let id = clock; id < clock + len; id++) ids.push(`${client}:${id}`);
  }
  return ids.sort();
}

test("ranges in any order, touching and overlapping, are written as Yjs writes them", () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), (ranges) => {
      const update = builderOf(ranges).toUpdate();
      scanUpdate(update);
      const wanted = new Set(
        ranges.flatMap(([client, clock, length]) => Array.from({ length }, (_, index) => `${client}:${clock + index}`)),
      );
      expect(idsOf(update)).toEqual([...wanted].sort());
    }),
  );
});

test("a delete set too large for one update is spread over several", () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), fc.integer({ min: 24, max: 60 }), (ranges, maxBytes) => {
      const builder = builderOf(ranges);
      const updates = builder.toUpdates(maxBytes);
      for (const update of updates) {
        scanUpdate(update);
        expect(update.length).toBeLessThanOrEqual(maxBytes);
      }
      expect(updates.flatMap(idsOf).sort()).toEqual(idsOf(builder.toUpdate()));
    }),
  );
});

test("no deletions are no update", () => {
  expect(new DeleteSetBuilder().toUpdates(100)).toEqual([]);
  expect(new DeleteSetBuilder().toUpdate()).toEqual(Uint8Array.of(0, 0));
});

test("the length of a number is known without writing it", () => {
  expect([0, 127, 128, 16383, 16384, 2 ** 53 - 1].map(varUintBytes)).toEqual([1, 1, 2, 2, 3, 8]);
});
