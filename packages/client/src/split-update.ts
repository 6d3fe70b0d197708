/**
 * Cuts a Yjs v1 update that is larger than a server takes into several. Works on the bytes: what is not cut is copied as it
 * stands. Knows the format (Yjs utils/encoding.js: `writeClientsStructs`, `writeDeleteSet`), no document and no protocol.
 */
import { varUintBytes } from "@syncline/protocol";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { cutOff, cutWithin, readStruct, skipRef, type Cut, type Struct } from "./update-struct.js";

/** The next struct of one client. */
interface Cursor {
  readonly client: number;
  readonly decoder: decoding.Decoder;
  remaining: number;
  clock: number;
  next: Struct | undefined;
  /** The clock one past its last. */
  end: number;
  /** Something above it on the stack has to come first. */
  isWaiting: boolean;
}

interface Range {
  readonly from: number;
  to: number;
}

/** Structs of one client in a piece: clocks without a hole, or with a Skip in it. */
interface Block {
  readonly clock: number;
  readonly structs: encoding.Encoder;
  count: number;
  end: number;
}

/**
 * The update as several, to be applied in this order: each leans only on those before it and on what the whole leaned on, so
 * that a document (or a server) that could take the whole has nothing pending after any of them, and in the end is the same.
 * An update that is small enough is returned as it is.
 *
 * Long text and long runs of array elements are cut, text never inside a surrogate pair. What cannot be cut (a binary, an
 * embed, one element) and is larger than `maxBytes` alone makes a piece that is larger. A struct comes with its deletion;
 * deletions of what the update does not bring come last.
 *
 * Who has a `Y.Doc` of it should apply the pieces in one transaction: after a transaction from elsewhere Yjs deletes formatting
 * that does nothing in texts it knew before (types/YText.js: `cleanupYTextAfterTransaction`), as between two pieces it can seem
 * to. So it is with any update that comes in parts; no order of structs prevents it.
 *
 * Time grows with the bytes, memory with `maxBytes`.
 *
 * Throws what lib0 throws when `update` is not a v1 update.
 *
 * @param maxBytes of a piece; below 64 a piece may be larger than that with a single character
 */
export function splitUpdate(update: Uint8Array, maxBytes: number): Uint8Array[] {
  if (update.length <= maxBytes) return [update];
  const decoder = decoding.createDecoder(update);
  const cursors = readCursors(decoder);
  const writer = new PieceWriter(update, maxBytes, readDeletions(decoder));
  for (const first of cursors.values()) {
    while (first.next) writeWithWhatItLeansOn(first, cursors, writer);
  }
  return writer.finish();
}

/** Writes one struct. A stack instead of recursion: chains through clients can be as long as there are clients. */
function writeWithWhatItLeansOn(first: Cursor, cursors: ReadonlyMap<number, Cursor>, writer: PieceWriter): void {
  const waiting: Cursor[] = [];
  let cursor: Cursor | undefined = first;
  while (cursor?.next) {
    const missing = firstMissing(cursor.next, cursors);
    if (missing && !missing.isWaiting && missing !== cursor) {
      cursor.isWaiting = true;
      waiting.push(cursor);
      cursor = missing;
      continue;
    }
    // Structs that wait for each other in a circle are for nobody to integrate: they come as they are.
    writer.addStruct(cursor.client, cursor.next);
    advance(cursor);
    cursor = waiting.pop();
    if (cursor) cursor.isWaiting = false;
  }
}

/** Whose turn it is before `struct`: the update brings what it leans on, and has not yet. */
function firstMissing({ leansOn }: Struct, cursors: ReadonlyMap<number, Cursor>): Cursor | undefined {
  for (const { client, clock } of leansOn) {
    const cursor = cursors.get(client);
    if (cursor?.next && cursor.next.clock <= clock && clock < cursor.end) return cursor;
  }
  return undefined;
}

