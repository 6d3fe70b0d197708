/** What all rooms of a server share, and the limits they keep. Wired in server.ts. */
import type { Logger } from "../logger.js";
import type { Refusals } from "../refusals.js";
import type { CommitQueue } from "../storage/commit-queue.js";
import type { Storage } from "../storage/storage.js";
import type { Timers } from "../timers.js";
import type { WorkerPool } from "../worker/worker-pool.js";
import type { Backlog } from "./backlog.js";
import type { DiffSegments } from "./catch-up.js";
import type { PresenceLimits } from "./presence.js";
import type { RepeatedUpdates } from "./repeated-updates.js";
import type { RoomSizeLimits } from "./room-size.js";
import type { KeptClaims } from "./kept-claims.js";
import type { SegmentCache } from "./segment-cache.js";

export interface RoomServices {
  readonly storage: Storage;
  readonly commitQueue: CommitQueue;
  readonly workers: Pick<WorkerPool, "compact" | "salvage" | "scan" | "trial" | "checkRoots" | "forget">;
  readonly backlog: Backlog;
  readonly diffSegments: DiffSegments;
  readonly segmentCache: SegmentCache;
  readonly keptClaims: KeptClaims;
  readonly repeatedUpdates: RepeatedUpdates;
  readonly timers: Timers;
  /** Milliseconds since 1970, for what is kept longer than the process lives. */
  readonly wallClock: () => number;
  readonly logger: Logger;
  readonly refusals: Pick<Refusals, "note">;
  /** A random name for a document's generation. */
  readonly newGeneration: () => string;
  readonly limits: RoomLimits;
}

export interface RoomLimits extends PresenceLimits, RoomSizeLimits {
  /** `durable`: others see an edit when it is on disk. `immediate`: at once, a power cut may take it back. */
  readonly relay: "durable" | "immediate";
  /** Updates under a Yjs client id that is another person's: refused, or counted and taken. */
  readonly clientIds: "enforce" | "log";
  /** A larger update is rejected. */
  readonly maxUpdateBytes: number;
  readonly maxStructsPerUpdate: number;
  /** Ranges of ids, not ids. */
  readonly maxDeletionsPerUpdate: number;
  /** No more may have a room open at a time. */
  readonly maxMembersPerRoom: number;
  /** A member with more than this unsent is left behind until it has read it. */
  readonly maxUnsentBytes: number;
  /** How long a member may take to read what it was sent before its connection is closed. */
  readonly lagAllowanceMs: number;
  /** What a slow link is granted on top of that, for what it has yet to read. */
  readonly slowestReadBytesPerSecond: number;
  /** How much of each log's end is kept in memory. */
  readonly tailCacheBytes: number;
  /** A log is compacted when what came since the snapshot weighs more than this, and twice the snapshot. */
  readonly compactAboveBytes: number;
  /** A room without members is unloaded after this long. */
  readonly unloadAfterMs: number;
}
