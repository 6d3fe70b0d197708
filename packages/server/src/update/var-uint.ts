/** How long a number is in lib0's base-128 spelling (lib0 encoding.js: `writeVarUint`). Writes nothing. */

/** Bytes of an unsigned integer up to 2^53−1. */
export function varUintBytes(value: number): number {
  let byteCount = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) byteCount += 1;
  return byteCount;
}
