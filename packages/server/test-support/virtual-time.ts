/** A clock that goes as fast as there is nothing to do: hours pass in moments, in the same order each time. For tests. */
import type { Timers } from "../src/timers.js";

interface Due {
  readonly atMs: number;
  /** Of what is due at the same time the first that was asked for comes first. */
  readonly order: number;
  readonly callback: () => void;
}

export class VirtualTime implements Timers {
  #nowMs = 0;
  #order = 0;
  #due: Due[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const due = { atMs: this.#nowMs + Math.max(delayMs, 0), order: this.#order++, callback };
    this.#due.push(due);
    return () => void (this.#due = this.#due.filter((other) => other !== due));
  }

  soon(callback: () => void): void {
    this.after(0, callback);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** Lets time pass until `work` is done. @throws when it waits for something that never comes. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false;
    const done = () => void (isDone = true);
    work.then(done, done);
    for (;;) {
      // Promises first: all that can go on without time passing.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (isDone) return work;
      const [next] = this.#due.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (!next) throw new Error("nothing is due, and yet it is not done");
      this.#due.shift();
      this.#nowMs = next.atMs;
      next.callback();
    }
  }
}
