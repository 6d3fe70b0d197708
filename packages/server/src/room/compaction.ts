/**
 * When a log is folded into a new snapshot, and how: read, compacted in a worker, swapped in by the store in one step.
 * The room goes on meanwhile; a compaction that fails leaves everything as it was.
 */
import { messageOf } from "../error.js";
import { StateVector } from "../update/state-vector.js";
import { WorkerError } from "../worker/error.js";
import type { Compacted } from "../worker/jobs.js";
import { isDamage } from "./damage.js";
import type { History } from "./history.js";
import type { Log } from "./log.js";
import type { RoomServices } from "./services.js";

/**
 * A snapshot is made anew when what came since weighs this many times as much: opening stays quick, and over a document's
 * life each byte is compacted a handful of times.
 */
const growthFactor = 2;

/** As above for a room that is let go, when nobody waits: what lies on the disk is then at most this much more than needed. */
const growthFactorAtRest = 0.4;
/** And this part of the weight below which a log is left alone while it is in use. */
const leastPartAtRest = 1 / 16;

/** After one that was made to make room there is none for so many times as long as it took. */
const pauseFactor = 10;

/** Whether a new snapshot may take the place of the old one. */
type SwapState =
  | { readonly kind: "allowed" }
  | { readonly kind: "under-way"; readonly swapped: Promise<unknown> }
  /** The room is out of use: others may be about to replace what it was made of. */
  | { readonly kind: "ended" };

export class Compaction {
  readonly #documentName: string;
  readonly #log: Log;
  readonly #services: RoomServices;
  #running: Promise<void> | undefined;
  #swap: SwapState = { kind: "allowed" };
  readonly #onDamage: (error: Error) => void;
  /** After a failure the next attempt waits until there is twice as much to win. */
  #notBelowWeight = 0;
  #makeRoomNotBeforeMs = Number.NEGATIVE_INFINITY;

  /** @param onDamage something of the document cannot be read or applied */
  constructor(documentName: string, log: Log, services: RoomServices, onDamage: (error: Error) => void) {
    this.#documentName = documentName;
    this.#log = log;
    this.#services = services;
    this.#onDamage = onDamage;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Whether what came since the snapshot outweighs it, so that each byte is compacted a few times in its life only. */
  get isWorthwhile(): boolean {
    return this.#outweighs(growthFactor, 1);
  }

  /** The same for a room that nobody uses. */
  get isWorthwhileAtRest(): boolean {
    return this.#outweighs(growthFactorAtRest, leastPartAtRest);
  }

  /** Resolves when the compaction that runs, or the one this call starts, is over. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#compactAsNeeded().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /**
   * Makes a new snapshot although that is not worth it yet, where deletions since may have made the document smaller. Not more
   * often than takes a small part of the time: for a large document it is much work.
   */
  async makeRoom(): Promise<void> {
    const { timers } = this.#services;
    const startMs = timers.now();
    if (this.isRunning || startMs < this.#makeRoomNotBeforeMs || this.#log.history.weightSinceSnapshot === 0) return;
    await this.run();
    const endMs = timers.now();
    this.#makeRoomNotBeforeMs = endMs + (endMs - startMs) * pauseFactor;
  }

  /** Nothing is swapped in any more. Resolves when what is being swapped in is, whether it went well or not. */
  async end(): Promise<void> {
    const { swapped } = this.#swap.kind === "under-way" ? this.#swap : {};
    this.#swap = { kind: "ended" };
    await swapped?.catch(() => undefined);
  }

  #swapIsOver(): void {
    if (this.#swap.kind === "under-way") this.#swap = { kind: "allowed" };
  }

  #outweighs(factor: number, leastPart: number): boolean {
    const { history } = this.#log;
    const leastWeight = this.#services.limits.compactAboveBytes * leastPart;
    const threshold = Math.max(leastWeight, history.snapshotBytes * factor, this.#notBelowWeight);
    return history.weightSinceSnapshot > threshold;
  }

  /** Once, and again while what came meanwhile is worth it: after a burst nobody else looks. */
  async #compactAsNeeded(): Promise<void> {
    try {
      do await this.#compact();
      while (this.isWorthwhile);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  async #compact(): Promise<void> {
    const { storage, logger, timers } = this.#services;
    const { history } = this.#log;
    const coveredSeq = history.seq;
    if (coveredSeq === history.pointer.coveredSeq) return;
    const weightBefore = history.weightSinceSnapshot;
    const startMs = timers.now();
    logger.debug({ documentName: this.#documentName, coveredSeq }, "compacting");
    const compacted = await this.#compactUpTo(coveredSeq);
    const { segments, contents, deleteSetUpdate } = compacted;
    const snapshot = { coveredSeq, segments, contents };
    if (this.#swap.kind === "ended") throw new ReplacedMeanwhile();
    const swapped = storage.replaceSnapshot(this.#documentName, history.pointer, snapshot);
    this.#swap = { kind: "under-way", swapped };
    const pointer = await swapped.finally(() => this.#swapIsOver());
    if (!pointer) {
      await this.#log.refreshSnapshot();
      throw new ReplacedMeanwhile();
    }
    const stateVector = StateVector.decode(compacted.stateVector);
    this.#log.replaceSnapshot(pointer, { stateVector, deleteSetUpdate }, history.weightSinceSnapshot - weightBefore);
    this.#notBelowWeight = 0;
    logger.debug(
      { documentName: this.#documentName, coveredSeq, bytes: history.snapshotBytes, ms: timers.now() - startMs },
      "compacted",
    );
  }

  async #compactUpTo(coveredSeq: number): Promise<Compacted> {
    const { workers, logger } = this.#services;
    const { history } = this.#log;
    try {
      return await workers.compact(piecesUpTo(history, coveredSeq));
    } catch (thrown) {
      if (!(thrown instanceof WorkerError && thrown.code === "lossy")) throw thrown;
      // Nothing is lost that any client could still load: Yjs itself drops it wherever this document is opened.
      logger.warn({ documentName: this.#documentName }, "the document holds content that Yjs drops when it loads it");
      return workers.compact(piecesUpTo(history, coveredSeq), { mayLoseContent: true });
    }
  }

  #failed(thrown: unknown): void {
    this.#notBelowWeight = this.#log.history.weightSinceSnapshot * 2;
    const isNobodysFault = thrown instanceof ReplacedMeanwhile || isClosed(thrown);
    const fields = { documentName: this.#documentName, error: messageOf(thrown) };
    this.#services.logger[isNobodysFault ? "debug" : "warn"](fields, "a compaction failed; the log stays as it is");
    if (isDamage(thrown) || (thrown instanceof WorkerError && thrown.pieceIndex !== undefined)) this.#onDamage(thrown);
  }
}

/** The document was deleted or replaced while it was being compacted. */
class ReplacedMeanwhile extends Error {
  override readonly name = "ReplacedMeanwhile";
}

/** The server is being closed. */
function isClosed(thrown: unknown): boolean {
  return thrown instanceof WorkerError && thrown.code === "closed";
}

async function* piecesUpTo(history: History, seq: number): AsyncIterable<Uint8Array> {
  const { coveredSeq } = history.pointer;
  yield* history.segments();
  for await (const record of history.recordsSince(coveredSeq)) {
    if (record.seq > seq) return;
    yield* record.updates;
  }
}
