/** Delete sets as updates, as Yjs reads them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { DeleteSet } from "./delete-set.js";
import { scanUpdate } from "./scan.js";

const range = fc.tuple(fc.constantFrom(1, 127, 128, 4_000_000_000), fc.nat(40), fc.integer({ min: 1, max: 9 }));

function deleteSetOf(ranges: readonly (readonly [number, number, number])[]): DeleteSet {
  const set = new DeleteSet();
  for (const [client, clock, length] of ranges) set.add(client, clock, clock + length);
  return set;
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
      const update = deleteSetOf(ranges).encodeAsUpdate();
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
      const set = deleteSetOf(ranges);
      const updates = set.encodeAsUpdates(maxBytes);
      for (const update of updates) {
        scanUpdate(update);
        expect(update.length).toBeLessThanOrEqual(maxBytes);
      }
      expect(updates.flatMap(idsOf).sort()).toEqual(idsOf(set.encodeAsUpdate()));
    }),
  );
});

test("no deletions are no update", () => {
  expect(new DeleteSet().encodeAsUpdates(100)).toEqual([]);
  expect(new DeleteSet().encodeAsUpdate()).toEqual(Uint8Array.of(0, 0));
});
