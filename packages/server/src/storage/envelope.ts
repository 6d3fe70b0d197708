/**
 * Every stored value: `format version, CRC-32C, payload`. The checksum also covers the value's key, so that a value that
 * turns up under another key is as wrong as one whose bytes changed. LevelDB has checksums of its own, but a flipped bit
 * in one of its files was seen to come back as data.
 */
import { SynclineError } from "../error.js";
import { crc32c } from "./crc32c.js";
import { pooledBytes } from "./pooled-bytes.js";

/** The version of all value layouts that this code writes. It reads the ones before, too: docs/STORAGE.md lists them. */
export const formatVersion = 3;

const headerBytes = 5;

/** Puts `payloadParts`, one after the other, behind a header that vouches for them under `key`. */
export function seal(key: Uint8Array, payloadParts: readonly Uint8Array[], version = formatVersion): Uint8Array {
  let length = headerBytes;
  for (const part of payloadParts) length += part.length;
  const value = pooledBytes(length);
  let offset = headerBytes;
  for (const part of payloadParts) {
    value.set(part, offset);
    offset += part.length;
  }
  value[0] = version;
  writeUint32(value, 1, checksum(key, value.subarray(headerBytes)));
  return value;
}

/**
 * The payload of a sealed value, as a view.
 *
 * @throws {SynclineError} `data-corrupt`
 */
export function unseal(key: Uint8Array, value: Uint8Array, newestVersion = formatVersion): Uint8Array {
  if (value.length < headerBytes) throw new SynclineError("data-corrupt", "a stored value is cut off");
  const payload = value.subarray(headerBytes);
  if (readUint32(value, 1) !== checksum(key, payload)) {
    throw new SynclineError("data-corrupt", "a stored value does not match its checksum");
  }
  const version = value[0] ?? 0;
  if (version < 1 || version > newestVersion) {
    // A store of a later format is not opened at all: this is damage.
    throw new SynclineError("data-corrupt", `a stored value claims to be of format ${version}`);
  }
  return payload;
}

function checksum(key: Uint8Array, payload: Uint8Array): number {
  return crc32c(payload, crc32c(key));
}

/** Big end first. Not by a DataView, which costs more than the four bytes. */
export function writeUint32(into: Uint8Array, offset: number, value: number): void {
  into[offset] = value >>> 24;
  into[offset + 1] = value >>> 16;
  into[offset + 2] = value >>> 8;
  into[offset + 3] = value;
}

function readUint32(from: Uint8Array, offset: number): number {
  return new DataView(from.buffer, from.byteOffset).getUint32(offset);
}
