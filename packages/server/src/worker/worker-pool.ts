/**
 * The threads for everything that needs a real Y.Doc or is too heavy for the main one. Takes pieces, gives results, and holds
 * up the event loop for about a millisecond at a time however large they are. Loads no Yjs itself.
 */
import type { Worker } from "node:worker_threads";
import type { Timers } from "../timers.js";
import { BatchReader, BatchWriter, transferablesOf } from "./batch.js";
import type { DocumentThread } from "./document-thread.js";
import { WorkerError } from "./error.js";
import type {
  Batch,
  CompactOptions,
  Compacted,
  DiffOptions,
  Job,
  Pieces,
  Response,
  RootCheck,
  RootCheckRequest,
  Salvaged,
  ScanOutcome,
  ScanRequest,
  TrialRequest,
  TrialResult,
} from "./jobs.js";
import { unpackScanOutcome, unpackTrialResult } from "./packed-scan.js";
import { cpuMeterOf, type CpuMeter, type TrialLimit } from "./trial-clock.js";
import { WorkerLane } from "./worker-lane.js";

export interface WorkerPoolOptions {
  /** @default the compiled document-worker.js beside this file */
  readonly workerUrl?: URL | undefined;
  /** CPU time that a trial may use to apply its update, once the document is built. @default 1,000 */
  readonly trialLimitMs?: number | undefined;
  /** How long it may take, however little CPU it was given: a busy machine is no fault of the update. @default 30,000 */
  readonly trialCapMs?: number | undefined;
  /** How long building a trial's document or computing a diff may take. @default 30,000 */
  readonly buildLimitMs?: number | undefined;
  /** How long a compaction may take. @default 300,000 */
  readonly compactLimitMs?: number | undefined;
  /** How long the caller's pieces may take to arrive. @default 60,000 */
  readonly inputLimitMs?: number | undefined;
  /** A thread without work ends after this long. @default 30,000 */
  readonly idleMs?: number | undefined;
  /** Jobs that wait in a lane; one more is refused with `busy`. @default 1,000 */
  readonly maxQueuedJobs?: number | undefined;
  /** Heap of each of the two threads. @default 2,048 */
  readonly maxHeapMegabytes?: number | undefined;
  /** @default the system's, unref'd: a limit alone does not keep the process alive, the thread at work does */
  readonly timers?: PoolTimers | undefined;
  /** What tells the CPU time of a thread. @default the thread itself where Node can ask it, else the whole process */
  readonly cpuMeterOf?: ((worker: Worker) => CpuMeter) | undefined;
}

export type PoolTimers = Pick<Timers, "after" | "soon">;

const defaults = {
  trialLimitMs: 1_500,
  trialCapMs: 30_000,
  buildLimitMs: 30_000,
  compactLimitMs: 300_000,
  inputLimitMs: 60_000,
  idleMs: 30_000,
  maxQueuedJobs: 1_000,
  maxHeapMegabytes: 2_048,
};

/** A fresh thread has to load its modules before it answers. */
const startLimitMs = 10_000;

/** Handed out one by one, through iterators that each may wait: 2,048 take ten milliseconds. */
const maxPiecesPerTurn = 256;

type Settings = typeof defaults;

/** Two lanes, a thread each: nobody who joins waits for a compaction. */
export class WorkerPool {
  readonly #settings: Settings;
  readonly #timers: PoolTimers;
  readonly #compactions: WorkerLane;
  readonly #documents: WorkerLane;

