/** The checksum is the same whichever code computes it: a store is read with or without the binary that it was written with. */
import { randomBytes, randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { crc32c, createCrc32c } from "./crc32c.js";

const portable = createCrc32c(() => {
  throw new Error("no binary for this platform");
});

describe.each([
  ["as the store uses it", crc32c],
  ["without a binary", portable],
])("CRC-32C %s", (_, checksum) => {
  // RFC 3720, B.4.
  test.each([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ])("has the value of the standard for %s", (_, bytes, expected) => {
    expect(checksum(bytes)).toBe(expected);
  });

  test("goes on from the checksum of what comes before", () => {
    const bytes = randomBytes(1_000);
    for (const cut of [0, 1, 20, 255, 256, 257, 744, 1_000]) {
      expect(checksum(bytes.subarray(cut), checksum(bytes.subarray(0, cut)))).toBe(portable(bytes));
    }
  });
});

test("a payload under a key has one checksum, on either side of where native code takes over", () => {
  for (let round = 0; round < 500; round++) {
    const key = randomBytes(randomInt(300));
    const payload = randomBytes(randomInt(600));
    const expected = portable(payload, portable(key));
    expect(crc32c(payload, crc32c(key)), `${key.length} and ${payload.length} bytes`).toBe(expected);
  }
});

test("small values do not go through native code, large ones do", () => {
  const lengths: number[] = [];
  const checksum = createCrc32c(() => ({
    crc32c: (bytes, before) => {
      lengths.push(bytes.length);
      return portable(bytes, before);
    },
  }));
  for (const length of [0, 64, 255, 256, 3_000]) checksum(randomBytes(length));
  expect(lengths).toEqual([256, 3_000]);
});
