/**
 * Several frames in one array, each a length and its bytes, as they travel over HTTP. PROTOCOL.md, "Where WebSocket is
 * blocked".
 */
import { ByteReader } from "./byte-reader.js";

/**
 * The frames, without their lengths: views, not copies.
 *
 * @throws {ProtocolError} `malformed-message` when the bytes were cut short
 */
export function readFrames(bytes: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(bytes);
  const frames: Uint8Array[] = [];
  while (!reader.isAtEnd) frames.push(reader.readVarBytes());
  return frames;
}
