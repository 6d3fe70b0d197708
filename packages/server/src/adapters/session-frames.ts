/**
 * Frames as they stand in the bodies and events of the fallback transport: each is its length, a varuint, and its bytes.
 * PROTOCOL.md, "Where WebSocket is blocked".
 */
import { ByteReader } from "@syncline/protocol";

/** A varuint takes at most this many bytes. */
export const maxLengthBytes = 8;

/** A `Framing`: each payload after its length, one after the other in one array. */
export function frameWithLengths(payloads: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let byteCount = 0;
  for (const { length } of payloads) byteCount += lengthBytes(length) + length;
  const frames = new Uint8Array(byteCount);
  let offset = 0;
  for (const payload of payloads) {
    offset = writeVarUint(frames, offset, payload.length);
    frames.set(payload, offset);
    offset += payload.length;
  }
  return frames;
}

/** The frames of such an array, each with its length still before it: views, not copies. */
export function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(bytes);
  const frames: Uint8Array[] = [];
  while (!reader.isAtEnd) {
    const start = reader.position;
    reader.readVarBytes();
    frames.push(bytes.subarray(start, reader.position));
  }
  return frames;
}

function lengthBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) count += 1;
  return count;
}

function writeVarUint(into: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let at = offset;
  for (; rest >= 128; rest = Math.floor(rest / 128)) into[at++] = (rest % 128) | 128;
  into[at++] = rest;
  return at;
}
