/**
 * What all clients together leave unread, in this process. Each of them has limits of its own; this one is for the many who
 * stay below them. When it is reached, those go who hold the most.
 */
import { closeCodes, type CloseCode } from "@syncline/protocol";
import type { Refusals } from "../refusals.js";

/** A transport, as far as its memory goes. */
export interface Holder {
  readonly unsentBytes: number;
  close(code: CloseCode, reason: string): void;
}

export class OutboundMemory {
  readonly #maxBytes: number;
  readonly #refusals: Refusals;
  readonly #holders = new Set<Holder>();
  /** No more is unsent than this: the sum when it was last taken, and all that was sent since. */
  #atMostBytes = 0;

  constructor(maxBytes: number, refusals: Refusals) {
    this.#maxBytes = maxBytes;
    this.#refusals = refusals;
  }

  add(holder: Holder): void {
    this.#holders.add(holder);
  }

  /** It has gone, or is about to: what it holds will be free in a moment. */
  delete(holder: Holder): void {
    this.#holders.delete(holder);
  }

  /** Notes that `byteCount` more were sent. The sum is taken only when they could be too much. */
  sent(byteCount: number): void {
    this.#atMostBytes += byteCount;
    if (this.#atMostBytes > this.#maxBytes) this.look();
  }

  /** Takes the sum; to be called now and then, lest what has left long ago counts. */
  look(): void {
    let sumBytes = 0;
    for (const { unsentBytes } of this.#holders) sumBytes += unsentBytes;
    if (sumBytes > this.#maxBytes) sumBytes = this.#free(sumBytes);
    this.#atMostBytes = sumBytes;
  }

  /** Closes the largest until the rest is within the limit. Returns what that is. */
  #free(sumBytes: number): number {
    const reason = "the clients of this server leave too much unread, this one the most; come back later";
    const largestFirst = [...this.#holders]
      .map((holder) => ({ holder, unsentBytes: holder.unsentBytes }))
      .sort((a, b) => b.unsentBytes - a.unsentBytes);
    let leftBytes = sumBytes;
    for (const { holder, unsentBytes } of largestFirst) {
      if (leftBytes <= this.#maxBytes) break;
      leftBytes -= unsentBytes;
      this.#holders.delete(holder);
      this.#refusals.note("capacity", reason, { unsentBytes });
      holder.close(closeCodes.tooSlow, reason);
    }
    return leftBytes;
  }
}
