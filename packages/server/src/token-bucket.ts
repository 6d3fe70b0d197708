/** A token bucket: is used up by what is done, and refills with time up to its size. */

export class TokenBucket {
  readonly #size: number;
  readonly #perMs: number;
  #left: number;
  #refilledAtMs: number;

  /** Begins full. */
  constructor(size: number, perSecond: number, nowMs: number) {
    this.#size = this.#left = size;
    this.#perMs = perSecond / 1000;
    this.#refilledAtMs = nowMs;
  }

  /** As of the last refill, like all that follows. */
  get isFull(): boolean {
    return this.#left === this.#size;
  }

  refill(nowMs: number): void {
    this.#left = Math.min(this.#size, this.#left + (nowMs - this.#refilledAtMs) * this.#perMs);
    this.#refilledAtMs = nowMs;
  }

  has(amount: number): boolean {
    return amount <= this.#left;
  }

  take(amount: number): void {
    this.#left -= amount;
  }

  /** How long until it has `amount`, which must be no more than its size. */
  msUntil(amount: number): number {
    return Math.max(0, (amount - this.#left) / this.#perMs);
  }
}
