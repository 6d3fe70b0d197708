/**
 * One struct of a Yjs v1 update, as bytes: read and cut, but not understood (Yjs structs/Item.js, GC.js, Skip.js: `write`;
 * utils/encoding.js: `readClientsStructRefs`). Knows no other struct.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

interface Id {
  readonly client: number;
  readonly clock: number;
}

/** A struct, or what is left of one whose beginning was cut off. Bytes are positions in the update. */
export interface Struct {
  clock: number;
  /** How many clocks it takes. */
  length: number;
  readonly isSkip: boolean;
  /** Info byte, ids or parent: all before the content, or before its length where it can be cut. */
  head: Uint8Array;
  /** Of its content. */
  start: number;
  readonly end: number;
  /** What it can be cut into; undefined: nothing. */
  readonly unit: Unit | undefined;
  /** Its right origin as written, which all of its parts have. */
  readonly rightOrigin: Uint8Array;
  /** Ids of other clients that Yjs asks for before it integrates it (structs/Item.js: `getMissing`). */
  readonly leansOn: readonly Id[];
}

type Unit = "character" | "json" | "any";

const hasOrigin = 0x80;
const hasRightOrigin = 0x40;
const hasKey = 0x20;
const refBits = 0x1f;
export const skipRef = 10;

/** The struct at the decoder's position, which is behind it then. Throws what lib0 throws. */
export function readStruct(decoder: decoding.Decoder, client: number, clock: number): Struct {
  const leansOn: Id[] = [];
  const readId = (): void => {
    const id = { client: decoding.readVarUint(decoder), clock: decoding.readVarUint(decoder) };
    if (id.client !== client) leansOn.push(id);
  };
  const headStart = decoder.pos;
  const info = decoding.readUint8(decoder);
  const ref = info & refBits;
  const isItem = ref > 0 && ref !== skipRef;
  if (info & hasOrigin) readId();
  const rightStart = decoder.pos;
  if (info & hasRightOrigin) readId();
  const rightOrigin = decoder.arr.subarray(rightStart, decoder.pos);
  if (isItem && !(info & (hasOrigin | hasRightOrigin))) {
    if (decoding.readVarUint(decoder) === 1) skipBytes(decoder);
    else readId();
    if (info & hasKey) skipBytes(decoder);
  }
  const head = decoder.arr.subarray(headStart, decoder.pos);
  const unit: Unit | undefined = ref === 2 ? "json" : ref === 4 ? "character" : ref === 8 ? "any" : undefined;
  const count = unit ? decoding.readVarUint(decoder) : 0;
  const start = decoder.pos;
  const length = unit ? skipUnits(decoder, unit, count) : skipContent(decoder, ref);
  return { clock, length, isSkip: info === skipRef, head, start, end: decoder.pos, unit, rightOrigin, leansOn };
}

function skipBytes(decoder: decoding.Decoder): void {
  const length = decoding.readVarUint(decoder);
  decoder.pos += length;
}

/** `count` bytes of text or elements; returns how many clocks these are. */
function skipUnits(decoder: decoding.Decoder, unit: Unit, count: number): number {
  if (unit === "character") {
    decoder.pos += count;
    return charactersIn(decoder.arr, decoder.pos - count, decoder.pos);
  }
  for (let index = 0; index < count; index++) skipElement(decoder, unit);
  return count;
}

function skipElement(decoder: decoding.Decoder, unit: Unit): void {
  if (unit === "json") skipBytes(decoder);
  else decoding.readAny(decoder);
}

/** Whatever is not cut (Yjs structs/Content*.js); returns how many clocks it takes. */
function skipContent(decoder: decoding.Decoder, ref: number): number {
  // Garbage, deleted content, a Skip.
  if (ref < 2 || ref === skipRef) return decoding.readVarUint(decoder);
  // A type has a name only where it is an element or a hook. A binary, an embed, a format (key and value), a subdocument.
  if (ref !== 7) skipBytes(decoder);
  else if ([3, 5].includes(decoding.readVarUint(decoder))) skipBytes(decoder);
  if (ref === 6) skipBytes(decoder);
  if (ref === 9) decoding.readAny(decoder);
  return 1;
}

/** UTF-16 code units, as Yjs counts, of UTF-8. */
function charactersIn(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (!isContinuation(byte)) count += byte < 0xf0 ? 1 : 2;
  }
  return count;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

export interface Cut {
  /** Where in the update it ends. */
  readonly end: number;
  /** How many clocks it takes. */
  readonly length: number;
}

/** The beginning of a struct whose content has at most `maxBytes`, but at least one unit. */
export function cutWithin(bytes: Uint8Array, { start, end, unit, length }: Struct, maxBytes: number): Cut {
  if (!unit || end - start <= maxBytes) return { end, length };
  if (unit === "character") {
    let cut = start + Math.max(maxBytes, 0);
    while (isContinuation(bytes[cut])) cut -= 1;
    if (cut === start) do cut += 1; while (isContinuation(bytes[cut])); // prettier-ignore
    return { end: cut, length: charactersIn(bytes, start, cut) };
  }
  const decoder = decoding.createDecoder(bytes);
  decoder.pos = start;
  let cut: Cut = { end: start, length: 0 };
  while (cut.end < end) {
    skipElement(decoder, unit);
    if (cut.length > 0 && decoder.pos > start + maxBytes) break;
    cut = { end: decoder.pos, length: cut.length + 1 };
  }
  return cut;
}

/** Leaves what follows the cut: its origin is the last id before it. */
export function cutOff(client: number, struct: Struct, cut: Cut): void {
  struct.clock += cut.length;
  struct.length -= cut.length;
  struct.start = cut.end;
  const encoder = encoding.createEncoder();
  encoding.writeUint8(encoder, (struct.head[0] as number) | hasOrigin);
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, struct.clock - 1);
  encoding.writeUint8Array(encoder, struct.rightOrigin);
  struct.head = encoding.toUint8Array(encoder);
}
