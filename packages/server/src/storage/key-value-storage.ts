/**
 * Documents in an ordered store of bytes. docs/STORAGE.md says which keys there are, in which order they are written, and
 * what a crash at each step leaves.
 */
import { isStoredDamage, SynclineError } from "../error.js";
import { unseal } from "./envelope.js";
import { documentNames } from "./document-names.js";
import { GuardedStore } from "./guarded-store.js";
import { emptyPointer, snapshotBytesOf } from "./pointer.js";
import { readRemains } from "./remains.js";
import { deleteInTurns, putEntry, putSealed } from "./sealed-batch.js";
import type { Bounds, KeyRange, KeyValueStore, WriteBatch } from "./key-value.js";
import {
  contentsKey,
  decodeClaim,
  decodePointer,
  decodeQuarantineEntry,
  decodeRecordPayload,
  decodeTombstone,
  encodePointer,
  encodeQuarantineEntry,
  encodeTombstone,
  importKey,
  ownerKeyRange,
  pointerKey,
  quarantineKey,
  quarantineKeyRange,
  recordKey,
  recordKeyRange,
  segmentKey,
  segmentKeyRange,
  segmentOfKey,
  seqOfRecordKey,
  tombstoneKey,
} from "./layout.js";
import type {
  AppendEntry,
  Claim,
  Durability,
  LogRecord,
  Pointer,
  QuarantineEntry,
  Repair,
  Snapshot,
  Storage,
  StoredPiece,
  Tombstone,
} from "./storage.js";

export interface KeyValueStorageOptions {
  /** What a resolved write survives. With `fsync` every write is flushed first. */
  readonly durability: Durability;
  /** The store found its own files damaged and is about to mend them. */
  readonly onMend?: ((damage: string) => void) | undefined;
}

/** Records read at a time. */
const recordsPerRead = 1_000;

/** Space of what was folded into a snapshot is given back when it comes to this much: giving back costs rewriting. */
const reclaimAboveBytes = 4 * 1024 * 1024;

export class KeyValueStorage implements Storage {
  readonly durability: Durability;
  readonly #store: GuardedStore;
  readonly #isSynced: boolean;
  /** The last write to each document, appends apart, while it is under way. */
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(store: KeyValueStore, { durability, onMend }: KeyValueStorageOptions) {
    this.#store = new GuardedStore(store, onMend);
    this.#isSynced = durability.startsWith("fsync");
    this.durability = durability;
  }

  async readPointer(documentName: string): Promise<Pointer | undefined> {
    const payload = await this.#read(pointerKey(documentName));
    return payload && decodePointer(payload);
  }

  async readContents(documentName: string, pointer: Pointer): Promise<Uint8Array | undefined> {
    if (pointer.epoch === 0) return undefined;
    const contents = await this.#read(contentsKey(documentName));
    const current = await this.readPointer(documentName);
    return current && isSameSnapshot(current, pointer) ? contents : undefined;
  }

  async readSegment(documentName: string, pointer: Pointer, segmentId: number): Promise<Uint8Array | undefined> {
    return this.#read(segmentKey(documentName, pointer.epoch, segmentId));
  }

  async *readRecords(documentName: string, afterSeq: number): AsyncIterable<LogRecord> {
    const range = { gt: recordKey(documentName, afterSeq), lte: recordKey(documentName, Number.MAX_SAFE_INTEGER) };
    for await (const entries of this.#store.entries(range, recordsPerRead)) {
      for (const [key, value] of entries) {
        yield { seq: seqOfRecordKey(key), updates: decodeRecordPayload(unseal(key, value)) };
      }
    }
  }

  async append(entries: readonly AppendEntry[]): Promise<number[]> {
    await this.#write((batch) => entries.forEach((entry) => putEntry(batch, entry)));
    return entries.map(({ previousSeq, updates }) => (updates.length > 0 ? previousSeq + 1 : previousSeq));
  }

