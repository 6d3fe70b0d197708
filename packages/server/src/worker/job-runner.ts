/** The thread's side of the exchange in jobs.ts: takes a job's pieces, runs it, answers. Knows no thread, only `post`. */
import { messageOf } from "../error.js";
import { BatchReader, batchesOf, transferablesOf } from "./batch.js";
import { compact } from "./compact.js";
import { contentOf } from "./content.js";
import { diff } from "./diff.js";
import { WorkerError } from "./error.js";
import type { Batch, Compacted, Job, JobFailure, Request, Response, ScanRequest, TrialResult } from "./jobs.js";
import { scanLarge } from "./large-update.js";
import { buffersOfScan, packScan } from "./packed-scan.js";
import { salvage } from "./salvage.js";
import { Trials } from "./trial.js";

export type Post = (response: Response, transfer?: readonly ArrayBuffer[]) => void;

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "receiving"; readonly job: Job; readonly batches: Batch[] }
  | { readonly kind: "sending"; readonly batches: Iterator<Batch> };

export class JobRunner {
  readonly #post: Post;
  readonly #trials = new Trials();
  #state: State = { kind: "idle" };

  constructor(post: Post) {
    this.#post = post;
  }

  handle(request: Request): void {
    switch (request.kind) {
      case "begin":
        return this.#begin(request.job);
      case "batch":
        if (this.#state.kind === "receiving") this.#state.batches.push(request.batch);
        return;
      case "end":
        return this.#end();
      case "next":
        return this.#sendNext();
      case "abort":
        this.#state = { kind: "idle" };
        return;
      case "forget":
        return this.#trials.forget(request.documentKey);
    }
  }

  #begin(job: Job): void {
    this.#state = { kind: "receiving", job, batches: [] };
    this.#post({ kind: "ready", version: "documentKey" in job ? this.#trials.versionOf(job.documentKey) : null });
  }

  #end(): void {
    if (this.#state.kind !== "receiving") return;
    const { job, batches } = this.#state;
    this.#state = { kind: "idle" };
    try {
      this.#run(job, piecesOf(batches));
    } catch (cause) {
      this.#post({ kind: "failed", failure: failureOf(cause) });
    }
  }

  #run(job: Job, pieces: Iterable<Uint8Array>): void {
    switch (job.kind) {
      case "compact": {
        const compacted = compact(pieces, job.options);
        return this.#post({ kind: "compacted", compacted }, buffersOf(compacted));
      }
      case "salvage": {
        const salvaged = salvage(pieces);
        const { compacted, leftover } = salvaged;
        const buffers = leftover === undefined ? [] : [leftover.buffer as ArrayBuffer];
        return this.#post({ kind: "salvaged", salvaged }, [...buffersOf(compacted), ...buffers]);
      }
      case "content": {
        const json = contentOf(pieces);
        return this.#post({ kind: "content", json }, [json.buffer as ArrayBuffer]);
      }
      case "scan": {
        const [update] = pieces;
        if (update === undefined) throw new WorkerError("failed", "a scan without an update");
        return this.#scan({ ...job, update });
      }
      case "diff":
        this.#state = { kind: "sending", batches: batchesOf(diff(pieces, job.stateVector, job.options)) };
        return this.#sendNext();
      case "trial":
      case "root-check":
        return this.#judge(job, [...pieces]);
    }
  }

  #judge(job: Extract<Job, { readonly documentKey: string }>, pieces: Uint8Array[]): void {
    const { documentKey } = job;
    const update = pieces.pop();
    if (update === undefined) throw new WorkerError("failed", `a ${job.kind} without an update`);
    this.#trials.build(documentKey, job.version, pieces);
    this.#post({ kind: "built" });
    if (job.kind === "trial") {
      this.#tried(this.#trials.apply(documentKey, update, job.stateVector));
    } else {
      this.#post({ kind: "checked", check: this.#trials.check(documentKey, update, job.roots) });
    }
  }

  #scan(request: ScanRequest): void {
    const outcome = scanLarge(request);
    if (outcome.kind === "refused") {
      const { code, message } = outcome.error;
      return this.#post({ kind: "scanned", outcome: { kind: "refused", code, message } });
    }
    const scan = packScan(outcome.scanned, { isKept: false });
    this.#post({ kind: "scanned", outcome: { kind: "scanned", scan } }, buffersOfScan(scan));
  }

  #tried(result: TrialResult): void {
    if (result.kind === "refused") return this.#post({ kind: "tried", result });
    const { scanned, ...figures } = result;
    // The document may hold views of what was applied to it.
    const scan = packScan(scanned, { isKept: true });
    this.#post({ kind: "tried", result: { ...figures, scan } }, buffersOfScan(scan));
  }

  #sendNext(): void {
    if (this.#state.kind !== "sending") return;
    const next = this.#state.batches.next();
    if (next.done === true) {
      this.#state = { kind: "idle" };
      this.#post({ kind: "done" });
    } else {
      this.#post({ kind: "batch", batch: next.value }, transferablesOf(next.value));
    }
  }
}

/** Made when they are asked for: 260,000 views at once would weigh more than what they show. Can be iterated again. */
function piecesOf(batches: readonly Batch[]): Iterable<Uint8Array> {
  return {
    *[Symbol.iterator]() {
      const reader = new BatchReader();
      for (const batch of batches) yield* reader.read(batch);
    },
  };
}

function failureOf(cause: unknown): JobFailure {
  const isLossy = cause instanceof WorkerError && cause.code === "lossy";
  const pieceIndex = cause instanceof WorkerError ? cause.pieceIndex : undefined;
  return { code: isLossy ? "lossy" : "failed", message: messageOf(cause), pieceIndex };
}

function buffersOf({ segments, stateVector, deleteSetUpdate, contents }: Compacted): ArrayBuffer[] {
  return [...segments, stateVector, deleteSetUpdate, contents].map((bytes) => bytes.buffer as ArrayBuffer);
}
