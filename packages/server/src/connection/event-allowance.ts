/** How much one member may say in application events: so many a second and so many bytes, and a burst of both. */
import type { Timers } from "../timers.js";

export interface EventLimits {
  /** Bytes of one event. */
  readonly maxEventBytes: number;
  readonly eventsPerSecond: number;
  /** Events that may come at once. */
  readonly eventBurst: number;
  /** Bytes a second, and at once. */
  readonly eventBytesPerSecond: number;
}

/** A token bucket: refills with time up to its size. */
class Bucket {
  readonly #size: number;
  readonly #perMs: number;
  #left: number;

  constructor(size: number, perSecond: number) {
    this.#size = this.#left = size;
    this.#perMs = perSecond / 1000;
  }

  get isFull(): boolean {
    return this.#left === this.#size;
  }

  refill(elapsedMs: number): void {
    this.#left = Math.min(this.#size, this.#left + elapsedMs * this.#perMs);
  }

  has(amount: number): boolean {
    return amount <= this.#left;
  }

  take(amount: number): void {
    this.#left -= amount;
  }
}

export class EventAllowance {
  readonly #timers: Timers;
  readonly #events: Bucket;
  readonly #bytes: Bucket;
  readonly #exceeded: () => void;
  #refilledAtMs: number;
  #isExceeded = false;

  /** @param exceeded called for the first event that is too much, and not again until the allowance was whole once more */
  constructor(limits: EventLimits, timers: Timers, exceeded: () => void) {
    const { maxEventBytes, eventsPerSecond, eventBurst, eventBytesPerSecond } = limits;
    this.#timers = timers;
    this.#events = new Bucket(eventBurst, eventsPerSecond);
    // The largest event must fit, or it never would.
    this.#bytes = new Bucket(Math.max(eventBytesPerSecond, maxEventBytes), eventBytesPerSecond);
    this.#exceeded = exceeded;
    this.#refilledAtMs = timers.now();
  }

  /** Whether an event of `byteCount` may be passed on. */
  take(byteCount: number): boolean {
    this.#refill();
    if (!this.#events.has(1) || !this.#bytes.has(byteCount)) {
      if (!this.#isExceeded) this.#exceeded();
      this.#isExceeded = true;
      return false;
    }
    this.#events.take(1);
    this.#bytes.take(byteCount);
    return true;
  }

  #refill(): void {
    const nowMs = this.#timers.now();
    const elapsedMs = nowMs - this.#refilledAtMs;
    this.#refilledAtMs = nowMs;
    this.#events.refill(elapsedMs);
    this.#bytes.refill(elapsedMs);
    if (this.#events.isFull && this.#bytes.isFull) this.#isExceeded = false;
  }
}
