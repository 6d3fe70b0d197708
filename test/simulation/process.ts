/** One life of a simulated process: when it has crashed, nothing of it happens any more. */
import type { Timers } from "@syncline/server/engine";
import type { Scheduler } from "./scheduler.js";

/** So that callbacks of one turn keep their order, as Node's do. */
const turnMs = 0.001;

export class Process {
  readonly name: string;
  readonly #scheduler: Scheduler;
  #isAlive = true;
  #lastTurnMs = 0;

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.#scheduler = scheduler;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  end(): void {
    this.#isAlive = false;
  }

  after(delayMs: number, label: string, run: () => void): () => void {
    return this.#scheduler.after(delayMs, label, () => {
      if (this.#isAlive) run();
    });
  }

  readonly timers: Timers = {
    now: () => this.#scheduler.nowMs,
    // Node takes 1 ms for the shortest delay there is.
    after: (delayMs, callback) => this.after(Math.max(1, Math.trunc(delayMs)), `${this.name} timer`, callback),
    soon: (callback) => {
      const { nowMs } = this.#scheduler;
      this.#lastTurnMs = Math.max(nowMs, this.#lastTurnMs) + turnMs;
      this.after(this.#lastTurnMs - nowMs, "", callback);
    },
  };
}
