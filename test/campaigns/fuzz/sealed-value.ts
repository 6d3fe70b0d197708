/** A stored value as docs/STORAGE.md describes it, written independently of the server: version, CRC-32C of key and payload, payload. */
const headerBytes = 5;
const polynomial = 0x82f63b78;

/** `payload` under `key`, such that it looks sound. */
export function sealed(key: Uint8Array, version: number, payload: Uint8Array): Uint8Array {
  const value = new Uint8Array(headerBytes + payload.length);
  value[0] = version;
  new DataView(value.buffer).setUint32(1, crc32c([key, payload]));
  value.set(payload, headerBytes);
  return value;
}

export function payloadOf(value: Uint8Array): Uint8Array {
  return value.subarray(headerBytes);
}

function crc32c(parts: readonly Uint8Array[]): number {
  let crc = ~0;
  for (const part of parts) {
    for (const byte of part) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}
