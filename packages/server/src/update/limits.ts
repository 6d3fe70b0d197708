/** What the scanner tolerates. Knows no room and no connection: budgets over time are theirs. */

export interface ScanLimits {
  /**
   * Bytes of one update.
   *
   * @default 67_108_864 (64 MiB)
   */
  readonly maxBytes: number;
  /**
   * The clock one past a client's last id. Yjs counts in doubles, but its V2 format doubles differences of clocks, so that they
   * lose their last bit above 2^52, and yrs (the same documents from Rust, Python, Swift) counts in 32 bits. No person
   * types 2^31 characters; only a made-up run gets there.
   *
   * @default 2_147_483_647 (2^31−1)
   */
  readonly maxClock: number;
  /**
   * Lists and objects inside each other, in JSON and in lib0's `any`. Both are read by recursion in every replica.
   *
   * @default 100
   */
  readonly maxNesting: number;
  /**
   * Structs of one update.
   *
   * @default none: segments of a snapshot may hold as many as fit into them
   */
  readonly maxStructs: number;
  /**
   * Ranges in the delete set of one update.
   *
   * @default none: a document's deletions are one update, however many
   */
  readonly maxDeletions: number;
}

export const defaultScanLimits: ScanLimits = Object.freeze({
  maxBytes: 64 * 1024 * 1024,
  maxClock: 2 ** 31 - 1,
  maxNesting: 100,
  maxStructs: Infinity,
  maxDeletions: Infinity,
});

/** For bytes that have been scanned: their limits were judged then. */
export const noScanLimits: ScanLimits = Object.freeze({
  maxBytes: Infinity,
  maxClock: Infinity,
  maxNesting: Infinity,
  maxStructs: Infinity,
  maxDeletions: Infinity,
});
