import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchReader, BatchWriter, batchesOf, transferablesOf } from "./batch.js";
import type { Batch } from "./jobs.js";

function readAll(batches: Iterable<Batch>): Uint8Array[] {
  const reader = new BatchReader();
  return [...batches].flatMap((batch) => [...reader.read(batch)]);
}

test("any pieces come out as they went in, in batches within both limits", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 });
  fc.assert(
    fc.property(
      pieces,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 9 }),
      (list, maxBytes, maxPieces) => {
        const writer = new BatchWriter({ maxBytes, maxPieces });
        const batches = list.flatMap((piece) => [...writer.add(piece)]);
        const rest = writer.finish();
        if (rest !== undefined) batches.push(rest);
        for (const { bytes, lengths } of batches) {
          expect(bytes.length).toBeLessThanOrEqual(maxBytes);
          expect(lengths.length).toBeLessThanOrEqual(maxPieces);
        }
        expect(readAll(batches)).toEqual(list);
      },
    ),
  );
});

test("a large piece is handed on without a copy when it may be", () => {
  const small = Uint8Array.of(1, 2);
  const large = new Uint8Array(200_000).fill(7);
  const [first, second, ...others] = [...batchesOf([small, large])];
  expect(others).toEqual([]);
  expect(first?.bytes).toEqual(small);
  expect(second?.bytes).toBe(large);
  expect(second === undefined ? [] : transferablesOf(second)).toContain(large.buffer);
});

test("a view into a larger buffer is always copied: the rest of the buffer is somebody else's", () => {
  const view = new Uint8Array(400_000).subarray(0, 200_000);
  for (const batch of batchesOf([view])) expect(batch.bytes.buffer).not.toBe(view.buffer);
});

test("what the caller may still need is copied", () => {
  const piece = new Uint8Array(200_000);
  const writer = new BatchWriter();
  expect([...writer.add(piece)]).toEqual([]);
  expect(writer.finish()?.bytes.buffer).not.toBe(piece.buffer);
});
