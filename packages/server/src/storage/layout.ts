/**
 * The keys and payloads of a document in an ordered key-value store. docs/STORAGE.md draws them.
 *
 * A document's keys are `kind, name in UTF-8, 0, suffix`. Names hold no control character, so the zero ends them and
 * no name's keys lie among another's, whatever else it contains.
 */
import * as encoding from "lib0/encoding";
import { ByteReader, ProtocolError, varUintBytes, writeVarUint } from "@syncline/protocol";
import type { Bounds, KeyRange } from "./key-value.js";
import { SynclineError } from "../error.js";
import { writeUint32 } from "./envelope.js";
import { pooledUtf8 } from "./pooled-bytes.js";
import type { Claim, Pointer, QuarantineEntry, SegmentInfo, Tombstone } from "./storage.js";

const kinds = {
  contents: 0x63,
  format: 0x66,
  import: 0x69,
  owner: 0x6f,
  pointer: 0x70,
  quarantine: 0x71,
  record: 0x72,
  segment: 0x73,
  tombstone: 0x74,
} as const;

/** A name may begin with what elsewhere is a byte order mark. */
const fromUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Where the store says what it is. */
export const formatKey = Uint8Array.of(kinds.format);

export function pointerKey(documentName: string): Uint8Array {
  return key(kinds.pointer, documentName, 0);
}

export function contentsKey(documentName: string): Uint8Array {
  return key(kinds.contents, documentName, 0);
}

/** There while a document is being imported, that is, while its segments may be there without a pointer. */
export function importKey(documentName: string): Uint8Array {
  return key(kinds.import, documentName, 0);
}

export function tombstoneKey(documentName: string): Uint8Array {
  return key(kinds.tombstone, documentName, 0);
}

/** Records sort by seq: 8 bytes, big end first. */
export function recordKey(documentName: string, seq: number): Uint8Array {
  return numberedKey(kinds.record, documentName, Math.floor(seq / 2 ** 32), seq >>> 0);
}

export function seqOfRecordKey(recordKey: Uint8Array): number {
  return longNumberOf(recordKey);
}

export function segmentKey(documentName: string, epoch: number, segmentId: number): Uint8Array {
  return numberedKey(kinds.segment, documentName, epoch, segmentId);
}

export function segmentOfKey(segmentKey: Uint8Array): { readonly epoch: number; readonly id: number } {
  const [epoch, id] = numbersOf(segmentKey);
  return { epoch, id };
}

/** Entries sort by when they came: the number of the repair, then by their place in it. */
export function quarantineKey(documentName: string, epoch: number, index: number): Uint8Array {
  return numberedKey(kinds.quarantine, documentName, epoch, index);
}

/** Whose a client id is: 8 bytes, as that of a record. */
export function ownerKey(documentName: string, clientId: number): Uint8Array {
  return numberedKey(kinds.owner, documentName, Math.floor(clientId / 2 ** 32), clientId >>> 0);
}

export function ownerKeyRange(documentName: string): Bounds {
  return numberedRange(kinds.owner, documentName);
}

export function recordKeyRange(documentName: string): Bounds {
  return numberedRange(kinds.record, documentName);
}

/** All segments of a document, of whichever epoch. */
export function segmentKeyRange(documentName: string): Bounds {
  return numberedRange(kinds.segment, documentName);
}

export function quarantineKeyRange(documentName: string): Bounds {
  return numberedRange(kinds.quarantine, documentName);
}

/** The keys of everything that documents are made of, kind by kind, all documents. */
export const pointerKeys: KeyRange = allOf(kinds.pointer);
export const recordKeys: KeyRange = allOf(kinds.record);
export const segmentKeys: KeyRange = allOf(kinds.segment);

export function documentNameOfKey(key: Uint8Array): string {
  return fromUtf8.decode(key.subarray(1, endOfName(key)));
}

/** Behind all keys of this kind that belong to the document `key` belongs to. */
export function nextDocumentKey(key: Uint8Array): Uint8Array {
  const end = endOfName(key);
  const next = new Uint8Array(end + 1);
  next.set(key.subarray(0, end));
  next[end] = 1;
  return next;
}

/** The zero: no name holds one. A key without, which nobody writes and damage may leave, is all name. */
function endOfName(key: Uint8Array): number {
  const end = key.indexOf(0, 1);
  return end < 0 ? key.length : end;
}

function allOf(kind: number): KeyRange {
  return { gte: Uint8Array.of(kind), lt: Uint8Array.of(kind + 1) };
}

function key(kind: number, documentName: string, suffixBytes: number): Uint8Array {
  const bytes = pooledUtf8(documentName, { before: 1, after: 1 + suffixBytes });
  bytes[0] = kind;
  bytes[bytes.length - suffixBytes - 1] = 0;
  return bytes;
}

/** Two numbers of 32 bits, big end first, so that keys sort by them. */
function numberedKey(kind: number, documentName: string, first: number, second: number): Uint8Array {
  const bytes = key(kind, documentName, 8);
  writeUint32(bytes, bytes.length - 8, first);
  writeUint32(bytes, bytes.length - 4, second);
  return bytes;
}

