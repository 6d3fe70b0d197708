/** One document thread as the main thread sees it: requests go in, responses come out in order, or it is dead. */
import { messageOf } from "../error.js";
import { Worker } from "node:worker_threads";
import type { Timers } from "../timers.js";
import { WorkerError } from "./error.js";
import type { Request, Response } from "./jobs.js";

export interface DocumentThreadOptions {
  readonly workerUrl: URL;
  readonly maxHeapMegabytes: number;
  readonly timers: Pick<Timers, "after">;
}

interface Waiter {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: WorkerError) => void;
  readonly cancelTimer: () => void;
}

export class DocumentThread {
  readonly #worker: Worker;
  readonly #timers: Pick<Timers, "after">;
  readonly #responses: Response[] = [];
  #waiter: Waiter | undefined;
  #onDeath: ((cause: WorkerError) => void) | undefined;
  #deathCause: WorkerError | undefined;

  constructor({ workerUrl, maxHeapMegabytes, timers }: DocumentThreadOptions) {
    this.#timers = timers;
    this.#worker = new Worker(workerUrl, { resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes } });
    this.#worker.on("message", (response: Response) => this.#take(response));
    this.#worker.on("error", (cause: unknown) => this.#die(deathBy(cause)));
    this.#worker.on("messageerror", (cause) => void this.kill(deathBy(cause)));
    this.#worker.on("exit", (code) => this.#die(new WorkerError("crashed", `the thread ended with code ${code}`)));
  }

  get isDead(): boolean {
    return this.#deathCause !== undefined;
  }

  /** A dead thread takes nothing; `receive` says so. */
  post(request: Request, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.isDead) this.#worker.postMessage(request, [...transfer]);
  }

  /**
   * The next response. One caller at a time.
   *
   * @throws {WorkerError} `timeout` after `limitMs`: the thread is then terminated, whatever it is doing; `crashed`,
   * `out-of-memory` or what `kill` was given when it is dead.
   */
  receive(limitMs: number): Promise<Response> {
    const response = this.#responses.shift();
    if (response !== undefined) return Promise.resolve(response);
    if (this.#deathCause !== undefined) return Promise.reject(this.#deathCause);
    return new Promise((resolve, reject) => {
      const late = new WorkerError("timeout", `no answer within ${limitMs} ms`);
      this.#waiter = { resolve, reject, cancelTimer: this.#timers.after(limitMs, () => void this.kill(late)) };
    });
  }

  /**
   * What `work` comes to, unless the thread dies before that. Not to be used together with `receive`.
   *
   * @throws {WorkerError} as `receive`; or whatever `work` throws.
   */
  whileAlive<Result>(work: Promise<Result>, limitMs: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#deathCause !== undefined) reject(this.#deathCause);
      const late = new WorkerError("timeout", `the pieces took more than ${limitMs} ms to arrive`);
      const cancelTimer = this.#timers.after(limitMs, () => void this.kill(late));
      this.#onDeath = reject;
      const finish = (): void => {
        cancelTimer();
        this.#onDeath = undefined;
      };
      work.finally(finish).then(resolve, reject);
    });
  }

  /** Terminates the thread, even inside a loop without end. Whoever waits for a response gets `cause`. */
  async kill(cause: WorkerError): Promise<void> {
    this.#die(cause);
    await this.#worker.terminate();
  }

  /** While it works for somebody, it keeps the process alive; while it idles, it does not. */
  setBusy(isBusy: boolean): void {
    if (isBusy) this.#worker.ref();
    else this.#worker.unref();
  }

  #take(response: Response): void {
    const waiter = this.#release();
    if (waiter === undefined) this.#responses.push(response);
    else waiter.resolve(response);
  }

  /** The first cause counts: what comes after it follows from it. */
  #die(cause: WorkerError): void {
    if (this.#deathCause !== undefined) return;
    this.#deathCause = cause;
    this.#release()?.reject(cause);
    this.#onDeath?.(cause);
  }

  #release(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.cancelTimer();
    return waiter;
  }
}

function deathBy(cause: unknown): WorkerError {
  const isOutOfMemory = cause instanceof Error && "code" in cause && cause.code === "ERR_WORKER_OUT_OF_MEMORY";
  return new WorkerError(isOutOfMemory ? "out-of-memory" : "crashed", messageOf(cause), { cause });
}
