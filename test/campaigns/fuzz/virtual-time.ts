/** A clock of its own: nothing waits, and what is due at the same time comes in the order in which it was asked for. */
import type { Timers } from "@syncline/server/engine";

interface Due {
  readonly atMs: number;
  readonly callback: () => void;
}

export class VirtualTime implements Timers {
  #nowMs = 0;
  #due = new Set<Due>();

  now(): number {
    return this.#nowMs;
  }

  /** How many callbacks somebody waits for. */
  get dueCount(): number {
    return this.#due.size;
  }

  after(delayMs: number, callback: () => void): () => void {
    const due = { atMs: this.#nowMs + Math.max(delayMs, 0), callback };
    this.#due.add(due);
    return () => void this.#due.delete(due);
  }

  soon(callback: () => void): void {
    this.after(0, callback);
  }

  /** Runs all that is due until `untilMs`, and every promise that can settle, in between and afterwards. */
  async runUntil(untilMs: number): Promise<void> {
    for (;;) {
      await promisesSettled();
      const next = this.#next();
      if (!next || next.atMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      for (const due of [...this.#due].filter(({ atMs }) => atMs === next.atMs)) {
        // One of those before it may have called it off.
        if (this.#due.delete(due)) due.callback();
      }
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #next(): Due | undefined {
    let next: Due | undefined;
    for (const due of this.#due) if (!next || due.atMs < next.atMs) next = due;
    return next;
  }
}

/** Of one process. */
export interface Life {
  isOver: boolean;
}

/** Nothing that a process was about to do happens when it is over. */
export function timersOf(time: VirtualTime, life: Life): Timers {
  const unlessOver = (callback: () => void) => () => {
    if (!life.isOver) callback();
  };
  return {
    now: () => time.now(),
    after: (delayMs, callback) => time.after(delayMs, unlessOver(callback)),
    soon: (callback) => time.soon(unlessOver(callback)),
  };
}

/** Nothing here waits for the outside: when the event loop comes round, all that could go on did. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
