/**
 * What a struct holds (Yjs structs/Content*.js), passed over. Knows the eleven kinds of struct and their limits; not where a struct
 * stands nor what it leans on.
 */
import { skipAny } from "./any.js";
import type { Cursor } from "./cursor.js";
import { malformed } from "./error.js";
import { skipJson, skipJsonOrUndefined } from "./json.js";
import type { ScanLimits } from "./limits.js";

/** The low five bits of a struct's info byte (Yjs structs/Item.js: `contentRefs`). */
export const structRef = Object.freeze({
  gc: 0,
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  doc: 9,
  skip: 10,
});

const anyObject = 118;

/** Types whose name follows (Yjs structs/ContentType.js: `typeRefs`). */
const xmlElementType = 3;
const xmlHookType = 5;
const lastType = 6;

/**
 * @returns how many ids the content takes, at least 1. A struct without length wedges every replica that merges it.
 * @throws {UpdateError} `malformed`, `too-large`
 */
export function skipContent(cursor: Cursor, ref: number, limits: ScanLimits): number {
  switch (ref) {
    case structRef.string:
      return atLeastOne(cursor.skipString());
    case structRef.deleted:
      return atLeastOne(cursor.readVarUint());
    case structRef.any:
      return skipAnyList(cursor, limits);
    case structRef.json:
      return skipJsonList(cursor, limits);
    case structRef.binary:
      cursor.skipBytes();
      return 1;
    case structRef.embed:
      skipJson(cursor, limits.maxNesting);
      return 1;
    case structRef.format:
      cursor.skipString();
      skipJson(cursor, limits.maxNesting);
      return 1;
    case structRef.type:
      skipType(cursor);
      return 1;
    case structRef.doc:
      skipDoc(cursor, limits);
      return 1;
    default:
      throw malformed(`there is no struct of kind ${ref}`);
  }
}

export function atLeastOne(length: number): number {
  if (length < 1) throw malformed("a struct has no length");
  return length;
}

function skipAnyList(cursor: Cursor, limits: ScanLimits): number {
  const count = atLeastOne(cursor.readCount(1));
  for (let index = 0; index < count; index++) skipAny(cursor, limits.maxNesting);
  return count;
}

function skipJsonList(cursor: Cursor, limits: ScanLimits): number {
  const count = atLeastOne(cursor.readCount(2));
  for (let index = 0; index < count; index++) skipJsonOrUndefined(cursor, limits.maxNesting);
  return count;
}

function skipType(cursor: Cursor): void {
  const type = cursor.readVarUint();
  if (type > lastType) throw malformed(`there is no shared type ${type}`);
  if (type === xmlElementType || type === xmlHookType) cursor.skipString();
}

/**
 * A subdocument: its guid, then its options as an `any` object. Every replica spreads the options into `new Y.Doc`, after the guid;
 * Yjs writes neither a second guid nor a function's name there, and a guid that is no string breaks every later encoding.
 */
function skipDoc(cursor: Cursor, limits: ScanLimits): void {
  cursor.skipString();
  if (cursor.readByte() !== anyObject) throw malformed("the options of a subdocument are not an object");
  const count = cursor.readCount(2);
  for (let index = 0; index < count; index++) {
    const keyStart = cursor.position;
    cursor.skipString();
    const key = cursor.bytes.subarray(keyStart + 1, cursor.position);
    if (isWord(key, "guid") || isWord(key, "gcFilter")) throw malformed("a subdocument has an option Yjs never writes");
    skipAny(cursor, limits.maxNesting - 1);
  }
}

function isWord(bytes: Uint8Array, word: string): boolean {
  if (bytes.length !== word.length) return false;
  for (let index = 0; index < word.length; index++) {
    if (bytes[index] !== word.charCodeAt(index)) return false;
  }
  return true;
}
