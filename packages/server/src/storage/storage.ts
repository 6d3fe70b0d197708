/**
 * What a room needs of a store, and what every store must promise. `conformance.ts` is this contract as tests: a store is
 * done when it passes. Knows nothing of rooms, dialects or Yjs: an update is bytes.
 *
 * A document in a store is
 *   - a **pointer**: which segments are current, and up to which seq they cover the log,
 *   - its **segments** and **contents**: the compacted snapshot, in pieces, and which ids it holds,
 *   - its **records**: what was appended since, in order, each with a seq,
 *   - its **claims**: which Yjs client ids in it are whose,
 *   - its **quarantine**: what could not be used when the document was repaired, kept for inspection.
 * A document that was deleted leaves a **tombstone** instead, until it is created anew.
 *
 * The promises:
 *   1. *Order*: seqs of a document are 1, 2, 3 … without holes. They are the store's to give.
 *   2. *Atomicity*: an `append` over many documents, or any other write, happens wholly or not at all, also when the
 *      process or (with `fsync`) the machine dies in the middle. Writes to one document but `append` wait for each other.
 *   3. *Durability*: what a resolved promise reported survives what `durability` names. A rejected append may or may not
 *      have happened; appending the same entry again is safe.
 *   4. *Integrity*: a value is returned exactly as it was written, or the read rejects with `data-corrupt` or
 *      `store-corrupt`. A read that rejects with anything else may succeed later.
 *   5. *Isolation*: any two document names, whatever characters they hold, are two documents.
 *   6. Byte arrays that are handed out belong to the caller; those that are handed in are not kept.
 */

/** What a resolved write survives: nothing, the process, the machine losing power, the machine itself. */
export type Durability = "memory" | "os" | "fsync" | "fsync+replica";

export interface Pointer {
  /** Random, made when the document is first written or created anew. */
  readonly generation: string;
  /** Counts snapshot replacements; `replaceSnapshot` compares it. 0 before the first. */
  readonly epoch: number;
  /** The segments hold all records up to this seq. 0 before the first snapshot. */
  readonly coveredSeq: number;
  readonly segments: readonly SegmentInfo[];
  /** Entries in the document's quarantine: above 0 the document is degraded. */
  readonly quarantinedCount: number;
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
  /** The document's; written to its pointer with the first record. */
  readonly generation: string;
  /** The last seq the writer knows. A store with one writer gives the next; one with several gives what it orders next. */
  readonly previousSeq: number;
  /** Without any no record is written, and the entry's seq is `previousSeq`; the document must have been written before. */
  readonly updates: readonly Uint8Array[];
  /** Written in the same step. One of a client id that has a claim takes its place. */
  readonly claims?: readonly Claim[];
  /** Client ids whose claims are removed in the same step. */
  readonly released?: readonly number[];
}

/** Whose a Yjs client id is. */
export interface Claim {
  readonly clientId: number;
  /** 16 bytes that stand for a person; what they mean the store does not know. */
  readonly owner: Uint8Array;
  /** Milliseconds since 1970. */
  readonly claimedAt: number;
}

export interface Snapshot {
  /** Segments hold all records up to this seq. */
  readonly coveredSeq: number;
  readonly segments: readonly Uint8Array[];
  /** Opaque to the store: which ids the segments hold. */
  readonly contents: Uint8Array;
}

/** What is left of a document that was deleted. */
export interface Tombstone {
  /** The one that was deleted. */
  readonly generation: string;
  /** Milliseconds since 1970. */
  readonly deletedAt: number;
}

/** One stored value of a document, as `readEverything` finds it. */
export type StoredPiece = {
  readonly kind: "segment" | "record";
  /** A segment's id, a record's seq. */
  readonly id: number;
} & (
  | { readonly updates: readonly Uint8Array[] }
  /** What is wrong with it, and the bytes as they are stored: none where there are none. */
  | { readonly damage: string; readonly bytes: Uint8Array }
);

