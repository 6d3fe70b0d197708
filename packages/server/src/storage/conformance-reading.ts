/** What a case of conformance.ts reads of a store: all there is of one kind. */
import { deepStrictEqual as equal, ok } from "node:assert/strict";
import type { Claim, LogRecord, Pointer, QuarantineEntry, Storage, StoredPiece } from "./storage.js";

/** By client id. */
export async function claimsOf(store: Storage, documentName: string): Promise<Claim[]> {
  const claims = await allOf(store.readClaims(documentName));
  return claims.sort((left, right) => left.clientId - right.clientId);
}

export async function recordsOf(store: Storage, documentName: string, afterSeq = 0): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const { seq, updates } of store.readRecords(documentName, afterSeq)) {
    records.push({ seq, updates: updates.map((update) => update.slice()) });
  }
  return records;
}

export async function segmentsOf(store: Storage, documentName: string, pointer: Pointer): Promise<Uint8Array[]> {
  const segments: Uint8Array[] = [];
  for (const { id, byteLength } of pointer.segments) {
    const segment = await store.readSegment(documentName, pointer, id);
    ok(segment);
    equal(segment.length, byteLength);
    segments.push(segment.slice());
  }
  return segments;
}

export async function pointerOf(store: Storage, documentName: string): Promise<Pointer> {
  const pointer = await store.readPointer(documentName);
  ok(pointer);
  return pointer;
}

export async function piecesOf(store: Storage, documentName: string): Promise<StoredPiece[]> {
  return allOf(store.readEverything(documentName));
}

export async function quarantineOf(store: Storage, documentName: string): Promise<QuarantineEntry[]> {
  return allOf(store.readQuarantine(documentName));
}

async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function namesIn(store: Storage): Promise<string[]> {
  return allOf(store.listDocuments());
}
