/**
 * Unsigned integers in lib0's base-128 spelling (lib0 encoding.js: `writeVarUint`), written into an array that is there
 * already: lib0's encoders allocate one for each message.
 */

/** How many bytes a number up to 2^53−1 takes. */
export function varUintBytes(value: number): number {
  let byteCount = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) byteCount += 1;
  return byteCount;
}

/** Writes `value` at `offset`; the offset behind it. */
export function writeVarUint(into: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  // A shift takes a third of the time of a division, and knows 32 bits. The array keeps the lowest eight.
  for (; rest >= 128; rest = rest > 0xffffffff ? Math.floor(rest / 128) : rest >>> 7) into[at++] = rest | 128;
  into[at++] = rest;
  return at;
}