/** By client, in the order of the update (descending, which saves Yjs conflicts), each before its first struct. */
function readCursors(decoder: decoding.Decoder): Map<number, Cursor> {
  const cursors = new Map<number, Cursor>();
  for (let blockCount = decoding.readVarUint(decoder); blockCount > 0; blockCount--) {
    const remaining = decoding.readVarUint(decoder);
    const client = decoding.readVarUint(decoder);
    const clock = decoding.readVarUint(decoder);
    const own = decoding.createDecoder(decoder.arr);
    own.pos = decoder.pos;
    const cursor: Cursor = { client, decoder: own, remaining, clock, next: undefined, end: 0, isWaiting: false };
    // Once through all of it: where a block ends is not written.
    const scan = { ...cursor, decoder };
    do advance(scan);
    while (scan.next);
    cursor.end = scan.clock;
    advance(cursor);
    cursors.set(client, cursor);
  }
  return cursors;
}

function advance(cursor: Cursor): void {
  cursor.next = undefined;
  while (cursor.remaining > 0 && !cursor.next) {
    cursor.remaining -= 1;
    const struct = readStruct(cursor.decoder, cursor.client, cursor.clock);
    cursor.clock += struct.length;
    if (!struct.isSkip) cursor.next = struct;
  }
}

/** More than a number of clients, structs or ranges in a piece takes. */
const countBytes = 4;

/** Descending: the next is the last. */
function readDeletions(decoder: decoding.Decoder): Map<number, Range[]> {
  const deletions = new Map<number, Range[]>();
  for (let clientCount = decoding.readVarUint(decoder); clientCount > 0; clientCount--) {
    const client = decoding.readVarUint(decoder);
    const ranges: Range[] = [];
    for (let rangeCount = decoding.readVarUint(decoder); rangeCount > 0; rangeCount--) {
      const from = decoding.readVarUint(decoder);
      ranges.push({ from, to: from + decoding.readVarUint(decoder) });
    }
    deletions.set(client, ranges.reverse());
  }
  return deletions;
}

/** Fills pieces with structs, which come in an order in which they can be integrated. */
class PieceWriter {
  readonly #update: Uint8Array;
  readonly #maxBytes: number;
  readonly #pieces: Uint8Array[] = [];
  readonly #deletions: Map<number, Range[]>;
  /** Of ids the update does not bring. */
  readonly #foreignDeletions: [client: number, range: Range][] = [];
  #blocks = new Map<number, Block>();
  #deleted = new Map<number, Range[]>();
  /** No less than what the open piece will take. */
  #byteBound = 2 * countBytes;

  /** @param deletions descending */
  constructor(update: Uint8Array, maxBytes: number, deletions: Map<number, Range[]>) {
    this.#update = update;
    this.#maxBytes = maxBytes;
    this.#deletions = deletions;
  }

  addStruct(client: number, struct: Struct): void {
    for (;;) {
      const room = this.#roomFor(client, struct);
      const cut = cutWithin(this.#update, struct, room);
      const isCut = cut.end < struct.end;
      // A large struct is not cut to fill up the last corner of a piece.
      if (!this.#isEmpty && (cut.end - struct.start > room || (isCut && room < this.#maxBytes / 2))) {
        this.#flush();
        continue;
      }
      this.#append(client, struct, cut);
      for (const range of this.#takeDeletions(client, struct.clock, struct.clock + cut.length)) {
        this.#addDeletion(client, range);
      }
      if (!isCut) return;
      cutOff(client, struct, cut);
    }
  }

  finish(): Uint8Array[] {
    for (const client of this.#deletions.keys()) this.#takeDeletions(client, Infinity, Infinity);
    this.#flush();
    for (const [client, range] of this.#foreignDeletions) this.#addDeletion(client, range);
    this.#flush();
    return this.#pieces;
  }

  get #isEmpty(): boolean {
    return this.#blocks.size + this.#deleted.size === 0;
  }

  /** For the content, when the struct comes with the first range that deletes it. */
  #roomFor(client: number, { clock, length, head, start, end, unit }: Struct): number {
    const next = this.#deletions.get(client)?.at(-1);
    const isDeleted = next !== undefined && next.from < clock + length;
    const deletionBytes = isDeleted ? this.#deletionBytes(client, { from: clock, to: clock + length }) : 0;
    const lengthBytes = unit ? varUintBytes(end - start) : 0;
    const headBytes = this.#blockBytes(client, clock) + head.length + lengthBytes;
    return this.#maxBytes - this.#byteBound - headBytes - deletionBytes;
  }

  /** What precedes a struct: a Skip, or numbers where its client has nothing in the piece yet. */
  #blockBytes(client: number, clock: number): number {
    const block = this.#blocks.get(client);
    if (!block) return countBytes + varUintBytes(client) + varUintBytes(clock);
    return block.end < clock ? 1 + varUintBytes(clock - block.end) : 0;
  }

