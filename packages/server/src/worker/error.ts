/** Why a job for the worker threads came to nothing. Knows neither threads nor Yjs, so that every layer above may import it. */

export type WorkerErrorCode =
  /** The job took longer than its limit; its thread was terminated. */
  | "timeout"
  /** The thread ended by itself: an uncaught error, or `process.exit` in it. */
  | "crashed"
  /** The thread reached its heap limit. */
  | "out-of-memory"
  /** The pool was closed before the job was done. */
  | "closed"
  /** Too many jobs wait in this lane already. */
  | "busy"
  /** The job ran and failed; `pieceIndex` says at which piece, if it was one. Running it again gives the same. */
  | "failed"
  /** A compaction would drop content, and so does every other way to load the document: see `mayLoseContent`. */
  | "lossy"
  /** The caller's own `pieces` threw; `cause` is what they threw. */
  | "input";

export interface WorkerErrorOptions extends ErrorOptions {
  readonly pieceIndex?: number | undefined;
}

export class WorkerError extends Error {
  override readonly name = "WorkerError";
  readonly code: WorkerErrorCode;
  /** Counted from 0 over all pieces of the job: the piece that could not be applied. */
  readonly pieceIndex: number | undefined;

  constructor(code: WorkerErrorCode, message: string, options: WorkerErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.pieceIndex = options.pieceIndex;
  }
}
