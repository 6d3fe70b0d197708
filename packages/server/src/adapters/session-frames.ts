/**
 * Frames as they stand in the bodies and events of the fallback transport: each is its length, a varuint, and its bytes.
 * PROTOCOL.md, "Where WebSocket is blocked".
 */
import { ByteReader, varUintBytes, writeVarUint } from "@syncline/protocol";

/** A varuint takes at most this many bytes. */
export const maxLengthBytes = 8;

/** A `Framing`: each payload after its length, one after the other in one array. */
export function frameWithLengths(payloads: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let byteCount = 0;
  for (const { length } of payloads) byteCount += varUintBytes(length) + length;
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
