/**
 * What can be asked of the document threads and what they answer. Types only: the layers above import this file without
 * loading Yjs.
 */
import type { UpdateError, UpdateErrorCode } from "../update/error.js";
import type { ScanLimits } from "../update/limits.js";
import type { Keyed, ScannedUpdate } from "../update/scan.js";

/** Updates in order, each causally closed against those before it. A piece may not change after it was handed out. */
export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** What a worker found in the bytes of an update (update/scan.ts), or what is wrong with them. */
export type ScanOutcome =
  | { readonly kind: "scanned"; readonly scanned: ScannedUpdate }
  | { readonly kind: "refused"; readonly error: UpdateError };

export interface ScanRequest {
  readonly update: Uint8Array;
  /** Yjs's encoding: the structs below it are left out. */
  readonly stateVector: Uint8Array;
  readonly limits: ScanLimits;
}

export interface CompactOptions {
  /**
   * No segment is larger, unless a single value that Yjs cannot cut (binary, embed, one element of an array) is.
   *
   * @default 1 MiB less 1 KiB, so that a segment and what a dialect puts around it fit into one message
   */
  readonly maxSegmentBytes?: number | undefined;
  /**
   * Whether to go on where the document holds content that Yjs drops on load, instead of rejecting with `lossy`. Only
   * malformed updates (one item in two lists) make such documents.
   *
   * @default false
   */
  readonly mayLoseContent?: boolean | undefined;
}

export interface Compacted {
  /** Valid Yjs v1 updates. Applied in order to an empty document none ever leaves anything pending. */
  readonly segments: readonly Uint8Array[];
  /** In Yjs's encoding: what a document has after the last segment. */
  readonly stateVector: Uint8Array;
  /** A v1 update without structs: everything deleted in the document. */
  readonly deleteSetUpdate: Uint8Array;
  /** Which ids the segments hold: an encoded `Contents`. */
  readonly contents: Uint8Array;
  /** Structs in the segments, parts of a struct cut for its size counted as one. */
  readonly structCount: number;
  /** What it took to integrate one struct of the pieces, on average. */
  readonly integrateMicrosPerStruct: number;
}

/** A piece that salvage had to leave out. */
export interface Refused {
  /** Counted from 0 over all pieces. */
  readonly pieceIndex: number;
  /** For the log; may name nothing of the document. */
  readonly reason: string;
}

export interface Salvaged {
  /** A snapshot of everything that could be applied. */
  readonly compacted: Compacted;
  /** Pieces that cannot be decoded or applied, in order. */
  readonly refused: readonly Refused[];
  /** What was decoded but leans on something that is missing, as one v1 update; `undefined` when nothing does. */
  readonly leftover: Uint8Array | undefined;
}

export interface DiffOptions {
  /** Neighbouring pieces of one client are joined up to this size. @default as `maxSegmentBytes` */
  readonly maxUpdateBytes?: number | undefined;
}

export interface TrialRequest {
  /** Documents with the same key are the same document: what was built for one trial is used for the next. */
  readonly documentKey: string;
  /** The state to try the update on. Grows with every piece appended to the document; never reused. */
  readonly version: number;
  /**
   * The pieces after `version` (null: all of them) up to the request's version. May hand out more than it was asked for:
   * what is known already is ignored.
   */
  readonly piecesSince: (version: number | null) => Pieces;
  /** Yjs's encoding of the document's state vector: the update is cut to what lies beyond it. */
  readonly stateVector: Uint8Array;
  readonly update: Uint8Array;
}

export type TrialRefusal =
  /** `applyUpdate` threw. */
  | "threw"
  /** It left structs or deletions pending: something it builds upon is missing. */
  | "not-closed"
  /** Afterwards the document has another state than the update promised, or takes no more edits. */
  | "wedged"
  /** It took longer than the trial's limit; the thread was killed. */
  | "too-slow"
  /** The thread died of it, of its memory limit for one. */
  | "crashed";

export interface TrialAccepted {
  readonly kind: "accepted";
  /** Of the update cut to what lies beyond the state vector, with what of it is under keys; its delete set is kept whole. */
  readonly scanned: ScannedUpdate;
  /** What applying it took, the document's building not counted. */
  readonly integrateMs: number;
  readonly integrateMicrosPerStruct: number;
}

