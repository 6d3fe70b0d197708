/**
 * Rooms, log, storage and workers, wired, without anything that clients reach them by. A server puts adapters before it; so
 * does a test that simulates network, disk and time, and the command line uses one without any.
 */
import { randomUUID } from "node:crypto";
import { maxUpdateHeaderBytes } from "@syncline/protocol";
import { everybodyMayWrite, type Authorize } from "./connection/authorize.js";
import { Grants } from "./connection/grants.js";
import { AgreedRates } from "./connection/agreed-rates.js";
import { ReadingTurns } from "./connection/reading-turns.js";
import { Revocations, type RevocationLog, type Revoked } from "./connection/revocations.js";
import type { ConnectionServices } from "./connection/services.js";
import { Strikes } from "./connection/strikes.js";
import { createSynclineWire } from "./connection/syncline-wire.js";
import type { Framing } from "./connection/transport.js";
import { createYWebsocketWire } from "./connection/y-websocket-wire.js";
import { Documents } from "./documents/documents.js";
import { SynclineError } from "./error.js";
import type { Logger } from "./logger.js";
import type { ServerLimits } from "./options.js";
import { Refusals } from "./refusals.js";
import { Backlog } from "./room/backlog.js";
import { RepeatedUpdates } from "./room/repeated-updates.js";
import { Rooms } from "./room/rooms.js";
import { KeptClaims } from "./room/kept-claims.js";
import { createSegmentCache } from "./room/segment-cache.js";
import { shareSegmentDiffs } from "./room/segment-diff.js";
import { CommitQueue } from "./storage/commit-queue.js";
import type { Storage } from "./storage/storage.js";
import type { Timers } from "./timers.js";
import { version } from "./version.js";
import type { WorkerPool } from "./worker/worker-pool.js";

/** What threads do for an engine, or whoever does it in their place. */
export type Workers = Pick<
  WorkerPool,
  "compact" | "content" | "diff" | "forget" | "salvage" | "scan" | "trial" | "checkRoots" | "close"
>;

export interface EngineOptions {
  readonly storage: Storage;
  readonly workers: Workers;
  readonly relay: "durable" | "immediate";
  /** As `ServerOptions` has it. @default "enforce" */
  readonly clientIds?: "enforce" | "log";
  readonly limits: ServerLimits;
  readonly timers: Timers;
  readonly logger: Logger;
  /** @default everybody may write */
  readonly authorize?: Authorize;
  /** What was revoked before. @default nothing */
  readonly revocations?: Revocations;
  /** Where what is revoked outlives the process. @default nowhere */
  readonly revocationLog?: RevocationLog;
  /** A random name, unique for ever. @default randomUUID */
  readonly newId?: () => string;
  /** Milliseconds since 1970. @default Date.now */
  readonly wallClock?: () => number;
}

export class Engine {
  readonly documents: Documents;
  readonly rooms: Rooms;
  readonly refusals: Refusals;
  readonly #options: EngineOptions;
  readonly #commitQueue: CommitQueue;
  readonly #backlog: Backlog;
  readonly #grants: Grants;
  readonly #revocations: Revocations;
  readonly #strikes: Strikes;
  readonly #readingTurns: ReadingTurns;
  readonly #agreedRates: AgreedRates;
  readonly #newId: () => string;
  readonly #wallClock: () => number;

  constructor(options: EngineOptions) {
    const { storage, workers, limits, relay, timers, logger } = options;
    const { clientIds = "enforce", newId = randomUUID, wallClock = () => Date.now() } = options;
    this.#options = options;
    this.refusals = new Refusals(logger, timers);
    this.#revocations = options.revocations ?? new Revocations();
    this.#grants = new Grants(this.#revocations);
    this.#strikes = new Strikes(timers, this.refusals);
    this.#newId = newId;
    this.#wallClock = wallClock;
    this.#commitQueue = new CommitQueue({ storage, timers, logger, commitIntervalMs: limits.commitIntervalMs });
    this.#backlog = new Backlog(limits.maxBacklogBytes);
    const backlogPart = () => this.#backlog.byteCount / limits.maxBacklogBytes;
    this.#readingTurns = new ReadingTurns({ timers, backlogPart });
    this.#agreedRates = new AgreedRates(timers);
    this.rooms = new Rooms({
      storage,
      commitQueue: this.#commitQueue,
      backlog: this.#backlog,
      workers,
      diffSegments: shareSegmentDiffs(workers),
      segmentCache: createSegmentCache(limits.segmentCacheBytes),
      keptClaims: new KeptClaims(),
      repeatedUpdates: new RepeatedUpdates(),
      timers,
      wallClock,
      logger,
      refusals: this.refusals,
      newGeneration: newId,
      limits: { ...limits, relay, clientIds },
    });
    this.documents = new Documents({ rooms: this.rooms, storage, workers, newGeneration: newId, wallClock });
  }