function numbersOf(key: Uint8Array): [first: number, second: number] {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return [view.getUint32(key.length - 8), view.getUint32(key.length - 4)];
}

function longNumberOf(key: Uint8Array): number {
  const [high, low] = numbersOf(key);
  return high * 2 ** 32 + low;
}

function numberedRange(kind: number, documentName: string): Bounds {
  const last = 2 ** 32 - 1;
  return { gte: numberedKey(kind, documentName, 0, 0), lte: numberedKey(kind, documentName, last, last) };
}

export function encodePointer(pointer: Pointer): Uint8Array {
  const to = encoding.createEncoder();
  encoding.writeVarString(to, pointer.generation);
  encoding.writeVarUint(to, pointer.epoch);
  encoding.writeVarUint(to, pointer.coveredSeq);
  encoding.writeVarUint(to, pointer.segments.length);
  for (const { id, byteLength } of pointer.segments) {
    encoding.writeVarUint(to, id);
    encoding.writeVarUint(to, byteLength);
  }
  encoding.writeVarUint(to, pointer.quarantinedCount);
  return encoding.toUint8Array(to);
}

/** @throws {SynclineError} `data-corrupt` */
export function decodePointer(payload: Uint8Array): Pointer {
  return readPayload(payload, readPointer);
}

function readPointer(from: ByteReader): Pointer {
  const generation = from.readVarString();
  const epoch = from.readVarUint();
  const coveredSeq = from.readVarUint();
  const segments: SegmentInfo[] = [];
  for (let left = from.readVarUint(); left > 0; left--) {
    segments.push({ id: from.readVarUint(), byteLength: from.readVarUint() });
  }
  // Format 1 had no quarantine.
  const quarantinedCount = from.isAtEnd ? 0 : from.readVarUint();
  return { generation, epoch, coveredSeq, segments, quarantinedCount };
}

const ownerBytes = 16;

/** The owner, then when the claim was made: 6 bytes are enough for that. */
export function encodeClaim({ owner, claimedAt }: Claim): Uint8Array {
  if (owner.length !== ownerBytes) throw new RangeError(`an owner of ${owner.length} bytes`);
  const payload = new Uint8Array(ownerBytes + 6);
  payload.set(owner);
  const view = new DataView(payload.buffer, ownerBytes);
  view.setUint16(0, Math.floor(claimedAt / 2 ** 32));
  view.setUint32(2, claimedAt >>> 0);
  return payload;
}

/** @throws {SynclineError} `data-corrupt` */
export function decodeClaim(ownerKey: Uint8Array, payload: Uint8Array): Claim {
  if (payload.length !== ownerBytes + 6) throw new SynclineError("data-corrupt", "a stored claim has another length");
  const view = new DataView(payload.buffer, payload.byteOffset + ownerBytes);
  const claimedAt = view.getUint16(0) * 2 ** 32 + view.getUint32(2);
  return { clientId: longNumberOf(ownerKey), owner: payload.slice(0, ownerBytes), claimedAt };
}

export function encodeTombstone({ generation, deletedAt }: Tombstone): Uint8Array {
  const to = encoding.createEncoder();
  encoding.writeVarString(to, generation);
  encoding.writeVarUint(to, deletedAt);
  return encoding.toUint8Array(to);
}

/** @throws {SynclineError} `data-corrupt` */
export function decodeTombstone(payload: Uint8Array): Tombstone {
  return readPayload(payload, (from) => ({ generation: from.readVarString(), deletedAt: from.readVarUint() }));
}

export function encodeQuarantineEntry({ origin, reason, quarantinedAt, bytes }: QuarantineEntry): Uint8Array {
  const to = encoding.createEncoder();
  encoding.writeVarString(to, origin);
  encoding.writeVarString(to, reason);
  encoding.writeVarUint(to, quarantinedAt);
  encoding.writeVarUint8Array(to, bytes);
  return encoding.toUint8Array(to);
}

/** @throws {SynclineError} `data-corrupt` */
export function decodeQuarantineEntry(payload: Uint8Array): QuarantineEntry {
  return readPayload(payload, (from) => ({
    origin: from.readVarString(),
    reason: from.readVarString(),
    quarantinedAt: from.readVarUint(),
    bytes: from.readVarBytes(),
  }));
}

/** The updates of a record as the parts of its payload: each its length, then its bytes. */
export function recordPayloadParts(updates: readonly Uint8Array[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const update of updates) {
    const length = new Uint8Array(varUintBytes(update.length));
    writeVarUint(length, 0, update.length);
    parts.push(length, update);
  }
  return parts;
}

/** The updates of a record, as views into its payload. @throws {SynclineError} `data-corrupt` */
export function decodeRecordPayload(payload: Uint8Array): Uint8Array[] {
  return readPayload(payload, (from) => {
    const updates: Uint8Array[] = [];
    while (!from.isAtEnd) updates.push(from.readVarBytes());
    return updates;
  });
}

/** What cannot be read is damage, whatever its checksum says: only then is the document looked after. */
function readPayload<Value>(payload: Uint8Array, read: (from: ByteReader) => Value): Value {
  try {
    return read(new ByteReader(payload));
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new SynclineError("data-corrupt", `a stored value cannot be read: ${cause.message}`, { cause });
  }
}
