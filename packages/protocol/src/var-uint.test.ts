import * as encoding from "lib0/encoding";
import { expect, test } from "vitest";
import { varUintBytes, writeVarUint } from "./var-uint.js";

const numbers = [0, 1, 127, 128, 16383, 16384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];

test("the length of a number is known without writing it", () => {
  expect(numbers.map(varUintBytes)).toEqual(numbers.map((number) => asLib0Writes(number).length));
});

test("a number is written as lib0 writes it, and nothing beside it", () => {
  for (const number of numbers) {
    const expected = asLib0Writes(number);
    const bytes = new Uint8Array(expected.length + 2).fill(0xee);
    expect(writeVarUint(bytes, 1, number)).toBe(1 + expected.length);
    expect(bytes).toEqual(Uint8Array.of(0xee, ...expected, 0xee));
  }
});

function asLib0Writes(number: number): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, number);
  return encoding.toUint8Array(encoder);
}
