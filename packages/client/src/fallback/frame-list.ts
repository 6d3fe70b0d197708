/** Frames as they are sent over HTTP; the protocol's `readFrames` takes them apart. */
import { createEncoder, toUint8Array, writeVarUint8Array } from "lib0/encoding";

export function joinFrames(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const encoder = createEncoder();
  for (const frame of frames) writeVarUint8Array(encoder, frame);
  return toUint8Array(encoder);
}

export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