/** Something of a document that could not be used, set aside. */
export interface QuarantineEntry {
  /** What it was: `"record 12"`, `"segment 3"`, `"update 2 of record 7"`, for people. */
  readonly origin: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly quarantinedAt: number;
  /** An update where one could be read, otherwise the stored bytes; none for what is missing. */
  readonly bytes: Uint8Array;
}

/** What takes the place of everything stored of a damaged document. */
export interface Repair {
  /** What the repair was made from, where that could be read. */
  readonly expected: Pointer | undefined;
  readonly snapshot: Snapshot;
  /** For a pointer that cannot be read any more; otherwise the document keeps its own. */
  readonly generation: string;
  readonly quarantine: readonly QuarantineEntry[];
}

/** How far a backup has come. */
export interface BackupProgress {
  readonly entryCount: number;
  readonly byteCount: number;
}

export interface Storage {
  readonly durability: Durability;

  /** `undefined` for a document that was never written, or was deleted. */
  readPointer(documentName: string): Promise<Pointer | undefined>;

  /** The `contents` of the snapshot that `pointer` names; `undefined` when there is none or it was replaced meanwhile. */
  readContents(documentName: string, pointer: Pointer): Promise<Uint8Array | undefined>;

  /** `undefined` when the segment was replaced meanwhile. */
  readSegment(documentName: string, pointer: Pointer, segmentId: number): Promise<Uint8Array | undefined>;

  /** The records with `seq > afterSeq`, in order. */
  readRecords(documentName: string, afterSeq: number): AsyncIterable<LogRecord>;

  /** All claims of a document, in no particular order. */
  readClaims(documentName: string): AsyncIterable<Claim>;

  /** Appends one record per entry (at most one entry a document); resolves with their seqs once they are durable. */
  append(entries: readonly AppendEntry[]): Promise<number[]>;

  /**
   * Makes `snapshot` the document's snapshot and removes the records and segments it replaces, if the document still has
   * the generation and epoch of `expected`. Resolves with the new pointer, or `undefined` when somebody else was first.
   */
  replaceSnapshot(documentName: string, expected: Pointer, snapshot: Snapshot): Promise<Pointer | undefined>;

  /**
   * Writes a document with content or without, in place of its tombstone if it has one. Resolves with its pointer, or
   * `undefined` when the document exists; with `replace` everything stored of that is replaced, too. No append to it may be
   * under way.
   */
  createDocument(
    documentName: string,
    generation: string,
    options?: { readonly snapshot?: Snapshot; readonly replace?: boolean },
  ): Promise<Pointer | undefined>;

  /**
   * Removes everything of a document but leaves a tombstone. Resolves with it, `undefined` when there is no such document.
   * No append to the document may be under way.
   */
  deleteDocument(documentName: string, deletedAt: number): Promise<Tombstone | undefined>;

  /** `undefined` for a document that exists, or never did. One that is damaged says "deleted" all the same. */
  readTombstone(documentName: string): Promise<Tombstone | undefined>;

  /** Segments and records, of whichever snapshot, damaged or not: what there is to repair a document from. */
  readEverything(documentName: string): AsyncIterable<StoredPiece>;

  /**
   * Replaces everything stored of a document and adds to its quarantine. Claims stay, but for those that cannot be read.
   * Resolves with its pointer, or `undefined` when it is not the `expected` one any more. No append to it may be under way.
   */
  repairDocument(documentName: string, repair: Repair): Promise<Pointer | undefined>;

  /**
   * Stores that can find their own files damaged (reads then reject with `store-corrupt`): makes them readable again,
   * without what is damaged. Resolves with whether there was anything to do.
   */
  mend?(): Promise<boolean>;

  readQuarantine(documentName: string): AsyncIterable<QuarantineEntry>;

  /** The names of all documents that exist, in no particular order. */
  listDocuments(): AsyncIterable<string>;

  /**
   * Stores that live in files: copies everything, as it is at this moment, to a new store in `directory`, which is there
   * only once it is complete. Writes go on meanwhile.
   *
   * @throws {SynclineError} `data-unusable` when the directory is not empty or cannot be written
   */
  backUp?(directory: string, onProgress?: (progress: BackupProgress) => void): Promise<void>;

  close(): Promise<void>;
}
