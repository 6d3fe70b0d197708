/**
 * Jobs one after the other on one thread, which is started when there is work, replaced when it dies, and ended when there
 * has been none for a while. Knows what a thread is, not what a job does.
 */
import { DocumentThread, type DocumentThreadOptions } from "./document-thread.js";
import { WorkerError } from "./error.js";
import type { Request } from "./jobs.js";

export interface WorkerLaneOptions extends DocumentThreadOptions {
  readonly idleMs: number;
  readonly maxQueuedJobs: number;
}

/** A job as the lane sees it: an exchange with the thread. */
export type Exchange<Result> = (thread: DocumentThread) => Promise<Result>;

export class WorkerLane {
  readonly #options: WorkerLaneOptions;
  #thread: DocumentThread | undefined;
  #cancelIdleTimer: (() => void) | undefined;
  #queuedCount = 0;
  #isClosed = false;
  /** Settles when the job before has; never rejects. */
  #previous: Promise<unknown> = Promise.resolve();

  constructor(options: WorkerLaneOptions) {
    this.#options = options;
  }

  /** @throws {WorkerError} `busy`, `closed`, or whatever the exchange throws. */
  run<Result>(exchange: Exchange<Result>): Promise<Result> {
    if (this.#queuedCount >= this.#options.maxQueuedJobs) {
      return Promise.reject(new WorkerError("busy", `${this.#queuedCount} jobs are waiting already`));
    }
    this.#queuedCount += 1;
    const result = this.#previous.then(() => this.#runNow(exchange));
    this.#previous = result.catch(() => "whoever asked for the job has the error");
    return result;
  }

  /** Posts a request that has no answer, after the jobs asked for so far. Without a thread there is nobody to tell. */
  tell(request: Request): void {
    this.#previous = this.#previous.then(() => this.#thread?.post(request));
  }

  /** The job under way and those that wait reject with `closed`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelIdleTimer?.();
    await this.#thread?.kill(new WorkerError("closed", "the worker pool was closed"));
    await this.#previous;
  }

  async #runNow<Result>(exchange: Exchange<Result>): Promise<Result> {
    this.#queuedCount -= 1;
    if (this.#isClosed) throw new WorkerError("closed", "the worker pool was closed");
    const thread = this.#wake();
    try {
      return await exchange(thread);
    } catch (error) {
      if (!isInStep(error)) await thread.kill(new WorkerError("crashed", "the thread was given up", { cause: error }));
      throw error;
    } finally {
      this.#rest(thread);
    }
  }

  #wake(): DocumentThread {
    this.#cancelIdleTimer?.();
    if (this.#thread === undefined || this.#thread.isDead) this.#thread = new DocumentThread(this.#options);
    this.#thread.setBusy(true);
    return this.#thread;
  }

  #rest(thread: DocumentThread): void {
    if (thread.isDead) {
      this.#thread = undefined;
      return;
    }
    thread.setBusy(false);
    this.#cancelIdleTimer = this.#options.timers.after(this.#options.idleMs, () => {
      this.#thread = undefined;
      void thread.kill(new WorkerError("closed", "the thread had nothing to do"));
    });
  }
}

/** After these the thread waits for its next job; after anything else nobody knows what it is doing. */
function isInStep(error: unknown): boolean {
  return error instanceof WorkerError && ["failed", "lossy", "input"].includes(error.code);
}
