/** One document thread as the main thread sees it: requests go in, responses come out in order, or it is dead. */
import { messageOf } from "../error.js";
import { Worker } from "node:worker_threads";
import type { Timers } from "../timers.js";
import { WorkerError } from "./error.js";
import type { Request, Response } from "./jobs.js";
import { TrialClock, type CpuMeter, type TrialLimit } from "./trial-clock.js";

export interface DocumentThreadOptions {
  readonly workerUrl: URL;
  readonly maxHeapMegabytes: number;
  readonly cpuMeterOf: (worker: Worker) => CpuMeter;
  readonly timers: ThreadTimers;
}

type ThreadTimers = Pick<Timers, "after" | "soon">;

interface Waiter {
  readonly resolve: (response: Response) => void;
  readonly reject: (error: WorkerError) => void;
  readonly stopClock: () => void;
}

export class DocumentThread {
  readonly #worker: Worker;
  readonly #cpu: CpuMeter;
  readonly #timers: ThreadTimers;
  readonly #responses: Response[] = [];
  #waiter: Waiter | undefined;
  #onDeath: ((cause: WorkerError) => void) | undefined;
  #deathCause: WorkerError | undefined;

  constructor({ workerUrl, maxHeapMegabytes, cpuMeterOf, timers }: DocumentThreadOptions) {
    this.#timers = timers;
    this.#worker = new Worker(workerUrl, { resourceLimits: { maxOldGenerationSizeMb: maxHeapMegabytes } });
    this.#cpu = cpuMeterOf(this.#worker);
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
    return this.#receive((end) => this.#timers.after(limitMs, () => end(`no answer within ${limitMs} ms`)));
  }

  /**
   * As `receive`, but the limit is one of the CPU time that the thread uses: see trial-clock.ts.
   *
   * @throws {WorkerError} as `receive`; the message of a `timeout` says which limit it was.
   */
  receiveVerdict(limit: TrialLimit): Promise<Response> {
    return this.#receive((onEnd) => {
      const clock = new TrialClock({ limit, cpu: this.#cpu, timers: this.#timers, onEnd });
      return () => clock.stop();
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

  #receive(startClock: (end: (reason: string) => void) => () => void): Promise<Response> {
    const response = this.#responses.shift();
    if (response !== undefined) return Promise.resolve(response);
    if (this.#deathCause !== undefined) return Promise.reject(this.#deathCause);
    return new Promise((resolve, reject) => {
      const stopClock = startClock((reason) => void this.kill(new WorkerError("timeout", reason)));
      this.#waiter = { resolve, reject, stopClock };
    });
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
    waiter?.stopClock();
    return waiter;
  }
}

function deathBy(cause: unknown): WorkerError {
  const isOutOfMemory = cause instanceof Error && "code" in cause && cause.code === "ERR_WORKER_OUT_OF_MEMORY";
  return new WorkerError(isOutOfMemory ? "out-of-memory" : "crashed", messageOf(cause), { cause });
}
