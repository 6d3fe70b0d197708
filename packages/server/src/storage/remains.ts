/** What can still be read of a document, however much of it is damaged. */
import { isStoredDamage, messageOf, type SynclineError } from "../error.js";
import { unseal } from "./envelope.js";
import type { Bounds, KeyValueStore } from "./key-value.js";
import {
  decodeRecordPayload,
  importKey,
  recordKeyRange,
  segmentKeyRange,
  segmentOfKey,
  seqOfRecordKey,
} from "./layout.js";
import type { Pointer, StoredPiece } from "./storage.js";

type Reader = Pick<KeyValueStore, "get" | "entries">;

/** Segments of the current snapshot and all records, one at a time. */
export async function* readRemains(
  store: Reader,
  documentName: string,
  pointer: Pointer | "damaged" | undefined,
): AsyncGenerator<StoredPiece> {
  const epoch = await currentEpoch(store, documentName, pointer);
  for await (const [key, value] of readTolerantly(store, segmentKeyRange(documentName))) {
    const segment = segmentOfKey(key);
    if (segment.epoch !== epoch) continue;
    yield { kind: "segment", id: segment.id, ...tryToRead(key, value, (payload) => [payload]) };
  }
  for await (const [key, value] of readTolerantly(store, recordKeyRange(documentName))) {
    yield { kind: "record", id: seqOfRecordKey(key), ...tryToRead(key, value, decodeRecordPayload) };
  }
}

/**
 * Which epoch's segments are the document's: a crash may have left some of a snapshot that never became current, and those
 * may be another document's, which was to replace this one.
 */
async function currentEpoch(
  store: Reader,
  documentName: string,
  pointer: Pointer | "damaged" | undefined,
): Promise<number | undefined> {
  if (pointer && pointer !== "damaged") return pointer.epoch;
  // They are of an import that did not come to its end; there never was a document.
  if (pointer === undefined && (await store.get(importKey(documentName)).catch(nothingIfDamaged))) return undefined;
  let lowest: number | undefined;
  for await (const [key] of readTolerantly(store, segmentKeyRange(documentName))) {
    lowest = Math.min(lowest ?? Number.POSITIVE_INFINITY, segmentOfKey(key).epoch);
  }
  return lowest;
}

function nothingIfDamaged(thrown: unknown): undefined {
  if (!isStoredDamage(thrown)) throw thrown;
}

/** Every entry that can still be found. Where the store itself cannot read on, an entry whose value is the error. */
async function* readTolerantly(
  store: Reader,
  range: Bounds,
): AsyncGenerator<readonly [key: Uint8Array, value: Uint8Array | SynclineError]> {
  let lastKey = range.gte;
  try {
    for await (const entries of store.entries(range, 1)) {
      yield* entries;
      lastKey = entries.at(-1)?.[0] ?? lastKey;
    }
  } catch (thrown) {
    if (!isStoredDamage(thrown)) throw thrown;
    yield [lastKey, thrown];
  }
}

/** What one entry holds, or what is wrong with it. */
function tryToRead(
  key: Uint8Array,
  value: Uint8Array | SynclineError,
  decode: (payload: Uint8Array) => readonly Uint8Array[],
): { readonly updates: readonly Uint8Array[] } | { readonly damage: string; readonly bytes: Uint8Array } {
  if (!(value instanceof Uint8Array)) return { damage: `what follows it: ${value.message}`, bytes: new Uint8Array() };
  try {
    return { updates: decode(unseal(key, value)) };
  } catch (thrown) {
    return { damage: messageOf(thrown), bytes: value };
  }
}