  constructor(options: WorkerPoolOptions = {}) {
    this.#settings = settingsOf(options);
    this.#timers = options.timers ?? unrefTimers;
    const workerUrl = options.workerUrl ?? new URL("./document-worker.js", import.meta.url);
    const meter = options.cpuMeterOf ?? cpuMeterOf;
    const laneOptions = { ...this.#settings, workerUrl, timers: this.#timers, cpuMeterOf: meter };
    this.#compactions = new WorkerLane(laneOptions);
    this.#documents = new WorkerLane(laneOptions);
  }

  /** See compact.ts. @throws {WorkerError} `failed` keeps the index of the piece to blame, where one is. */
  compact(pieces: Pieces, options: CompactOptions = {}): Promise<Compacted> {
    return this.#compactions.run(async (thread) => {
      await this.#handOver(thread, { kind: "compact", options }, () => pieces);
      const response = await thread.receive(this.#settings.compactLimitMs);
      if (response.kind === "compacted") return response.compacted;
      throw unexpected(response);
    });
  }

  /** See salvage.ts. @throws {WorkerError} */
  salvage(pieces: Pieces): Promise<Salvaged> {
    return this.#compactions.run(async (thread) => {
      await this.#handOver(thread, { kind: "salvage" }, () => pieces);
      const response = await thread.receive(this.#settings.compactLimitMs);
      if (response.kind === "salvaged") return response.salvaged;
      throw unexpected(response);
    });
  }

  /** See diff.ts. The updates may share buffers. @throws {WorkerError} */
  diff(pieces: Pieces, stateVector: Uint8Array, options: DiffOptions = {}): Promise<Uint8Array[]> {
    return this.#documents.run(async (thread) => {
      await this.#handOver(thread, { kind: "diff", stateVector, options }, () => pieces);
      const reader = new BatchReader();
      const updates: Uint8Array[] = [];
      for (;;) {
        const response = await thread.receive(this.#settings.buildLimitMs);
        if (response.kind === "done") return updates;
        if (response.kind !== "batch") throw unexpected(response);
        updates.push(...reader.read(response.batch));
        thread.post({ kind: "next" });
      }
    });
  }

  /** The document's content as UTF-8 JSON: see content.ts. @throws {WorkerError} */
  content(pieces: Pieces): Promise<Uint8Array> {
    return this.#documents.run(async (thread) => {
      await this.#handOver(thread, { kind: "content" }, () => pieces);
      const response = await thread.receive(this.#settings.buildLimitMs);
      if (response.kind === "content") return response.json;
      throw unexpected(response);
    });
  }

  /** Looks through a large update: see large-update.ts. @throws {WorkerError} */
  scan({ update, stateVector, limits }: ScanRequest): Promise<ScanOutcome> {
    return this.#documents.run(async (thread) => {
      await this.#handOver(thread, { kind: "scan", stateVector, limits }, () => [update]);
      const response = await thread.receive(this.#settings.buildLimitMs);
      if (response.kind !== "scanned") throw unexpected(response);
      return unpackScanOutcome(response.outcome);
    });
  }

  /**
   * Tries an update on the real document. An update that takes the thread down with it, or more time than it has, is refused
   * like one that Yjs throws at; an error means that the trial did not take place.
   *
   * @throws {WorkerError}
   */
  trial(request: TrialRequest): Promise<TrialResult> {
    const { documentKey, version, stateVector } = request;
    return this.#documents.run(async (thread) => {
      const job: Job = { kind: "trial", documentKey, version, stateVector };
      await this.#handOver(thread, job, (sinceVersion) => piecesAndUpdate(request, sinceVersion));
      const response = await thread.receive(this.#settings.buildLimitMs);
      if (response.kind !== "built") throw unexpected(response);
      return this.#awaitVerdict(thread);
    });
  }

  /**
   * Whether an update keeps to some root types: see root-check.ts. The document is kept apart from those of trials by its key.
   *
   * @throws {WorkerError} `timeout` when looking took more than a trial may.
   */
  checkRoots(request: RootCheckRequest): Promise<RootCheck> {
    const { documentKey, version, roots } = request;
    return this.#documents.run(async (thread) => {
      const job: Job = { kind: "root-check", documentKey, version, roots };
      await this.#handOver(thread, job, (sinceVersion) => piecesAndUpdate(request, sinceVersion));
      const built = await thread.receive(this.#settings.buildLimitMs);
      if (built.kind !== "built") throw unexpected(built);
      const response = await thread.receiveVerdict(this.#trialLimit);
      if (response.kind === "checked") return response.check;
      throw unexpected(response);
    });
  }

  /** Drops what trials keep of this document: to be called when an accepted update was not appended after all. */
  forget(documentKey: string): void {
    this.#documents.tell({ kind: "forget", documentKey });
  }

  /** Ends the threads. Jobs not done reject with `closed`, and so does every later one. */
  async close(): Promise<void> {
    await Promise.all([this.#compactions.close(), this.#documents.close()]);
  }

  get #trialLimit(): TrialLimit {
    const { trialLimitMs, trialCapMs } = this.#settings;
    return { limitMs: trialLimitMs, capMs: trialCapMs };
  }

  async #awaitVerdict(thread: DocumentThread): Promise<TrialResult> {
    try {
      const response = await thread.receiveVerdict(this.#trialLimit);
      if (response.kind === "tried") return unpackTrialResult(response.result);
      throw unexpected(response);
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      if (error.code === "timeout") return { kind: "refused", reason: "too-slow", detail: error.message };
      if (error.code === "crashed" || error.code === "out-of-memory") {
        return { kind: "refused", reason: "crashed", detail: error.message };
      }
      throw error;
    }
  }

  async #handOver(thread: DocumentThread, job: Job, pieces: (sinceVersion: number | null) => Pieces): Promise<void> {
    thread.post({ kind: "begin", job });
    const response = await thread.receive(startLimitMs);
    if (response.kind !== "ready") throw unexpected(response);
    try {
      await thread.whileAlive(this.#feed(thread, pieces(response.version)), this.#settings.inputLimitMs);
    } catch (cause) {
      if (thread.isDead) throw cause;
      thread.post({ kind: "abort" });
      throw new WorkerError("input", "the pieces broke off", { cause });
    }
    thread.post({ kind: "end" });
  }

  /** A batch, then a turn of the event loop: sockets are served in between. */
  async #feed(thread: DocumentThread, pieces: Pieces): Promise<void> {
    const writer = new BatchWriter({ maxPieces: maxPiecesPerTurn });
    for await (const piece of pieces) {
      for (const batch of writer.add(piece)) {
        if (thread.isDead) return;
        postBatch(thread, batch);
        await new Promise<void>((resolve) => this.#timers.soon(resolve));
      }
    }
    const rest = writer.finish();
    if (rest !== undefined) postBatch(thread, rest);
  }
}

