/** Bytes that are nearly right: changed anywhere, or changed within a part whose length still fits. */
import * as encoding from "lib0/encoding";
import { mutate } from "../../fixtures/hostile.js";
import { overLong } from "../../fixtures/update-builder.js";
import type { Tape } from "./tape.js";

/** Changed somewhere, with what else is lying about. */
export function changed(tape: Tape, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  return bytes.length === 0 ? tape.bytes(tape.int(6)) : mutate(tape, bytes, other.length > 0 ? other : bytes);
}

/** `bytes` behind their length, which now and then is another one, or spelled too long. */
export function withLength(tape: Tape, bytes: Uint8Array): Uint8Array {
  const length = tape.chance(0.1) ? tape.pick([0, bytes.length + 1, 2 ** 31, 2 ** 53 - 1]) : bytes.length;
  if (tape.chance(0.03)) return joined([Uint8Array.from(overLong(length % 2 ** 28, 5)), bytes]);
  const to = encoding.createEncoder();
  encoding.writeVarUint(to, length);
  encoding.writeUint8Array(to, bytes);
  return encoding.toUint8Array(to);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function hexOf(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 200), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.length > 200 ? `${shown}… (${bytes.length} bytes)` : shown;
}
