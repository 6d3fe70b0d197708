/** A clock that moves when told, its timers, and chance that can be set. For tests. */
import type { Timing } from "../src/timing.js";

interface FakeTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

export class FakeTiming implements Timing {
  /** What `random` gives. */
  chance = 0.5;
  #nowMs = 1_000;
  readonly #timers = new Set<FakeTimer>();

  now(): number {
    return this.#nowMs;
  }

  random: () => number = () => this.chance;

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Fires what falls due, in order, each at its time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let next = this.#nextUntil(untilMs); next; next = this.#nextUntil(untilMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
    }
    this.#nowMs = untilMs;
  }

  /** Lets the time pass without firing anything, as while a machine sleeps; what is due fires with the next `advance`. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }

  #nextUntil(untilMs: number): FakeTimer | undefined {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= untilMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}
