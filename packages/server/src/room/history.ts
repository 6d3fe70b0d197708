/**
 * The durable content of a document, as a reader sees it: the snapshot in segments, and the records since. Segments and
 * all but the newest records stay in the store and are read when somebody needs them.
 */
import { snapshotBytesOf } from "../storage/pointer.js";
import type { LogRecord, Pointer, Storage } from "../storage/storage.js";
import type { StateVector } from "../update/state-vector.js";
import type { SegmentCache } from "./segment-cache.js";
import { Tail } from "./tail.js";

export interface HistoryOptions {
  readonly documentName: string;
  readonly storage: Storage;
  readonly segmentCache: SegmentCache;
  /** How much of the log's end is kept in memory. */
  readonly tailCacheBytes: number;
}

/** Which ids the segments hold. */
export interface SnapshotContents {
  readonly stateVector: StateVector;
  /** An update without structs: everything deleted in the segments. */
  readonly deleteSetUpdate: Uint8Array;
}

/** The snapshot was replaced while it was being read: begin again with the new one. */
export class StaleSnapshot extends Error {
  override readonly name = "StaleSnapshot";
}

/** Whether that is what was thrown, by the history or by a worker that was reading it. */
export function isStaleSnapshot(thrown: unknown): boolean {
  return thrown instanceof StaleSnapshot || (thrown instanceof Error && thrown.cause instanceof StaleSnapshot);
}

/** What an update costs beyond its bytes when it is loaded or sent. */
const updateOverheadBytes = 64;

export class History {
  readonly #options: HistoryOptions;
  readonly #tail = new Tail();
  #pointer: Pointer;
  #snapshot: SnapshotContents | undefined;
  #seq: number;
  #weightSinceSnapshot = 0;

  constructor(options: HistoryOptions, pointer: Pointer, snapshot: SnapshotContents | undefined) {
    this.#options = options;
    this.#pointer = pointer;
    this.#snapshot = snapshot;
    this.#seq = pointer.coveredSeq;
  }

  /** The last record that is durable. */
  get seq(): number {
    return this.#seq;
  }

  get pointer(): Pointer {
    return this.#pointer;
  }

  /** `undefined` before the first compaction. */
  get snapshot(): SnapshotContents | undefined {
    return this.#snapshot;
  }

  get snapshotBytes(): number {
    return snapshotBytesOf(this.#pointer);
  }

  /** Bytes of the records since the snapshot, and what each of their updates costs besides. */
  get weightSinceSnapshot(): number {
    return this.#weightSinceSnapshot;
  }

  /** Takes in the next durable record. */
  push(record: LogRecord): void {
    this.#seq = record.seq;
    this.#weightSinceSnapshot += weightOf(record);
    this.#tail.push(record);
    this.#tail.keepAtMost(this.#options.tailCacheBytes);
  }

  /** All records were read: none need follow soon. */
  loaded(): void {
    this.#tail.fit();
  }

  /** Takes in the snapshot that was made of everything up to `pointer.coveredSeq`; `weight` came after that. */
  replaceSnapshot(pointer: Pointer, snapshot: SnapshotContents | undefined, weight: number): void {
    this.#pointer = pointer;
    this.#snapshot = snapshot;
    this.#weightSinceSnapshot = weight;
  }

  /** Lets go of records that the snapshot holds, too. Not while a member is being sent them. */
  forgetCovered(): void {
    this.#tail.dropThrough(this.#pointer.coveredSeq);
  }

  /** @throws {StaleSnapshot} */
  async *segments(): AsyncIterable<Uint8Array> {
    const pointer = this.#pointer;
    const { documentName, storage, segmentCache } = this.#options;
    for (const { id } of pointer.segments) {
      const key = `${pointer.generation}/${pointer.epoch}/${id}`;
      const segment = await segmentCache.get(key, () => storage.readSegment(documentName, pointer, id));
      if (!segment) throw new StaleSnapshot();
      yield segment;
    }
  }

  /**
   * The records after `seq`, up to the one that is the last when the reader gets there.
   *
   * @throws {StaleSnapshot} when some of them were folded into a new snapshot before they were read.
   */
  async *recordsSince(seq: number): AsyncIterable<LogRecord> {
    let position = seq;
    while (position < this.#seq) {
      const record = this.#tail.get(position + 1);
      if (!record) {
        position = yield* this.#storedRecordsSince(position);
        continue;
      }
      yield record;
      position = record.seq;
    }
  }

  /** Reads on from the store until the rest is in memory; returns how far it got. */
  async *#storedRecordsSince(seq: number): AsyncGenerator<LogRecord, number> {
    let position = seq;
    for await (const record of this.#options.storage.readRecords(this.#options.documentName, seq)) {
      // Not the next one: those between were replaced by a snapshot.
      if (record.seq !== position + 1) break;
      yield record;
      position = record.seq;
      if (position >= this.#seq || this.#tail.has(position + 1)) return position;
    }
    if (position === seq) throw new StaleSnapshot();
    return position;
  }
}

function weightOf(record: LogRecord): number {
  let weight = 0;
  for (const update of record.updates) weight += update.length + updateOverheadBytes;
  return weight;
}
