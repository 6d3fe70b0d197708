import { expect, test } from "vitest";
import { ProtocolError } from "./error.js";
import { decodeStreamRecord, encodeStreamClose, encodeStreamFrame } from "./stream-record.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("a frame follows its stream's number and a zero, as it is", () => {
  const record = encodeStreamFrame(300, Uint8Array.of(1, 2, 3));
  expect(hex(record)).toBe("ac0200010203");
  expect(decodeStreamRecord(record)).toEqual({ kind: "frame", stream: 300, frame: Uint8Array.of(1, 2, 3) });
});

test("a close carries a code and a sentence", () => {
  const record = encodeStreamClose(7, 4529, "só");
  expect(hex(record)).toBe("0701b12303" + "73c3b3");
  expect(decodeStreamRecord(record)).toEqual({ kind: "close", stream: 7, code: 4529, reason: "só" });
});

test.each([
  ["nothing at all", [], "malformed-message"],
  ["a number without a kind", [7], "malformed-message"],
  ["a number that does not end", [0x80], "malformed-message"],
  ["a kind that is not one", [7, 2], "unexpected-message"],
  ["a close without a code", [7, 1], "malformed-message"],
  ["a reason that ends too early", [7, 1, 0, 5, 65], "malformed-message"],
])("%s is refused", (_, bytes, code) => {
  expect(() => decodeStreamRecord(Uint8Array.from(bytes))).toThrow(ProtocolError);
  expect(() => decodeStreamRecord(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code }));
});
