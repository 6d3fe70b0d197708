/**
 * Ends a trial by the CPU time it uses, not by the clock on the wall: on a busy machine a second goes by before an honest update
 * was given a tenth of it. Knows threads only by what they used.
 */
import { cpuUsage } from "node:process";
import type { Timers } from "../timers.js";

export interface TrialLimit {
  /** CPU time. */
  readonly limitMs: number;
  /** By the clock on the wall, however little was used. */
  readonly capMs: number;
}

export interface CpuMeter {
  /** Milliseconds of CPU used since some moment in the past; `undefined` when the thread can no longer be asked. */
  read(): Promise<number | undefined>;
  /** What is read may include the work of others: only that many times the limit counts as the limit. */
  readonly leniency: number;
}

export interface TrialClockOptions {
  readonly limit: TrialLimit;
  readonly cpu: CpuMeter;
  readonly timers: Pick<Timers, "after" | "soon">;
  /** Called at most once, with a sentence that says which of the two limits it was. */
  readonly onEnd: (reason: string) => void;
}

/** Runs from its making until it has ended the trial or is stopped. */
export class TrialClock {
  readonly #options: TrialClockOptions;
  readonly #startMs: Promise<number | undefined>;
  readonly #cancelCap: () => void;
  #cancelCheck: () => void = () => undefined;
  #isStopped = false;

  constructor(options: TrialClockOptions) {
    const { limit, cpu } = options;
    this.#options = options;
    this.#startMs = cpu.read();
    this.#cancelCap = this.#after(limit.capMs, () => this.#end(`trying it was not done after ${limit.capMs} ms`));
    this.#cancelCheck = this.#after(limit.limitMs, () => void this.#check());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelCap();
    this.#cancelCheck();
  }

  /** A verdict that arrived while the main thread was held up is taken first: timers come before I/O. */
  #after(delayMs: number, callback: () => void): () => void {
    const { timers } = this.#options;
    return timers.after(delayMs, () => timers.soon(callback));
  }

  async #check(): Promise<void> {
    const { limit, cpu } = this.#options;
    const [startMs, nowMs] = await Promise.all([this.#startMs, cpu.read()]);
    if (this.#isStopped || startMs === undefined || nowMs === undefined) return;
    const leftMs = limit.limitMs * cpu.leniency - (nowMs - startMs);
    if (leftMs <= 0) return this.#end(`trying it took more than ${limit.limitMs} ms of CPU time`);
    // Alone it does not use that up sooner. The last bit is not chased with one timer a millisecond.
    this.#cancelCheck = this.#after(Math.max(leftMs, limit.limitMs / 20), () => void this.#check());
  }

  #end(reason: string): void {
    if (this.#isStopped) return;
    this.stop();
    this.#options.onEnd(reason);
  }
}

/** The best that this version of Node has. @param worker a `Worker` of node:worker_threads */
export function cpuMeterOf(worker: object): CpuMeter {
  return hasOwnMeter(worker) ? threadMeter(worker) : processMeter(cpuUsage);
}

/**
 * Of the thread alone. It answers from inside its loops, as it must to be terminated: one that does not answer would not end
 * either.
 */
export function threadMeter(worker: MeteredWorker): CpuMeter {
  return {
    leniency: 1,
    read: async () => {
      try {
        return millisecondsOf(await worker.cpuUsage());
      } catch {
        // The thread has ended, or its platform does not count (SunOS). The cap remains.
        return undefined;
      }
    },
  };
}

/**
 * Of all threads of the process: never less than one of them used. On a machine so busy that it matters they get about the
 * same share, and the main thread is the one other that is always there.
 */
export function processMeter(usage: () => CpuUsage): CpuMeter {
  return { leniency: 2, read: () => Promise.resolve(millisecondsOf(usage())) };
}

/** Microseconds. */
export interface CpuUsage {
  readonly user: number;
  readonly system: number;
}

/** Since Node 24.6, and in late versions of 22. */
export interface MeteredWorker {
  cpuUsage(): Promise<CpuUsage>;
}

function hasOwnMeter(worker: object): worker is MeteredWorker {
  return "cpuUsage" in worker && typeof worker.cpuUsage === "function";
}

function millisecondsOf({ user, system }: CpuUsage): number {
  return (user + system) / 1000;
}
