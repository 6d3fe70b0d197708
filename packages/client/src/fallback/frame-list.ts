/** Several frames in one array, each after its length, as they travel over HTTP. */
import { ByteReader } from "@syncline/protocol";
import { createEncoder, toUint8Array, writeVarUint8Array } from "lib0/encoding";

export function joinFrames(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const encoder = createEncoder();
  for (const frame of frames) writeVarUint8Array(encoder, frame);
  return toUint8Array(encoder);
}

/**
 * Views, not copies.
 *
 * @throws {ProtocolError} when the bytes were cut short
 */
export function splitFrames(bytes: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(bytes);
  const frames: Uint8Array[] = [];
  while (!reader.isAtEnd) frames.push(reader.readVarBytes());
  return frames;
}

export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
