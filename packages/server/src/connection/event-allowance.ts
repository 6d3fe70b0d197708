/** How much one member may say in application events: so many a second and so many bytes, and a burst of both. */
import type { Timers } from "../timers.js";
import { TokenBucket } from "../token-bucket.js";

export interface EventLimits {
  /** Bytes of one event. */
  readonly maxEventBytes: number;
  readonly eventsPerSecond: number;
  /** Events that may come at once. */
  readonly eventBurst: number;
  /** Bytes a second, and at once. */
  readonly eventBytesPerSecond: number;
}

export class EventAllowance {
  readonly #timers: Timers;
  readonly #events: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #exceeded: () => void;
  #isExceeded = false;

  /** @param exceeded called for the first event that is too much, and not again until the allowance was whole once more */
  constructor(limits: EventLimits, timers: Timers, exceeded: () => void) {
    const { maxEventBytes, eventsPerSecond, eventBurst, eventBytesPerSecond } = limits;
    this.#timers = timers;
    const nowMs = timers.now();
    this.#events = new TokenBucket(eventBurst, eventsPerSecond, nowMs);
    // The largest event must fit, or it never would.
    this.#bytes = new TokenBucket(Math.max(eventBytesPerSecond, maxEventBytes), eventBytesPerSecond, nowMs);
    this.#exceeded = exceeded;
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
    this.#events.refill(nowMs);
    this.#bytes.refill(nowMs);
    if (this.#events.isFull && this.#bytes.isFull) this.#isExceeded = false;
  }
}
