/**
 * The rates of all whose tokens say how fast their edits are to come, each under the name of its token or person: who comes
 * again, or with more sockets, is as far behind as before.
 */
import type { Timers } from "../timers.js";
import { AgreedRate } from "./agreed-rate.js";
import type { Grant, Rates } from "./authorize.js";
import type { Peer } from "./transport.js";

/** Made by `AgreedRates.agreementOf`. */
export interface Agreement {
  /** The same for all who are counted together. */
  readonly key: string;
  readonly rates: Rates;
}

/** As much as is looked through each time for what need not be remembered. */
const sweptAtOnce = 2;

export class AgreedRates {
  readonly #timers: Pick<Timers, "now">;
  readonly #maxRemembered: number;
  /** What was used, or looked at in vain, last is last. */
  readonly #rates = new Map<string, AgreedRate>();
  /** Of those whose token has no name and says nobody's: one socket each, with all its streams. */
  readonly #socketNumbers = new WeakMap<Peer, number>();
  #socketCount = 0;

  constructor(timers: Pick<Timers, "now">, maxRemembered = 10_000) {
    this.#timers = timers;
    this.#maxRemembered = maxRemembered;
  }

  get rememberedCount(): number {
    return this.#rates.size;
  }

  /** What was agreed upon with who was granted that; `undefined`: nothing. */
  agreementOf(
    { rates, tokenId, standing: { subject } }: Pick<Grant, "rates" | "tokenId" | "standing">,
    peer: Peer,
  ): Agreement | undefined {
    if (!rates) return undefined;
    const { updatesPerSecond, bytesPerSecond } = rates;
    if (updatesPerSecond === undefined && bytesPerSecond === undefined) return undefined;
    const key = JSON.stringify([...this.#nameOf(tokenId, subject, peer), updatesPerSecond, bytesPerSecond]);
    return { key, rates };
  }

  /** An update has come. */
  take(agreement: Agreement, byteCount: number): void {
    const nowMs = this.#timers.now();
    const rate = this.#rates.get(agreement.key) ?? new AgreedRate(agreement.rates, nowMs);
    rate.take(byteCount, nowMs);
    this.#moveToEnd(agreement.key, rate);
    this.#sweep(nowMs);
  }

  /** How long until the next update is due; 0: it may come now. */
  owedMs({ key }: Agreement): number {
    return this.#rates.get(key)?.owedMs(this.#timers.now()) ?? 0;
  }

  #nameOf(tokenId: string | undefined, subject: string | undefined, peer: Peer): readonly [string, string | number] {
    if (tokenId !== undefined) return ["token", tokenId];
    return subject === undefined ? ["socket", this.#numberOf(peer)] : ["subject", subject];
  }

  #numberOf(peer: Peer): number {
    const number = this.#socketNumbers.get(peer) ?? ++this.#socketCount;
    this.#socketNumbers.set(peer, number);
    return number;
  }

  /** Forgets who is not behind at all, and with too many who has not come for the longest time. */
  #sweep(nowMs: number): void {
    let leftCount = Math.min(sweptAtOnce, this.#rates.size);
    for (const [key, rate] of this.#rates) {
      if (leftCount-- === 0) break;
      if (rate.isFull(nowMs)) this.#rates.delete(key);
      else this.#moveToEnd(key, rate);
    }
    if (this.#rates.size <= this.#maxRemembered) return;
    for (const [key] of this.#rates) return void this.#rates.delete(key);
  }

  #moveToEnd(key: string, rate: AgreedRate): void {
    this.#rates.delete(key);
    this.#rates.set(key, rate);
  }
}
