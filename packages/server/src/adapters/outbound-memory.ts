/**
 * What all clients together leave unread, in this process. Each of them has limits of its own; this one is for the many who
 * stay below them. When it is reached, those go who hold the most. A frame that several are sent is in memory once: it counts
 * as a part for each of them, or everybody who opens a large document at once would be taken for too much.
 */
import { closeCodes, type CloseCode } from "@syncline/protocol";
import type { Refusals } from "../refusals.js";

/** A transport, as far as its memory goes. */
export interface Holder {
  readonly unsentBytes: number;
  /** Those of the frames among them that others may hold, too. */
  readonly unsentSharedFrames?: readonly Uint8Array[];
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
    // Nobody holds more than that: who shares what is asked only when it matters.
    if (sumBytes > this.#maxBytes) sumBytes = this.#free();
    this.#atMostBytes = sumBytes;
  }

  /** Closes the largest until the rest is within the limit. Returns what that is. */
  #free(): number {
    const reason = "the clients of this server leave too much unread, this one the most; come back later";
    const holderCounts = this.#holderCounts();
    const largestFirst = [...this.#holders]
      .map((holder) => ({ holder, partBytes: partOf(holder, holderCounts) }))
      .sort((a, b) => b.partBytes - a.partBytes);
    let leftBytes = largestFirst.reduce((sumBytes, { partBytes }) => sumBytes + partBytes, 0);
    for (const { holder, partBytes } of largestFirst) {
      if (leftBytes <= this.#maxBytes) break;
      leftBytes -= partBytes;
      this.#holders.delete(holder);
      this.#refusals.note("capacity", reason, { unsentBytes: holder.unsentBytes });
      holder.close(closeCodes.tooSlow, reason);
    }
    return leftBytes;
  }

  /** How many hold each shared frame. */
  #holderCounts(): ReadonlyMap<Uint8Array, number> {
    const counts = new Map<Uint8Array, number>();
    for (const { unsentSharedFrames = [] } of this.#holders) {
      for (const frame of unsentSharedFrames) counts.set(frame, (counts.get(frame) ?? 0) + 1);
    }
    return counts;
  }
}

/** The parts of all holders are what is in memory. */
function partOf(
  { unsentBytes, unsentSharedFrames = [] }: Holder,
  holderCounts: ReadonlyMap<Uint8Array, number>,
): number {
  let partBytes = unsentBytes;
  for (const frame of unsentSharedFrames) partBytes -= frame.length * (1 - 1 / (holderCounts.get(frame) ?? 1));
  return partBytes;
}