export interface TrialRefused {
  readonly kind: "refused";
  readonly reason: TrialRefusal;
  /** For the log. */
  readonly detail: string;
}

export type TrialResult = TrialAccepted | TrialRefused;

export interface RootCheckRequest extends Pick<TrialRequest, "documentKey" | "version" | "piecesSince"> {
  /** The names of the root types that the update is to keep to, exactly. */
  readonly roots: readonly string[];
  /** Causally closed over the document, with no struct that the document has already. */
  readonly update: Uint8Array;
}

/** See root-check.ts. */
export type RootCheck =
  /** `update` is what came, without deletions of what is elsewhere. */
  | { readonly kind: "within"; readonly update: Uint8Array }
  /** `root`: the first name found that is none of those. */
  | { readonly kind: "outside"; readonly root: string };

/**
 * Several pieces in one message: copied into one buffer, which is transferred. A piece larger than a batch is spread over
 * several; `continues` says that the last one goes on in the next batch.
 */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
  readonly continues: boolean;
}

/** What a thread is to do. Everything large comes after it, as batches. */
export type Job =
  | { readonly kind: "compact"; readonly options: CompactOptions }
  | { readonly kind: "salvage" }
  | { readonly kind: "content" }
  | { readonly kind: "scan"; readonly stateVector: Uint8Array; readonly limits: ScanLimits }
  | { readonly kind: "diff"; readonly stateVector: Uint8Array; readonly options: DiffOptions }
  /** The last piece is the update under trial. */
  | {
      readonly kind: "trial";
      readonly documentKey: string;
      readonly version: number;
      readonly stateVector: Uint8Array;
    }
  /** The last piece is the update to be checked. */
  | {
      readonly kind: "root-check";
      readonly documentKey: string;
      readonly version: number;
      readonly roots: readonly string[];
    };

/** Main thread → document thread. One job at a time: begin, batches, end. */
export type Request =
  | { readonly kind: "begin"; readonly job: Job }
  | { readonly kind: "batch"; readonly batch: Batch }
  | { readonly kind: "end" }
  /** Answers a `batch`: the next one may come. Keeps a long result from arriving in one turn of the event loop. */
  | { readonly kind: "next" }
  /** The pieces broke off: drop the job. Not answered. */
  | { readonly kind: "abort" }
  /** Drop the cached document. Not answered. */
  | { readonly kind: "forget"; readonly documentKey: string };

/** Document thread → main thread. */
export type Response =
  /** A job has begun: the pieces after this version are wanted (null: all). */
  | { readonly kind: "ready"; readonly version: number | null }
  /** The document of a trial or a check is complete, its update comes now: another time limit applies. */
  | { readonly kind: "built" }
  | { readonly kind: "compacted"; readonly compacted: Compacted }
  | { readonly kind: "salvaged"; readonly salvaged: Salvaged }
  /** UTF-8. */
  | { readonly kind: "content"; readonly json: Uint8Array }
  /** A diff's next updates. */
  | { readonly kind: "batch"; readonly batch: Batch }
  /** A diff's last batch was the one before. */
  | { readonly kind: "done" }
  | { readonly kind: "scanned"; readonly outcome: PackedScanOutcome }
  | { readonly kind: "tried"; readonly result: PackedTrialResult }
  | { readonly kind: "checked"; readonly check: RootCheck }
  | { readonly kind: "failed"; readonly failure: JobFailure };

type ScannedLists = Pick<ScannedUpdate, "blocks" | "deletions" | "bornDeleted" | "dependencies">;

/** A scanned update between threads: see packed-scan.ts. */
export interface PackedScan {
  readonly facts: Omit<ScannedUpdate, keyof ScannedLists | "keyed">;
  readonly lists: Readonly<Record<keyof ScannedLists, Float64Array>>;
  readonly keyed: Readonly<Record<keyof Keyed, Float64Array>> | undefined;
}

export type PackedScanOutcome =
  | { readonly kind: "scanned"; readonly scan: PackedScan }
  | { readonly kind: "refused"; readonly code: UpdateErrorCode; readonly message: string };

export type PackedTrialResult = (Omit<TrialAccepted, "scanned"> & { readonly scan: PackedScan }) | TrialRefused;

/** A WorkerError on its way between threads. */
export interface JobFailure {
  readonly code: "failed" | "lossy";
  readonly message: string;
  readonly pieceIndex: number | undefined;
}