  /** False while the store refuses writes. */
  get isHealthy(): boolean {
    return this.#commitQueue.isHealthy;
  }

  /** Bytes admitted that are not on disk yet. */
  get backlogBytes(): number {
    return this.#backlog.byteCount;
  }

  /** What connections need of it, their bytes put into frames by `framing`. */
  connectionServices(framing: Framing): ConnectionServices {
    const { limits, timers, logger, authorize = everybodyMayWrite } = this.#options;
    return {
      rooms: this.rooms,
      timers,
      wallClock: this.#wallClock,
      authorize,
      revocations: this.#revocations,
      authorizeTimeoutMs: limits.authorizeTimeoutMs,
      grants: this.#grants,
      refusals: this.refusals,
      strikes: this.#strikes,
      readingTurns: this.#readingTurns,
      agreedRates: this.#agreedRates,
      logger,
      framing,
      wires: { yWebsocket: createYWebsocketWire(framing), syncline: createSynclineWire(framing) },
      heartbeatMs: limits.heartbeatMs,
      helloTimeoutMs: limits.helloTimeoutMs,
      readOnlyAllowanceMs: limits.readOnlyAllowanceMs,
      maxFrameBytes: limits.maxFrameBytes,
      maxMessageBytes: Math.min(limits.maxFrameBytes, limits.maxUpdateBytes + maxUpdateHeaderBytes),
      maxRoomsPerConnection: limits.maxRoomsPerConnection,
      eventLimits: limits,
      newConnectionId: this.#newId,
      serverName: `syncline ${version}`,
    };
  }

  /**
   * Ends the access of all that `revoked` names: tokens made until now are not accepted any more, and who has a document open by
   * one is authorized anew at once. Resolves with how many were sent away.
   *
   * @throws {SynclineError} `invalid-option` when it names nothing; what writing it down throws, when the rest is done
   */
  async revoke(revoked: Revoked): Promise<number> {
    assertNames(revoked);
    const { subject, tokenId, documentName } = revoked;
    const revocation = { subject, tokenId, documentName, revokedAt: this.#wallClock() };
    this.#revocations.add(revocation);
    // Nobody stays in because a disk is slow, or full.
    const written = this.#options.revocationLog?.append(revocation);
    written?.catch(() => undefined);
    const { goneCount } = await this.#grants.recheck(revoked);
    await written;
    return goneCount;
  }

  /** Authorizes all anew that `revoked` names, who then go on with what they are granted now. Resolves with how many. */
  async reauthorize(revoked: Revoked = {}): Promise<number> {
    return (await this.#grants.recheck(revoked)).count;
  }

  /** Resolves when everything received is on disk or refused, or when `signal` says that nobody waits any more. */
  async settled(signal?: AbortSignal): Promise<void> {
    await this.rooms.settled(signal);
  }

  /** Lets go of everything. What was not committed by then never will be. */
  async close(): Promise<void> {
    await this.#commitQueue.close();
    await this.rooms.close();
    await this.#options.workers.close();
    await this.#options.storage.close();
  }
}

function assertNames({ subject, tokenId, documentName }: Revoked): void {
  if (subject !== undefined || tokenId !== undefined || documentName !== undefined) return;
  throw new SynclineError(
    "invalid-option",
    "revoke takes a subject, a tokenId or a documentName: to end all access, change the key",
  );
}
