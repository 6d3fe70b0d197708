/** How long a client may stay on what it was granted: says so a while before the end, and at the end. Knows no tokens. */
import type { Timers } from "../timers.js";

export interface LeaseOptions {
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** Once for each span that was granted, while there is time to renew it. */
  readonly expiring: (expiresInMs: number) => void;
  readonly expired: () => void;
}

/** How long before the end it says so; at half of a span that is shorter than twice this. */
const noticeMs = 30_000;

/** The clock may be set meanwhile, and timers count 24 days at most: no wait is longer. */
const longestWaitMs = 60 * 60_000;

export class Lease {
  readonly #options: LeaseOptions;
  #cancel: (() => void) | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Runs until `expiresAtMs`, in milliseconds since 1970, whatever it ran until before. `Infinity`: for ever. */
  renew(expiresAtMs: number): void {
    this.end();
    if (expiresAtMs === Infinity) return;
    const leftMs = expiresAtMs - this.#options.wallClock();
    this.#at(expiresAtMs - Math.min(noticeMs, leftMs / 2), () => this.#notice(expiresAtMs));
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #notice(expiresAtMs: number): void {
    const { wallClock, expiring, expired } = this.#options;
    // First, as its callee may renew.
    this.#at(expiresAtMs, expired);
    const leftMs = expiresAtMs - wallClock();
    if (leftMs > 0) expiring(leftMs);
  }

  /** By the wall clock, so that who sets it does not make a grant longer. */
  #at(dueMs: number, callback: () => void): void {
    const { timers, wallClock } = this.#options;
    const waitMs = Math.min(Math.max(dueMs - wallClock(), 0), longestWaitMs);
    this.#cancel = timers.after(waitMs, () => {
      if (wallClock() < dueMs) return this.#at(dueMs, callback);
      this.#cancel = undefined;
      callback();
    });
  }
}
