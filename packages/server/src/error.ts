/** What the server throws at its embedder and at the command line. What a client is told is a close code. */

export type SynclineErrorCode =
  /** An option, flag or environment variable has a value that cannot be used. */
  | "invalid-option"
  /** The port is taken, or the address is not one of this machine's. */
  | "cannot-listen"
  /** Binding an address that others can reach, without authentication. */
  | "insecure-bind"
  /** The data directory cannot be created, read or written. */
  | "data-unusable"
  /** Another process has the data directory open. */
  | "data-locked"
  /** The data directory was written by another version of the format, or by another program. */
  | "data-format"
  /** A stored value failed its checksum, is missing, or cannot be understood. */
  | "data-corrupt"
  /** The store's own files are damaged: a part of them cannot be read. */
  | "store-corrupt"
  /** There is no document of that name. */
  | "document-not-found"
  /** A document of that name exists already. */
  | "document-exists"
  /** The store in use cannot do this. */
  | "not-supported"
  /** The store or server was closed before this could be done. */
  | "closed";

export class SynclineError extends Error {
  override readonly name = "SynclineError";
  readonly code: SynclineErrorCode;

  constructor(code: SynclineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether what was thrown by a store says that something is not as it was written; anything else may pass. */
export function isStoredDamage(thrown: unknown): thrown is SynclineError {
  return thrown instanceof SynclineError && (thrown.code === "data-corrupt" || thrown.code === "store-corrupt");
}

/** Whether what was thrown says that the store's own files are damaged, whatever was to be read of them. */
export function isStoreCorrupt(thrown: unknown): thrown is SynclineError {
  return thrown instanceof SynclineError && thrown.code === "store-corrupt";
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
