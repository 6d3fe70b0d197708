import { describe, expect, test } from "vitest";
import {
  documentKeys,
  documentNameOfKey,
  encodeKey,
  endOfDocument,
  stateVectorKeys,
  updateKeys,
} from "./y-leveldb-key.js";

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function compare(a: Uint8Array, b: Uint8Array): number {
  return hex(a) < hex(b) ? -1 : Number(hex(a) > hex(b));
}

describe("encodeKey", () => {
  test("writes a string as 0, length, UTF-8, and a number as 1 and 32 bits big-endian", () => {
    expect(hex(encodeKey(["v1", "ü", "update", 0x01020304]))).toBe(
      "00027631" + "0002c3bc" + "0006757064617465" + "0101020304",
    );
    expect(hex(encodeKey([0xffff_fffe]))).toBe("01fffffffe");
  });
});

describe("documentNameOfKey", () => {
  test.each(["a", "", "a/b", "\ufeffmark", "x".repeat(300), "__proto__"])("finds %j", (name) => {
    for (const rest of [
      ["update", 7],
      ["meta", "title"],
    ]) {
      expect(documentNameOfKey(encodeKey(["v1", name, ...rest]))).toBe(name);
    }
  });

  test.each([
    ["a length beyond the end", Uint8Array.of(...encodeKey(["v1"]), 0, 200, 65)],
    ["a name that is not UTF-8", Uint8Array.of(...encodeKey(["v1"]), 0, 1, 0xff)],
    ["a number for a name", encodeKey(["v1", 5])],
    ["no name", encodeKey(["v1"])],
  ])("knows that %s is none", (_, key) => {
    expect(documentNameOfKey(key)).toBeUndefined();
  });
});

test("the ranges hold the keys of one document and no other's", () => {
  const keys = {
    meta: encodeKey(["v1", "ab", "meta", "update"]),
    first: encodeKey(["v1", "ab", "update", 0]),
    last: encodeKey(["v1", "ab", "update", 0xffff_fffe]),
    shorter: encodeKey(["v1", "a", "update", 1]),
    longer: encodeKey(["v1", "abc", "update", 1]),
    next: encodeKey(["v1", "ac", "update", 1]),
    stateVector: encodeKey(["v1_sv", "ab"]),
  };
  const inRange = (range: { gte: Uint8Array; lt: Uint8Array }) =>
    Object.entries(keys)
      .filter(([, key]) => compare(range.gte, key) <= 0 && compare(key, range.lt) < 0)
      .map(([name]) => name);
  expect(inRange(updateKeys("ab"))).toEqual(["first", "last"]);
  expect(inRange(documentKeys)).toEqual(["meta", "first", "last", "shorter", "longer", "next"]);
  expect(inRange(stateVectorKeys)).toEqual(["stateVector"]);
  expect(inRange({ gte: keys.meta, lt: endOfDocument("ab") })).toEqual(["meta", "first", "last"]);
});
