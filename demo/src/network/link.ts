/**
 * One direction of a slow network. What goes in comes out later, once, in the order it went in: a message whose packets
 * were lost holds up all that were sent after it.
 */
import type { Timing } from "@syncline/client";
import type { NetworkConditions } from "./conditions.js";
import { transitMs } from "./transit.js";

export interface LinkOptions {
  readonly conditions: NetworkConditions;
  readonly timing: Timing;
}

interface InFlight {
  readonly byteCount: number;
  readonly arrive: () => void;
  dueMs: number;
}

export class Link {
  readonly #conditions: NetworkConditions;
  readonly #timing: Timing;
  readonly #unsubscribe: () => void;
  #inFlight: InFlight[] = [];
  #isArriving = false;
  #isClosed = false;
  #cancelTimer: () => void = () => {};

  constructor({ conditions, timing }: LinkOptions) {
    this.#conditions = conditions;
    this.#timing = timing;
    this.#unsubscribe = conditions.subscribe(() => this.#reconsider());
  }

  /** @param arrive is called when it is there: at once while nothing is wrong with the network */
  send(byteCount: number, arrive: () => void): void {
    if (this.#isClosed) return;
    const isClear = this.#conditions.isAtRest && this.#inFlight.length === 0 && !this.#isArriving;
    if (isClear) return arrive();
    const dueMs = Math.max(this.#lastDueMs(), this.#dueMs(byteCount));
    this.#inFlight.push({ byteCount, arrive, dueMs });
    if (this.#inFlight.length === 1 && !this.#isArriving) this.#schedule();
  }

  /** What is in flight never arrives. */
  close(): void {
    this.#isClosed = true;
    this.#inFlight = [];
    this.#cancelTimer();
    this.#unsubscribe();
  }

  #dueMs(byteCount: number): number {
    return this.#timing.now() + transitMs(byteCount, this.#conditions, this.#timing.random);
  }

  #lastDueMs(): number {
    return this.#inFlight.at(-1)?.dueMs ?? 0;
  }

  /** On a better network what waits is sent again at once, instead of when its long timeout is over. */
  #reconsider(): void {
    let earliestMs = 0;
    for (const message of this.#inFlight) {
      message.dueMs = Math.max(earliestMs, Math.min(message.dueMs, this.#dueMs(message.byteCount)));
      earliestMs = message.dueMs;
    }
    if (!this.#isArriving) this.#schedule();
  }

  #schedule(): void {
    this.#cancelTimer();
    const [next] = this.#inFlight;
    if (!next) return;
    this.#cancelTimer = this.#timing.setTimer(
      () => this.#arriveWhatIsDue(),
      Math.max(0, next.dueMs - this.#timing.now()),
    );
  }

  #arriveWhatIsDue(): void {
    this.#isArriving = true;
    try {
      for (let next = this.#inFlight[0]; next && next.dueMs <= this.#timing.now(); next = this.#inFlight[0]) {
        this.#inFlight.shift();
        next.arrive();
      }
    } finally {
      this.#isArriving = false;
      if (!this.#isClosed) this.#schedule();
    }
  }
}
