/** What goes into a batch: values sealed under their keys, and deletions that leave others their turn. */
import { seal } from "./envelope.js";
import type { WriteBatch } from "./key-value.js";
import { encodeClaim, encodePointer, ownerKey, pointerKey, recordKey, recordPayloadParts } from "./layout.js";
import { emptyPointer } from "./pointer.js";
import type { AppendEntry } from "./storage.js";

/** Operations put into one batch before other work of the process gets its turn. */
const operationsPerTurn = 500;

export function putEntry(batch: WriteBatch, entry: AppendEntry): void {
  const { documentName, updates, claims = [], released = [] } = entry;
  for (const clientId of released) batch.delete(ownerKey(documentName, clientId));
  for (const claim of claims) putSealed(batch, ownerKey(documentName, claim.clientId), [encodeClaim(claim)]);
  if (updates.length > 0) putRecord(batch, entry);
}

function putRecord(batch: WriteBatch, { documentName, generation, previousSeq, updates }: AppendEntry): void {
  if (previousSeq === 0) {
    putSealed(batch, pointerKey(documentName), [encodePointer(emptyPointer(generation))]);
  }
  putSealed(batch, recordKey(documentName, previousSeq + 1), recordPayloadParts(updates));
}

export function putSealed(batch: WriteBatch, key: Uint8Array, payloadParts: readonly Uint8Array[]): void {
  batch.put(key, seal(key, payloadParts));
}

export async function deleteInTurns(batch: WriteBatch, keys: readonly Uint8Array[]): Promise<void> {
  for (const [index, key] of keys.entries()) {
    if (index > 0 && index % operationsPerTurn === 0) await anotherTurn();
    batch.delete(key);
  }
}

function anotherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
