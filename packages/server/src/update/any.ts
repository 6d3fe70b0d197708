/**
 * Passes over one lib0 `any` value (lib0 encoding.js: `writeAny`). Knows only that format. Iterative: lib0's reader recurses, so
 * what is let through must be shallow, and finding out must not recurse either.
 */
import type { Cursor } from "./cursor.js";
import { malformed, tooLarge } from "./error.js";

const scalar = -1;

/**
 * @throws {UpdateError} `malformed` for an unknown kind or anything truncated, `too-large` for lists and objects nested deeper
 * than `maxNesting`.
 */
export function skipAny(cursor: Cursor, maxNesting: number): void {
  let open = readHead(cursor);
  if (open === scalar) return;
  const outer: number[] = [];
  for (;;) {
    while (open < 2) {
      const next = outer.pop();
      if (next === undefined) return;
      open = next;
    }
    open -= 2;
    if (open % 2 === 1) cursor.skipString();
    const inner = readHead(cursor);
    if (inner === scalar) continue;
    if (outer.length + 1 >= maxNesting) throw tooLarge(`values are nested more than ${maxNesting} deep`);
    outer.push(open);
    open = inner;
  }
}

/**
 * Passes over a value, or over the head of a list or an object.
 *
 * @returns for a list or an object twice the number of values inside it, plus one if each comes after a key; else `scalar`
 */
function readHead(cursor: Cursor): number {
  const kind = cursor.readByte();
  switch (kind) {
    case 127: // undefined
    case 126: // null
    case 121: // false
    case 120: // true
      return scalar;
    case 125: // integer
      cursor.skipVarInt();
      return scalar;
    case 124: // float32
      cursor.skip(4);
      return scalar;
    case 123: // float64
    case 122: // bigint
      cursor.skip(8);
      return scalar;
    case 119:
      cursor.skipString();
      return scalar;
    case 118: // object: at least an empty key and a value each
      return cursor.readCount(2) * 2 + 1;
    case 117: // array
      return cursor.readCount(1) * 2;
    case 116:
      cursor.skipBytes();
      return scalar;
    default:
      throw malformed(`a value is of unknown kind ${kind}`);
  }
}
