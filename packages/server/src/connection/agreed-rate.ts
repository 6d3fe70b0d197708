/**
 * How fast the edits of one client are read, where its token says so: what is above that waits on the client's side until the
 * rate allows it. Nothing is refused, nothing is lost.
 */
import { TokenBucket } from "../token-bucket.js";
import type { Refusals } from "../refusals.js";
import type { Timers } from "../timers.js";
import type { Grant, Rates } from "./authorize.js";
import type { Transport } from "./transport.js";

/** Timers count 24 days at most. */
const longestWaitMs = 60 * 60_000;

export interface AgreedRateOptions {
  readonly rates: Rates;
  readonly timers: Timers;
  readonly holdReading: () => () => void;
  /** It has sent more than agreed. */
  readonly exceeded: () => void;
}

export interface RateServices {
  readonly timers: Timers;
  readonly refusals: Pick<Refusals, "note">;
  readonly transport: Pick<Transport, "holdReading">;
}

export class AgreedRate {
  readonly #options: AgreedRateOptions;
  /** A second's worth may come at once. */
  readonly #updates: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  #endHold: (() => void) | undefined;

  constructor(options: AgreedRateOptions) {
    this.#options = options;
    const { rates, timers } = options;
    const bucket = (perSecond: number | undefined) =>
      perSecond === undefined ? undefined : new TokenBucket(perSecond, perSecond, timers.now());
    this.#updates = bucket(rates.updatesPerSecond);
    this.#bytes = bucket(rates.bytesPerSecond);
  }

  /** An update has come. It is taken whatever the rate, so that one above a second's worth is, too; the next waits for both. */
  received(byteCount: number): void {
    this.#take(this.#updates, 1);
    this.#take(this.#bytes, byteCount);
    if (this.#owedMs() === 0) return;
    if (this.#endHold === undefined) this.#options.exceeded();
    this.#hold();
  }

  /** The client has left, or another rate was agreed upon. */
  end(): void {
    this.#endHold?.();
  }

  #hold(): void {
    const readOn = this.#options.holdReading();
    this.end();
    const waitMs = Math.min(this.#owedMs(), longestWaitMs);
    const cancel = this.#options.timers.after(waitMs, () => (this.#owedMs() > 0 ? this.#hold() : this.end()));
    this.#endHold = () => {
      this.#endHold = undefined;
      cancel();
      readOn();
    };
  }

  /** Of what may be more than there is. */
  #take(bucket: TokenBucket | undefined, amount: number): void {
    bucket?.refill(this.#options.timers.now());
    bucket?.take(amount);
  }

  /** How long until what was taken beyond what there was has come in. */
  #owedMs(): number {
    const nowMs = this.#options.timers.now();
    const owedMs = [this.#updates, this.#bytes].map((bucket) => {
      bucket?.refill(nowMs);
      return bucket?.msUntil(0) ?? 0;
    });
    return Math.max(...owedMs);
  }
}

/** What was agreed upon with who was granted `grant`; `undefined`: nothing. */
export function agreedRateOf(
  { rates }: Pick<Grant, "rates">,
  documentName: string,
  { timers, refusals, transport }: RateServices,
): AgreedRate | undefined {
  if (!rates) return undefined;
  return new AgreedRate({
    rates,
    timers,
    holdReading: () => transport.holdReading(),
    exceeded: () => refusals.note("rate", "edits come faster than agreed; they are read later", { documentName }),
  });
}

export function areSameRates(a: Rates | undefined, b: Rates | undefined): boolean {
  return a?.updatesPerSecond === b?.updatesPerSecond && a?.bytesPerSecond === b?.bytesPerSecond;
}
