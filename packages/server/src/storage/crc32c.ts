/**
 * CRC-32C, by native code where there is a binary for the platform. In JavaScript the first large value after a start takes
 * ten times as long as later ones: 300 KiB 15 to 30 ms, natively 0.3.
 */
import { createRequire } from "node:module";
import portable from "crc-32/crc32c.js";

/** The checksum of `bytes`; with `before`, of what has that checksum and then `bytes`. From 0 to 2^32 - 1. */
export type Crc32c = (bytes: Uint8Array, before?: number) => number;

/** Of less, the call costs more than it saves: 64 bytes take 0.26 µs natively and 0.09 in JavaScript, 1 KiB 0.30 and 0.77. */
const nativeFromBytes = 256;

/** As ws does with bufferutil: `import` would need an await, and a module with one cannot be loaded by `require`. */
const require = createRequire(import.meta.url);

export const crc32c = createCrc32c(() => require("@node-rs/crc32") as { readonly crc32c: Crc32c });

/** @param loadNative throws where there is no such module, or no binary for the platform */
export function createCrc32c(loadNative: () => { readonly crc32c: Crc32c }): Crc32c {
  const native = loadedBy(loadNative);
  if (!native) return portableCrc32c;
  return (bytes, before = 0) =>
    bytes.length < nativeFromBytes ? portableCrc32c(bytes, before) : native(bytes, before);
}

function loadedBy(loadNative: () => { readonly crc32c: Crc32c }): Crc32c | undefined {
  try {
    return loadNative().crc32c;
  } catch {
    // An optional dependency. What it computes, the other does, too.
    return undefined;
  }
}

function portableCrc32c(bytes: Uint8Array, before = 0): number {
  return portable.buf(bytes, before) >>> 0;
}
