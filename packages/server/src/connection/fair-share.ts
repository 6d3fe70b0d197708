/**
 * How much of the server each connection has used lately, and who is to let others go first. Only counts: it is told what was
 * spent and when, and who waits for whom is the business of reading-turns.ts.
 */

/** What it took to deal with one message. */
export interface Spent {
  /** On the event loop, until the message was handed on. */
  readonly cpuMs: number;
  readonly byteCount: number;
}

/** How busy the server is, whoever makes it so. */
export interface Load {
  /** How long a message that has just come waits for its turn. */
  readonly delayMs: number;
  /** What waits for the disk, as a part of what may. */
  readonly backlogPart: number;
}

/** One connection's. */
export interface Account {
  /** Work in ms, each counting half as much for each half-life since; as of `atMs`. */
  usageMs: number;
  atMs: number;
}

const halfLifeMs = 1_000;
/** Who has spent nothing for so long is not counted among those who share. */
const forgottenAfterMs = 5 * halfLifeMs;

/** What a message costs later: its place in the log, its way to the disk and to the others. Measured on a small machine. */
const msPerMessage = 0.05;
const msPerByte = 1 / 100_000;

/** Who has used less than this part of a fair share is not asked to wait at all. */
const lightPart = 0.5;
/** Shares differ by so much without anybody being to blame. */
const tolerance = 1.25;

/** A turn of the event loop may take so long before anybody is paused. */
const easyDelayMs = 10;
const easyBacklogPart = 1 / 4;
const maxPauseMs = 100;
/** However much more than its share a connection has used, it pauses no longer than so many times what is too much. */
const maxExcess = 4;

export class FairShare {
  /** Who spent last is last. */
  readonly #sharing = new Set<Account>();
  /** Of all who share, as of `#atMs`. */
  #totalMs = 0;
  #atMs = 0;

  spend(account: Account, { cpuMs, byteCount }: Spent, nowMs: number): void {
    const workMs = cpuMs + msPerMessage + byteCount * msPerByte;
    this.#forget(nowMs);
    account.usageMs = usageAt(account, nowMs);
    account.atMs = nowMs;
    // What it had is in the total as long as it shares.
    this.#totalMs += workMs + (this.#sharing.delete(account) ? 0 : account.usageMs);
    account.usageMs += workMs;
    this.#sharing.add(account);
  }

  /** Its connection is gone. */
  close(account: Account): void {
    if (this.#sharing.delete(account)) this.#totalMs -= usageAt(account, this.#atMs);
  }

  /** Whether it goes before all others, however much they wait. */
  isLight(account: Account, nowMs: number): boolean {
    return usageAt(account, nowMs) < lightPart * this.#shareMs(nowMs);
  }

  /**
   * How long it is to be left waiting although nobody goes before it: the longer the more it has used, and the more there is to
   * do for others. 0 for who has used no more than a fair share, and for who is alone.
   */
  pauseMs(account: Account, { delayMs, backlogPart }: Load, nowMs: number): number {
    const shareMs = this.#shareMs(nowMs);
    if (this.#sharing.size < 2 || shareMs === 0) return 0;
    const excess = usageAt(account, nowMs) / shareMs - 1;
    if (excess < tolerance - 1) return 0;
    const tooLongMs = Math.max(0, delayMs - easyDelayMs);
    const tooFull = Math.max(0, backlogPart - easyBacklogPart) / (1 - easyBacklogPart);
    return Math.min(maxPauseMs, (tooLongMs + tooFull * maxPauseMs) * Math.min(excess, maxExcess));
  }

  /** What each would have used if all who share had used the same. */
  #shareMs(nowMs: number): number {
    this.#forget(nowMs);
    return this.#sharing.size === 0 ? 0 : this.#totalMs / this.#sharing.size;
  }

  #forget(nowMs: number): void {
    this.#totalMs *= faded(nowMs - this.#atMs);
    this.#atMs = nowMs;
    for (const account of this.#sharing) {
      if (nowMs - account.atMs < forgottenAfterMs) break;
      this.close(account);
    }
    // Rounding adds up otherwise.
    if (this.#sharing.size === 0) this.#totalMs = 0;
  }
}

export function newAccount(nowMs: number): Account {
  return { usageMs: 0, atMs: nowMs };
}

/** What it has used, as it counts now. */
export function usageAt({ usageMs, atMs }: Account, nowMs: number): number {
  return usageMs * faded(nowMs - atMs);
}

/** Orders accounts by what they have used, whenever that is asked: all fade alike, so the order stays until one spends. */
export function rankOf({ usageMs, atMs }: Account): number {
  return Math.log2(usageMs) + atMs / halfLifeMs;
}

function faded(elapsedMs: number): number {
  return elapsedMs <= 0 ? 1 : 2 ** (-elapsedMs / halfLifeMs);
}