function postBatch(thread: DocumentThread, batch: Batch): void {
  thread.post({ kind: "batch", batch }, transferablesOf(batch));
}

async function* piecesAndUpdate(
  request: Pick<TrialRequest, "piecesSince" | "update">,
  sinceVersion: number | null,
): AsyncGenerator<Uint8Array> {
  yield* request.piecesSince(sinceVersion);
  yield request.update;
}

function unexpected(response: Response): WorkerError {
  if (response.kind === "failed") {
    const { code, message, pieceIndex } = response.failure;
    return new WorkerError(code, message, { pieceIndex });
  }
  return new WorkerError("crashed", `the thread answered "${response.kind}" out of turn`);
}

function settingsOf(options: WorkerPoolOptions): Settings {
  return {
    trialLimitMs: options.trialLimitMs ?? defaults.trialLimitMs,
    trialCapMs: options.trialCapMs ?? defaults.trialCapMs,
    buildLimitMs: options.buildLimitMs ?? defaults.buildLimitMs,
    compactLimitMs: options.compactLimitMs ?? defaults.compactLimitMs,
    inputLimitMs: options.inputLimitMs ?? defaults.inputLimitMs,
    idleMs: options.idleMs ?? defaults.idleMs,
    maxQueuedJobs: options.maxQueuedJobs ?? defaults.maxQueuedJobs,
    maxHeapMegabytes: options.maxHeapMegabytes ?? defaults.maxHeapMegabytes,
  };
}

const unrefTimers: PoolTimers = {
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};
