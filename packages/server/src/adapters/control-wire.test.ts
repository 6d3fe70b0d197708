import { expect, test } from "vitest";
import { SynclineError } from "../error.js";
import { decodeUpdates, encodeUpdates } from "./control-wire.js";

const updates = [0, 1, 127, 128, 129, 20_000].map((length) => new Uint8Array(length).fill(length & 0xff));
const encoded = Uint8Array.from([...encodeUpdates(updates)].flatMap((part) => [...part]));

async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) yield bytes.subarray(offset, offset + chunkBytes);
}

test.each([1, 2, 3, 128, 1_000, 100_000])("updates are read from chunks of %i bytes", async (chunkBytes) => {
  expect(await decodeUpdates(inChunks(encoded, chunkBytes), 30_000)).toEqual(updates);
});

test("a body that breaks off anywhere but between updates is refused", async () => {
  const whole = new Set([0, 1, 3, 131, 261, 392, encoded.length]);
  for (let end = 0; end <= 400; end++) {
    const decoded = decodeUpdates(inChunks(encoded.subarray(0, end), 50), 30_000);
    if (whole.has(end)) await decoded;
    else await expect(decoded).rejects.toThrow(new SynclineError("invalid-option", "the updates break off"));
  }
});

test("all updates together may not be larger than the limit, and nothing is held for one that says it is", async () => {
  const byteCount = updates.reduce((sum, { length }) => sum + length, 0);
  expect(await decodeUpdates(inChunks(encoded, 7), byteCount)).toEqual(updates);
  await expect(decodeUpdates(inChunks(encoded, 7), byteCount - 1)).rejects.toThrow(/larger than/);
  const huge = Uint8Array.of(...Array.from({ length: 100 }, () => 0xff));
  await expect(decodeUpdates(inChunks(huge, 1), byteCount)).rejects.toThrow(/larger than/);
});
