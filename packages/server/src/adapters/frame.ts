/**
 * WebSocket frames as a server writes them (RFC 6455, 5.2): final, binary, unmasked. Built here, not by ws, so that a
 * room's news can be encoded once and written as it is to every member's socket.
 */

const finalBinary = 0x82;

/** Each payload in a frame of its own, one after the other in one array. */
export function frameBinary(payloads: readonly Uint8Array[]): Uint8Array {
  let byteCount = 0;
  for (const payload of payloads) byteCount += headerBytes(payload.length) + payload.length;
  const frames = new Uint8Array(byteCount);
  let offset = 0;
  for (const payload of payloads) {
    offset = writeHeader(frames, offset, payload.length);
    frames.set(payload, offset);
    offset += payload.length;
  }
  return frames;
}

function headerBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 2 ** 16 ? 4 : 10;
}

function writeHeader(into: Uint8Array, offset: number, payloadBytes: number): number {
  into[offset] = finalBinary;
  const size = headerBytes(payloadBytes);
  if (size === 2) {
    into[offset + 1] = payloadBytes;
  } else if (size === 4) {
    into[offset + 1] = 126;
    into[offset + 2] = payloadBytes >>> 8;
    into[offset + 3] = payloadBytes;
  } else {
    into[offset + 1] = 127;
    const view = new DataView(into.buffer, into.byteOffset);
    view.setUint32(offset + 2, Math.floor(payloadBytes / 2 ** 32));
    view.setUint32(offset + 6, payloadBytes >>> 0);
  }
  return offset + size;
}
