/**
 * The keys and payloads of a document in an ordered key-value store. docs/STORAGE.md draws them.
 *
 * A document's keys are `kind, name in UTF-8, 0, suffix`. Names hold no control character, so the zero ends them and
 * no name's keys lie among another's, whatever else it contains.
 */
import * as encoding from "lib0/encoding";
import { ByteReader } from "@syncline/protocol";
import type { Pointer, SegmentInfo } from "./storage.js";

const kinds = { contents: 0x63, format: 0x66, pointer: 0x70, record: 0x72, segment: 0x73 } as const;

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

/** Where the store says what it is. */
export const formatKey = Uint8Array.of(kinds.format);

export function pointerKey(documentName: string): Uint8Array {
  return key(kinds.pointer, documentName, 0);
}

export function contentsKey(documentName: string): Uint8Array {
  return key(kinds.contents, documentName, 0);
}

/** Records sort by seq: 8 bytes, big end first. */
export function recordKey(documentName: string, seq: number): Uint8Array {
  const bytes = key(kinds.record, documentName, 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, Math.floor(seq / 2 ** 32));
  view.setUint32(bytes.length - 4, seq >>> 0);
  return bytes;
}

export function seqOfRecordKey(recordKey: Uint8Array): number {
  const view = new DataView(recordKey.buffer, recordKey.byteOffset);
  return view.getUint32(recordKey.length - 8) * 2 ** 32 + view.getUint32(recordKey.length - 4);
}

export function segmentKey(documentName: string, epoch: number, segmentId: number): Uint8Array {
  const bytes = key(kinds.segment, documentName, 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(bytes.length - 8, epoch);
  view.setUint32(bytes.length - 4, segmentId);
  return bytes;
}

export function segmentOfKey(segmentKey: Uint8Array): { readonly epoch: number; readonly id: number } {
  const view = new DataView(segmentKey.buffer, segmentKey.byteOffset);
  return { epoch: view.getUint32(segmentKey.length - 8), id: view.getUint32(segmentKey.length - 4) };
}

/** All segments of a document, of whichever epoch. */
export function segmentKeyRange(documentName: string): { gte: Uint8Array; lte: Uint8Array } {
  return { gte: segmentKey(documentName, 0, 0), lte: segmentKey(documentName, 2 ** 32 - 1, 2 ** 32 - 1) };
}

export const pointerKeyRange = { gte: Uint8Array.of(kinds.pointer), lt: Uint8Array.of(kinds.pointer + 1) };

export function documentNameOfPointerKey(pointerKey: Uint8Array): string {
  return fromUtf8.decode(pointerKey.subarray(1, -1));
}

function key(kind: number, documentName: string, suffixBytes: number): Uint8Array {
  const name = utf8.encode(documentName);
  const bytes = new Uint8Array(name.length + 2 + suffixBytes);
  bytes[0] = kind;
  bytes.set(name, 1);
  return bytes;
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
  return encoding.toUint8Array(to);
}

export function decodePointer(payload: Uint8Array): Pointer {
  const from = new ByteReader(payload);
  const generation = from.readVarString();
  const epoch = from.readVarUint();
  const coveredSeq = from.readVarUint();
  const segments: SegmentInfo[] = [];
  for (let left = from.readVarUint(); left > 0; left--) {
    segments.push({ id: from.readVarUint(), byteLength: from.readVarUint() });
  }
  return { generation, epoch, coveredSeq, segments };
}

/** The updates of a record as the parts of its payload: each its length, then its bytes. */
export function recordPayloadParts(updates: readonly Uint8Array[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const update of updates) {
    const length = encoding.createEncoder();
    encoding.writeVarUint(length, update.length);
    parts.push(encoding.toUint8Array(length), update);
  }
  return parts;
}

/** The updates of a record, as views into its payload. */
export function decodeRecordPayload(payload: Uint8Array): Uint8Array[] {
  const from = new ByteReader(payload);
  const updates: Uint8Array[] = [];
  while (!from.isAtEnd) updates.push(from.readVarBytes());
  return updates;
}