  #append(client: number, { clock, head, start, unit }: Struct, { end, length }: Cut): void {
    this.#byteBound += this.#blockBytes(client, clock);
    const block = this.#blocks.get(client) ?? { clock, structs: encoding.createEncoder(), count: 0, end: clock };
    this.#blocks.set(client, block);
    const { structs } = block;
    const lengthBefore = encoding.length(structs);
    if (block.end < clock) {
      encoding.writeUint8(structs, skipRef);
      encoding.writeVarUint(structs, clock - block.end);
      block.count += 1;
    }
    encoding.writeUint8Array(structs, head);
    if (unit) encoding.writeVarUint(structs, unit === "character" ? end - start : length);
    encoding.writeUint8Array(structs, this.#update.subarray(start, end));
    block.count += 1;
    block.end = clock + length;
    this.#byteBound += encoding.length(structs) - lengthBefore;
  }

  /** What deletes these clocks. Ranges before them delete what the update does not bring, and are put off. */
  #takeDeletions(client: number, from: number, to: number): Range[] {
    const ranges = this.#deletions.get(client) ?? [];
    const taken: Range[] = [];
    for (let range = ranges.at(-1); range && range.from < to; range = ranges.at(-1)) {
      ranges.pop();
      if (range.from < from) {
        this.#foreignDeletions.push([client, { from: range.from, to: Math.min(range.to, from) }]);
        if (range.to > from) ranges.push({ from, to: range.to });
        continue;
      }
      taken.push({ from: range.from, to: Math.min(range.to, to) });
      if (range.to > to) ranges.push({ from: to, to: range.to });
    }
    return taken;
  }

  #deletionBytes(client: number, { from, to }: Range): number {
    const clientBytes = this.#deleted.has(client) ? 0 : countBytes + varUintBytes(client);
    return clientBytes + varUintBytes(from) + varUintBytes(to - from);
  }

  #addDeletion(client: number, range: Range): void {
    if (!this.#isEmpty && this.#byteBound + this.#deletionBytes(client, range) > this.#maxBytes) this.#flush();
    this.#byteBound += this.#deletionBytes(client, range);
    const ranges = this.#deleted.get(client) ?? [];
    this.#deleted.set(client, ranges);
    const last = ranges.at(-1);
    if (last?.to === range.from) last.to = range.to;
    else ranges.push({ ...range });
  }

  #flush(): void {
    if (this.#isEmpty) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, this.#blocks.size);
    for (const [client, { clock, structs, count }] of descending(this.#blocks)) {
      encoding.writeVarUint(encoder, count);
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      encoding.writeBinaryEncoder(encoder, structs);
    }
    encoding.writeVarUint(encoder, this.#deleted.size);
    for (const [client, ranges] of descending(this.#deleted)) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, ranges.length);
      for (const { from, to } of ranges) {
        encoding.writeVarUint(encoder, from);
        encoding.writeVarUint(encoder, to - from);
      }
    }
    this.#pieces.push(encoding.toUint8Array(encoder));
    this.#blocks = new Map();
    this.#deleted = new Map();
    this.#byteBound = 2 * countBytes;
  }
}

function descending<Value>(byClient: ReadonlyMap<number, Value>): [client: number, value: Value][] {
  return [...byClient].sort(([left], [right]) => right - left);
}
