/**
 * What a room needs of a store, and what every store must promise. `conformance.ts` is this contract as tests: a store is
 * done when it passes. Knows nothing of rooms, dialects or Yjs: an update is bytes.
 *
 * A document in a store is
 *   - a **pointer**: which segments are current, and up to which seq they cover the log,
 *   - its **segments** and **contents**: the compacted snapshot, in pieces, and which ids it holds,
 *   - its **records**: what was appended since, in order, each with a seq.
 *
 * The promises:
 *   1. *Order*: seqs of a document are 1, 2, 3 … without holes. They are the store's to give.
 *   2. *Atomicity*: an `append` over many documents, or a `replaceSnapshot`, happens wholly or not at all, also when the
 *      process or (with `fsync`) the machine dies in the middle.
 *   3. *Durability*: what a resolved promise reported survives what `durability` names. A rejected append may or may not
 *      have happened; appending the same entry again is safe.
 *   4. *Integrity*: a value is returned exactly as it was written, or the read rejects with `data-corrupt`.
 *   5. *Isolation*: any two document names, whatever characters they hold, are two documents.
 *   6. Byte arrays that are handed out belong to the caller; those that are handed in are not kept.
 */

/** What a resolved write survives: nothing, the process, the machine losing power, the machine itself. */
export type Durability = "memory" | "os" | "fsync" | "fsync+replica";

export interface Pointer {
  /** Random, made when the document is first written. */
  readonly generation: string;
  /** Counts snapshot replacements; `replaceSnapshot` compares it. 0 before the first. */
  readonly epoch: number;
  /** The segments hold all records up to this seq. 0 before the first snapshot. */
  readonly coveredSeq: number;
  readonly segments: readonly SegmentInfo[];
}

export interface SegmentInfo {
  readonly id: number;
  readonly byteLength: number;
}

/** One entry of the log: the updates that one commit held for this document, in the order they were admitted. */
export interface LogRecord {
  readonly seq: number;
  readonly updates: readonly Uint8Array[];
}

export interface AppendEntry {
  readonly documentName: string;
  /** Written to a new pointer when the document has none yet; otherwise ignored. */
  readonly generation: string;
  /** The last seq the writer knows. A store with one writer gives the next; one with several gives what it orders next. */
  readonly previousSeq: number;
  readonly updates: readonly Uint8Array[];
}

export interface Snapshot {
  /** Segments hold all records up to this seq. */
  readonly coveredSeq: number;
  readonly segments: readonly Uint8Array[];
  /** Opaque to the store: which ids the segments hold. */
  readonly contents: Uint8Array;
}

export interface Storage {
  readonly durability: Durability;

  /** `undefined` for a document that was never written. */
  readPointer(documentName: string): Promise<Pointer | undefined>;

  /** The `contents` of the snapshot that `pointer` names; `undefined` when there is none or it was replaced meanwhile. */
  readContents(documentName: string, pointer: Pointer): Promise<Uint8Array | undefined>;

  /** `undefined` when the segment was replaced meanwhile. */
  readSegment(documentName: string, pointer: Pointer, segmentId: number): Promise<Uint8Array | undefined>;

  /** The records with `seq > afterSeq`, in order. */
  readRecords(documentName: string, afterSeq: number): AsyncIterable<LogRecord>;

  /** Appends one record per entry (at most one entry a document); resolves with their seqs once they are durable. */
  append(entries: readonly AppendEntry[]): Promise<number[]>;

  /**
   * Makes `snapshot` the document's snapshot and removes the records and segments it replaces, if the pointer's epoch is
   * still `expectedEpoch`. Resolves with the new pointer, or `undefined` when somebody else was first.
   */
  replaceSnapshot(documentName: string, expectedEpoch: number, snapshot: Snapshot): Promise<Pointer | undefined>;

  /** The names of all documents ever written, in no particular order. */
  listDocuments(): AsyncIterable<string>;

  close(): Promise<void>;
}
