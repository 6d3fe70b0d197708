/**
 * Whose messages are dealt with when there are more than fit into a turn of the event loop: who has used little goes at once,
 * the others after one another, the lightest first. An idle server makes nobody wait. Knows no message.
 */
import type { Timers } from "../timers.js";
import { type Account, FairShare, newAccount, rankOf, type Spent } from "./fair-share.js";
import { LightestFirst } from "./lightest-first.js";

/** A connection with messages that wait: none is dealt with but by `next`. */
export interface Waiting {
  readonly account: Account;
  readonly hasMore: boolean;
  /** Deals with the next of its messages. */
  next(): void;
}

export interface ReadingTurnsOptions {
  readonly timers: Timers;
  /** What waits for the disk, as a part of what may. */
  readonly backlogPart: () => number;
}

/**
 * Dealing with messages takes no longer of one turn, with finding whose is next, as long as all who wait have used more than a
 * little.
 */
const turnMs = 4;
/** Then whoever is the lightest by now goes on. */
const quantumMs = 1;

export class ReadingTurns {
  readonly #timers: Timers;
  readonly #backlogPart: () => number;
  readonly #share = new FairShare();
  readonly #waiting = new Set<Waiting>();
  /** All who wait but the one that is being served: what an account has used changes only then. */
  readonly #queue = new LightestFirst<Waiting>();
  /** What was spent in this turn, all together. */
  #spentMs = 0;
  #delayMs = 0;
  #isNextTurnDue = false;
  #isPausing = false;

  constructor({ timers, backlogPart }: ReadingTurnsOptions) {
    this.#timers = timers;
    this.#backlogPart = backlogPart;
  }

  newAccount(): Account {
    return newAccount(this.#timers.now());
  }

  /** Whether a message of this connection can be dealt with at once. */
  mayGo(account: Account): boolean {
    return this.#spentMs < turnMs || this.#share.isLight(account, this.#timers.now());
  }

  /** Deals with one message by `work`. */
  spend(account: Account, byteCount: number, work: () => void): void {
    const startMs = this.#timers.now();
    try {
      work();
    } finally {
      const nowMs = this.#timers.now();
      this.#spent(account, { cpuMs: nowMs - startMs, byteCount }, nowMs);
    }
  }

  /** Calls `waiting.next()` until there is no more, in turns. */
  add(waiting: Waiting): void {
    if (!this.#waiting.has(waiting)) {
      this.#waiting.add(waiting);
      this.#enqueue(waiting);
    }
    this.#atNextTurn();
  }

  /** The connection is gone, with all that it had to say. */
  close(account: Account): void {
    this.#share.close(account);
  }

  #spent(account: Account, spent: Spent, nowMs: number): void {
    this.#share.spend(account, spent, nowMs);
    this.#spentMs += spent.cpuMs;
    if (this.#spentMs > 0) this.#atNextTurn();
  }

  #atNextTurn(): void {
    if (this.#isNextTurnDue) return;
    this.#isNextTurnDue = true;
    const askedAtMs = this.#timers.now();
    this.#timers.soon(() => {
      this.#isNextTurnDue = false;
      this.#spentMs = 0;
      this.#delayMs = this.#timers.now() - askedAtMs;
      this.#goOn(false);
    });
  }

  /** @param isRested the lightest has paused: it goes on whatever there is to do for others */
  #goOn(isRested: boolean): void {
    const startMs = this.#timers.now();
    // What it takes to find the next one is nobody's, and counts all the same.
    while (this.#spentMs < turnMs && this.#timers.now() - startMs < turnMs) {
      const lightest = this.#queue.first;
      if (!lightest) return;
      if (!isRested && this.#mustPause(lightest)) return;
      this.#queue.takeFirst();
      this.#serve(lightest);
    }
    if (this.#waiting.size > 0) this.#atNextTurn();
  }

  #mustPause({ account }: Waiting): boolean {
    const load = { delayMs: this.#delayMs, backlogPart: this.#backlogPart() };
    const pauseMs = this.#share.pauseMs(account, load, this.#timers.now());
    if (pauseMs === 0) return false;
    if (this.#isPausing) return true;
    this.#isPausing = true;
    this.#timers.after(pauseMs, () => {
      this.#isPausing = false;
      this.#goOn(true);
    });
    return true;
  }

  #serve(waiting: Waiting): void {
    const untilMs = this.#spentMs + quantumMs;
    try {
      while (waiting.hasMore && this.#spentMs < untilMs) waiting.next();
    } finally {
      if (waiting.hasMore) this.#enqueue(waiting);
      else this.#waiting.delete(waiting);
    }
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.put(waiting, rankOf(waiting.account));
  }
}
