/**
 * Clients of which is known no more than an address: how many of one address there may be at a time, and how fast they may
 * come. A client stops being a stranger when it was let into its first document.
 */
import { countedAs } from "../counted-address.js";
import type { Timers } from "../timers.js";
import { TokenBucket } from "../token-bucket.js";

export interface StrangerLimits {
  /** Of one address, at a time. */
  readonly maxStrangersPerAddress: number;
  /** New connections of one address. */
  readonly connectsPerSecond: number;
  /** New connections of one address that may come at once. */
  readonly connectBurst: number;
}

/** One client, as long as it is a stranger. */
export interface Stranger {
  /** It is no longer one: it was let in, or has left. Only the first call counts. */
  leave(): void;
}

/** What is known of an address. */
interface Known {
  strangerCount: number;
  /** Of connections that it may make. */
  readonly allowance: TokenBucket;
}

/** Strangers of one address leave when their hello is due, at the latest. */
const retryAfterSeconds = 5;

/** Addresses without a stranger that are remembered for how fast they came; beyond, the oldest are forgotten. */
const maxRemembered = 10_000;

export class Strangers {
  readonly #limits: StrangerLimits;
  readonly #timers: Pick<Timers, "now">;
  /** The one that was looked up last comes last. */
  readonly #known = new Map<string, Known>();
  #withStrangers = 0;

  constructor(limits: StrangerLimits, timers: Pick<Timers, "now">) {
    this.#limits = limits;
    this.#timers = timers;
  }

  /** How many addresses are remembered. */
  get addressCount(): number {
    return this.#known.size;
  }

  /** Takes one connection off what `address` may make. After how many seconds it may try again if it may not; else 0. */
  ask(address: string): number {
    const { allowance, strangerCount } = this.#knownOf(countedAs(address));
    allowance.refill(this.#timers.now());
    if (!allowance.has(1)) return Math.ceil(allowance.msUntil(1) / 1000);
    allowance.take(1);
    return strangerCount >= this.#limits.maxStrangersPerAddress ? retryAfterSeconds : 0;
  }

  /** A client of `address` has connected. */
  enter(address: string): Stranger {
    const known = this.#knownOf(countedAs(address));
    if (known.strangerCount++ === 0) this.#withStrangers += 1;
    let isHere = true;
    return {
      leave: () => {
        if (!isHere) return;
        isHere = false;
        if (--known.strangerCount === 0) this.#withStrangers -= 1;
      },
    };
  }

  #knownOf(key: string): Known {
    const known = this.#known.get(key) ?? this.#newlyKnown();
    this.#known.delete(key);
    this.#known.set(key, known);
    this.#forget();
    return known;
  }

  #newlyKnown(): Known {
    const { connectBurst, connectsPerSecond } = this.#limits;
    return { strangerCount: 0, allowance: new TokenBucket(connectBurst, connectsPerSecond, this.#timers.now()) };
  }

  /** Who has strangers is not forgotten: there are no more of those than connections. */
  #forget(): void {
    if (this.#known.size - this.#withStrangers <= maxRemembered) return;
    for (const [key, { strangerCount }] of this.#known) {
      if (strangerCount > 0) continue;
      this.#known.delete(key);
      return;
    }
  }
}
