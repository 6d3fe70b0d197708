/**
 * An ordered store of bytes under bytes, as far as documents need one. LevelDB is one (level.ts), memory another
 * (memory.ts); tests put failing disks beneath the same code.
 */
export interface KeyRange {
  readonly gt?: Uint8Array;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
}

export interface Bounds {
  readonly gte: Uint8Array;
  readonly lte: Uint8Array;
}

export type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** Byte arrays that are handed out belong to the caller; those that are handed in are not kept, nor changed. */
export interface KeyValueStore {
  /** @throws {SynclineError} `store-corrupt` when it finds its own files damaged; anything else may pass. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /** Entries in the order of their keys, at most `chunkLength` at a time. @throws as `get` does */
  entries(range: KeyRange, chunkLength: number): AsyncIterable<readonly Entry[]>;
  /** Keys in order. @throws as `get` does */
  keys(range: KeyRange): AsyncIterable<Uint8Array>;
  /** Writes that take effect together or not at all. */
  batch(): WriteBatch;
  /** False while it is being opened again, and when it could not be. */
  readonly isOpen: boolean;
  /**
   * Closes, if it is open, and opens again: called after a refused write, before the next. Rejects and stays open when it
   * can tell beforehand that it could not be opened again.
   */
  reopen(): Promise<void>;
  /** Makes its own files readable again, without what is damaged of them. Called after `store-corrupt`. */
  mend(): Promise<void>;
  /** Gives the space of what was deleted in `range` back to the disk, if that still takes at least `minBytes` there. */
  reclaim(range: Bounds, minBytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface WriteBatch {
  put(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): void;
  /** Resolves when everything is written; with `sync`, when it would survive a power cut. */
  write(options: { readonly sync: boolean }): Promise<void>;
}
