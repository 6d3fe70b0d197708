/** Encodes a struct, or as much of it as fits, as Yjs writes it into a v1 update. */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import type { Struct } from "./document.js";

export interface StructPart {
  /** How many clocks of the struct it covers. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** Info byte, two ids, a length: what an item writes besides its content, as long as its parent is not spelled out. */
const maxHeadBytes = 64;

/**
 * The part of `struct` that begins `offset` clocks into it: the rest of it where that fits into `maxBytes`, else of strings
 * and arrays what does. Binary, embed, format, type, subdocument and one element of an array are never cut, so the part can
 * be larger than `maxBytes`.
 */
export function encodeStructPart(struct: Struct, offset: number, maxBytes: number): StructPart {
  const end = "content" in struct ? endWithin(struct.content, offset, maxBytes - maxHeadBytes) : struct.length;
  const encoder = new Y.UpdateEncoderV1();
  if (end < struct.length && "content" in struct) middleOf(struct, offset, end).write(encoder, 0);
  else struct.write(encoder, offset);
  return { length: end - offset, bytes: encoder.toUint8Array() };
}

function endWithin(content: Y.Item["content"], offset: number, maxBytes: number): number {
  if (content instanceof Y.ContentString) return endOfString(content.str, offset, maxBytes);
  if (content instanceof Y.ContentAny) return endOfElements(content, offset, maxBytes);
  if (content instanceof Y.ContentJSON) return endOfElements(content, offset, maxBytes);
  return content.getLength();
}

/** Never between the halves of a surrogate pair: Yjs would replace both by U+FFFD. At least one character. */
function endOfString(text: string, offset: number, maxBytes: number): number {
  if ((text.length - offset) * 3 <= maxBytes) return text.length;
  let end = offset;
  let byteCount = 0;
  while (end < text.length) {
    const codePoint = text.codePointAt(end) ?? 0;
    byteCount += utf8Bytes(codePoint);
    if (byteCount > maxBytes && end > offset) break;
    end += codePoint > 0xffff ? 2 : 1;
  }
  return end;
}

function utf8Bytes(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** At least one element. */
function endOfElements(content: Y.ContentAny | Y.ContentJSON, offset: number, maxBytes: number): number {
  const length = content.getLength();
  if (length - offset === 1) return length;
  const encoder = new Y.UpdateEncoderV1();
  for (let end = offset; end < length; end++) {
    elementOf(content, end).write(encoder, 0);
    if (encoding.length(encoder.restEncoder) > maxBytes && end > offset) return end;
  }
  return length;
}

function elementOf(content: Y.ContentAny | Y.ContentJSON, index: number): Y.ContentAny | Y.ContentJSON {
  return slice(content, index, index + 1);
}

function slice(content: Y.ContentAny | Y.ContentJSON, start: number, end: number): Y.ContentAny | Y.ContentJSON {
  const elements = content.arr.slice(start, end);
  return content instanceof Y.ContentAny ? new Y.ContentAny(elements) : new Y.ContentJSON(elements);
}

/** As Yjs splits items: what is cut off on the left becomes the origin, the right origin stays. */
function middleOf(item: Y.Item, start: number, end: number): Y.Item {
  const { client, clock } = item.id;
  const origin = start === 0 ? item.origin : Y.createID(client, clock + start - 1);
  return new Y.Item(
    Y.createID(client, clock + start),
    null,
    origin,
    null,
    item.rightOrigin,
    item.parent,
    item.parentSub,
    middleOfContent(item.content, start, end),
  );
}

function middleOfContent(content: Y.Item["content"], start: number, end: number): Y.Item["content"] {
  if (content instanceof Y.ContentString) return new Y.ContentString(content.str.slice(start, end));
  if (content instanceof Y.ContentAny || content instanceof Y.ContentJSON) return slice(content, start, end);
  throw new Error("only strings and arrays are cut");
}