  async *readClaims(documentName: string): AsyncIterable<Claim> {
    for await (const entries of this.#store.entries(ownerKeyRange(documentName), recordsPerRead)) {
      for (const [key, value] of entries) yield decodeClaim(key, unseal(key, value));
    }
  }

  replaceSnapshot(documentName: string, expected: Pointer, snapshot: Snapshot): Promise<Pointer | undefined> {
    return this.#alone(documentName, async () => {
      const current = await this.readPointer(documentName);
      if (!current || !isSameSnapshot(current, expected)) return undefined;
      const { generation, quarantinedCount } = current;
      const next = pointerTo(snapshot, { generation, epoch: current.epoch + 1, quarantinedCount });
      const replaced = await this.#keysReplacedBy(documentName, next);
      await this.#install(documentName, next, { snapshot, replaced });
      this.#reclaim(recordKeyRange(documentName), reclaimAboveBytes);
      this.#reclaim(segmentKeyRange(documentName), snapshotBytesOf(next) + reclaimAboveBytes);
      return next;
    });
  }

  createDocument(
    documentName: string,
    generation: string,
    { snapshot, replace = false }: { readonly snapshot?: Snapshot; readonly replace?: boolean } = {},
  ): Promise<Pointer | undefined> {
    return this.#alone(documentName, async () => {
      const current = await this.#stateOf(documentName);
      if (current && !replace) return undefined;
      const replaced = [...(await this.#keysOf(documentName)), tombstoneKey(documentName)];
      const epoch = await this.#unusedEpoch(documentName, current);
      const pointer = snapshot
        ? pointerTo(snapshot, { generation, epoch, quarantinedCount: 0 })
        : emptyPointer(generation);
      if (snapshot) await this.#write((batch) => putSealed(batch, importKey(documentName), []));
      await this.#install(documentName, pointer, { snapshot, replaced });
      return pointer;
    });
  }

  deleteDocument(documentName: string, deletedAt: number): Promise<Tombstone | undefined> {
    return this.#alone(documentName, async () => {
      const pointer = await this.#stateOf(documentName);
      if (!pointer) return undefined;
      const tombstone = { generation: pointer === "damaged" ? "" : pointer.generation, deletedAt };
      const keys = [...(await this.#keysOf(documentName)), pointerKey(documentName), contentsKey(documentName)];
      const deleted = this.#write(async (batch) => {
        putSealed(batch, tombstoneKey(documentName), [encodeTombstone(tombstone)]);
        await deleteInTurns(batch, keys);
      });
      await deleted.catch((thrown: unknown) => this.#assertDeleted(documentName, thrown));
      for (const range of rangesOf(documentName)) this.#reclaim(range, 0);
      return tombstone;
    });
  }

  async readTombstone(documentName: string): Promise<Tombstone | undefined> {
    try {
      const payload = await this.#read(tombstoneKey(documentName));
      return payload && decodeTombstone(payload);
    } catch (thrown) {
      if (!(thrown instanceof SynclineError && thrown.code === "data-corrupt")) throw thrown;
      // One of which nothing can be read says as much.
      return { generation: "", deletedAt: 0 };
    }
  }

  async *readEverything(documentName: string): AsyncIterable<StoredPiece> {
    const pointer = await this.#readPointerIfSound(documentName);
    yield* readRemains(this.#store, documentName, pointer);
  }

  repairDocument(documentName: string, repair: Repair): Promise<Pointer | undefined> {
    const { expected, snapshot, generation, quarantine } = repair;
    return this.#alone(documentName, async () => {
      const pointer = await this.#readPointerIfSound(documentName);
      const current = pointer === "damaged" ? undefined : pointer;
      if (expected && !(current && isSameSnapshot(current, expected))) return undefined;
      if (!current && (await this.readTombstone(documentName))) return undefined;
      const records = await this.#keysIn(recordKeyRange(documentName));
      const segments = await this.#keysIn(segmentKeyRange(documentName));
      const kept = await this.#keysIn(quarantineKeyRange(documentName));
      const unreadable = await this.#unreadableClaimsOf(documentName);
      const next = pointerTo(snapshot, {
        generation: current?.generation ?? generation,
        epoch: await this.#unusedEpoch(documentName, current),
        quarantinedCount: kept.length + quarantine.length,
      });
      await this.#install(documentName, next, {
        snapshot,
        replaced: [...records, ...segments, ...unreadable],
        quarantine,
      });
      return next;
    });
  }

  mend(): Promise<boolean> {
    return this.#store.mend();
  }

  async *readQuarantine(documentName: string): AsyncIterable<QuarantineEntry> {
    for await (const entries of this.#store.entries(quarantineKeyRange(documentName), recordsPerRead)) {
      for (const [key, value] of entries) yield decodeQuarantineEntry(unseal(key, value));
    }
  }

  listDocuments(): AsyncIterable<string> {
    return documentNames(this.#store, async (name) => (await this.#stateOf(name)) === "damaged");
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#writing.values());
    await this.#store.close();
  }

  /**
   * Makes `pointer` the document's in two steps. The new segments first, one write each: nothing points to them yet, and no
   * write is so large that it holds up the commits of other documents. Then one batch makes them current and removes what
   * they replace.
   */
  async #install(
    documentName: string,
    pointer: Pointer,
    {
      snapshot,
      replaced,
      quarantine = [],
    }: {
      readonly snapshot: Snapshot | undefined;
      readonly replaced: readonly Uint8Array[];
      readonly quarantine?: readonly QuarantineEntry[];
    },
  ): Promise<void> {
    for (const [id, segment] of (snapshot?.segments ?? []).entries()) {
      await this.#write((batch) => putSealed(batch, segmentKey(documentName, pointer.epoch, id), [segment]));
    }
    const swapped = this.#write(async (batch) => {
      batch.delete(importKey(documentName));
      await deleteInTurns(batch, replaced);
      if (snapshot) putSealed(batch, contentsKey(documentName), [snapshot.contents]);
      for (const [index, entry] of quarantine.entries()) {
        putSealed(batch, quarantineKey(documentName, pointer.epoch, index), [encodeQuarantineEntry(entry)]);
      }
      putSealed(batch, pointerKey(documentName), [encodePointer(pointer)]);
    });
    await swapped.catch((thrown: unknown) => this.#assertInstalled(documentName, pointer, thrown));
  }

  /** What was refused may have happened all the same. @throws `refusal` when it has not */
  async #assertInstalled(documentName: string, pointer: Pointer, refusal: unknown): Promise<void> {
    const found = await this.#readPointerIfSound(documentName).catch(() => undefined);
    if (!found || found === "damaged" || !isSameSnapshot(found, pointer)) throw refusal;
  }

  /** As above. @throws `refusal` */
  async #assertDeleted(documentName: string, refusal: unknown): Promise<void> {
    const isGone = async () => (await this.readTombstone(documentName)) && !(await this.readPointer(documentName));
    if (!(await isGone().catch(() => false))) throw refusal;
  }

  async #write(fill: (batch: WriteBatch) => void | Promise<void>): Promise<void> {
    await this.#store.write(fill, { sync: this.#isSynced });
  }

  /** Runs `write` when the writes to this document that were asked for before are over. */
  async #alone<Result>(documentName: string, write: () => Promise<Result>): Promise<Result> {
    const before = this.#writing.get(documentName) ?? Promise.resolve();
    // What is read first must not change under what is written then.
    const writeRestored = async () => {
      await this.#store.restored();
      return write();
    };
    const result = before.then(writeRestored, writeRestored);
    this.#writing.set(documentName, result);
    try {
      return await result;
    } finally {
      if (this.#writing.get(documentName) === result) this.#writing.delete(documentName);
    }
  }

  /** Records that the snapshot covers, and all segments but its own: also those a crash left without a pointer. */
  async #keysReplacedBy(documentName: string, next: Pointer): Promise<Uint8Array[]> {
    const covered = { gte: recordKey(documentName, 0), lte: recordKey(documentName, next.coveredSeq) };
    const records = await this.#keysIn(covered);
    const segments = await this.#keysIn(segmentKeyRange(documentName));
    const isReplaced = (key: Uint8Array) => {
      const { epoch, id } = segmentOfKey(key);
      return epoch !== next.epoch || id >= next.segments.length;
    };
    return [...records, ...segments.filter(isReplaced)];
  }

  /** One whose segments are not among those to be removed in the same step: a crash may have left some. */
  async #unusedEpoch(documentName: string, current: Pointer | "damaged" | undefined): Promise<number> {
    let last = current === undefined || current === "damaged" ? 0 : current.epoch;
    for (const key of await this.#keysIn(segmentKeyRange(documentName))) last = Math.max(last, segmentOfKey(key).epoch);
    return last + 1;
  }

  /** Everything of a document but its pointer and contents. */
  async #keysOf(documentName: string): Promise<Uint8Array[]> {
    const keys: Uint8Array[] = [];
    for (const range of rangesOf(documentName)) keys.push(...(await this.#keysIn(range)));
    return keys;
  }

  async #unreadableClaimsOf(documentName: string): Promise<Uint8Array[]> {
    const unreadable: Uint8Array[] = [];
    for await (const entries of this.#store.entries(ownerKeyRange(documentName), recordsPerRead)) {
      for (const [key, value] of entries) if (!isClaim(key, value)) unreadable.push(key);
    }
    return unreadable;
  }

  async #keysIn(range: KeyRange): Promise<Uint8Array[]> {
    const keys: Uint8Array[] = [];
    for await (const key of this.#store.keys(range)) keys.push(key);
    return keys;
  }

  /** In the background: nobody waits for it, and a failure leaves only space that is taken a while longer. */
  #reclaim(range: Bounds, minBytes: number): void {
    this.#store.reclaim(range, minBytes).catch(() => undefined);
  }

  /** `damaged` also where there is something of a document, and neither pointer nor tombstone. */
  async #stateOf(documentName: string): Promise<Pointer | "damaged" | undefined> {
    const pointer = await this.#readPointerIfSound(documentName);
    if (pointer || (await this.#store.get(tombstoneKey(documentName)))) return pointer;
    for await (const _piece of this.readEverything(documentName)) return "damaged";
    return undefined;
  }

  async #readPointerIfSound(documentName: string): Promise<Pointer | "damaged" | undefined> {
    try {
      return await this.readPointer(documentName);
    } catch (thrown) {
      if (isStoredDamage(thrown)) return "damaged";
      throw thrown;
    }
  }

  async #read(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = await this.#store.get(key);
    return value && unseal(key, value);
  }
}

function isSameSnapshot(left: Pointer, right: Pointer): boolean {
  return left.generation === right.generation && left.epoch === right.epoch;
}

function pointerTo(
  { coveredSeq, segments }: Snapshot,
  rest: Pick<Pointer, "generation" | "epoch" | "quarantinedCount">,
): Pointer {
  return { ...rest, coveredSeq, segments: segments.map((segment, id) => ({ id, byteLength: segment.length })) };
}

function rangesOf(documentName: string): readonly Bounds[] {
  return [recordKeyRange, segmentKeyRange, quarantineKeyRange, ownerKeyRange].map((rangeOf) => rangeOf(documentName));
}

function isClaim(key: Uint8Array, value: Uint8Array): boolean {
  try {
    decodeClaim(key, unseal(key, value));
    return true;
  } catch (thrown) {
    if (!isStoredDamage(thrown)) throw thrown;
    return false;
  }
}
