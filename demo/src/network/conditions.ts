/** How good a pane's network is. At rest it is as it really is; a visitor makes it worse. */

export interface NetworkQuality {
  /** What it takes a packet to get to the server and back, in addition to what it really takes. */
  readonly roundTripMs: number;
  /** Of a hundred packets, in either direction. */
  readonly lossPercent: number;
}

export const longestRoundTripMs = 2_000;
export const largestLossPercent = 40;
const atRest: NetworkQuality = { roundTripMs: 0, lossPercent: 0 };

export class NetworkConditions implements NetworkQuality {
  #quality = atRest;
  readonly #listeners = new Set<() => void>();

  get roundTripMs(): number {
    return this.#quality.roundTripMs;
  }

  get lossPercent(): number {
    return this.#quality.lossPercent;
  }

  get isAtRest(): boolean {
    return this.roundTripMs === 0 && this.lossPercent === 0;
  }

  /** "300 ms, 5 % loss"; empty at rest. */
  get summary(): string {
    const { roundTripMs, lossPercent } = this.#quality;
    const parts = [roundTripMs > 0 ? `${roundTripMs} ms` : "", lossPercent > 0 ? `${lossPercent} % loss` : ""];
    return parts.filter((part) => part !== "").join(", ");
  }

  /** What is out of bounds is brought within: 0 to 2,000 ms, 0 to 40 %. */
  change(quality: Partial<NetworkQuality>): void {
    const { roundTripMs, lossPercent } = { ...this.#quality, ...quality };
    this.#quality = {
      roundTripMs: within(roundTripMs, longestRoundTripMs),
      lossPercent: within(lossPercent, largestLossPercent),
    };
    for (const listener of [...this.#listeners]) listener();
  }

  reset(): void {
    this.change(atRest);
  }

  /** Returns what ends it. */
  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => void this.#listeners.delete(onChange);
  }
}

function within(value: number, largest: number): number {
  return Math.min(largest, Math.max(0, value));
}
