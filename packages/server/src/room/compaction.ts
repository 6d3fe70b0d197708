/**
 * When a log is folded into a new snapshot, and how: read, compacted in a worker, swapped in by the store in one step.
 * The room goes on meanwhile; a compaction that fails leaves everything as it was.
 */
import { messageOf } from "../error.js";
import { Contents } from "../update/contents.js";
import { scanUpdate } from "../update/scan.js";
import { StateVector } from "../update/state-vector.js";
import type { History } from "./history.js";
import type { Log } from "./log.js";
import type { RoomServices } from "./services.js";

/**
 * A snapshot is made anew when what came since weighs this many times as much: opening stays quick, and over a document's
 * life each byte is compacted a handful of times.
 */
const growthFactor = 2;

export class Compaction {
  readonly #documentName: string;
  readonly #log: Log;
  readonly #services: RoomServices;
  #running: Promise<void> | undefined;
  /** After a failure the next attempt waits until there is twice as much to win. */
  #notBelowWeight = 0;

  constructor(documentName: string, log: Log, services: RoomServices) {
    this.#documentName = documentName;
    this.#log = log;
    this.#services = services;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Whether what came since the snapshot outweighs it, so that each byte is compacted a few times in its life only. */
  get isWorthwhile(): boolean {
    const { history } = this.#log;
    const { compactAboveBytes } = this.#services.limits;
    const threshold = Math.max(compactAboveBytes, history.snapshotBytes * growthFactor, this.#notBelowWeight);
    return history.weightSinceSnapshot > threshold;
  }

  /** Resolves when the compaction that runs, or the one this call starts, is over. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#compact()
      .catch((thrown: unknown) => this.#failed(thrown))
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #compact(): Promise<void> {
    const { storage, workers, logger, timers } = this.#services;
    const { history } = this.#log;
    const coveredSeq = history.seq;
    if (coveredSeq === history.pointer.coveredSeq) return;
    const weightBefore = history.weightSinceSnapshot;
    const startMs = timers.now();
    const compacted = await workers.compact(piecesUpTo(history, coveredSeq));
    const stateVector = StateVector.decode(compacted.stateVector);
    const { segments, deleteSetUpdate } = compacted;
    const contents = contentsOf(segments, deleteSetUpdate).encode();
    const snapshot = { coveredSeq, segments, contents };
    const pointer = await storage.replaceSnapshot(this.#documentName, history.pointer.epoch, snapshot);
    if (!pointer) return;
    this.#log.replaceSnapshot(pointer, { stateVector, deleteSetUpdate }, history.weightSinceSnapshot - weightBefore);
    this.#notBelowWeight = 0;
    logger.debug(
      { documentName: this.#documentName, coveredSeq, bytes: history.snapshotBytes, ms: timers.now() - startMs },
      "compacted",
    );
  }

  #failed(thrown: unknown): void {
    this.#notBelowWeight = this.#log.history.weightSinceSnapshot * 2;
    const fields = { documentName: this.#documentName, error: messageOf(thrown) };
    this.#services.logger.warn(fields, "a compaction failed; the log stays as it is");
  }
}

async function* piecesUpTo(history: History, seq: number): AsyncIterable<Uint8Array> {
  const { coveredSeq } = history.pointer;
  yield* history.segments();
  for await (const record of history.recordsSince(coveredSeq)) {
    if (record.seq > seq) return;
    yield* record.updates;
  }
}

function contentsOf(segments: readonly Uint8Array[], deleteSetUpdate: Uint8Array): Contents {
  const contents = new Contents();
  for (const update of [...segments, deleteSetUpdate]) contents.absorb(scanUpdate(update));
  return contents;
}
