/**
 * Who keeps sending what no Yjs client sends: after so many times in a while it is not let in for a while. Knows neither
 * documents nor sockets, and forgets who is the longest ago when there are too many to remember.
 */
import type { Refusals } from "../refusals.js";
import type { Timers } from "../timers.js";

export interface StrikeLimits {
  /** So many within `windowMs` are too many. @default 5 */
  readonly maxStrikes?: number;
  /** @default ten minutes */
  readonly windowMs?: number;
  /** For how long who has too many is refused. @default ten minutes */
  readonly refusedMs?: number;
  /** How many are remembered. @default 10,000 */
  readonly maxPrincipals?: number;
}

interface Tally {
  /** When each strike was, ascending; none older than the window when the next one comes. */
  readonly atMs: number[];
  /** Until then it is refused. */
  refusedUntilMs: number;
}

const tenMinutesMs = 10 * 60_000;

export class Strikes {
  readonly #timers: Pick<Timers, "now">;
  readonly #refusals: Pick<Refusals, "note">;
  readonly #limits: Required<StrikeLimits>;
  /** Who struck last is last. */
  readonly #tallies = new Map<string, Tally>();

  constructor(timers: Pick<Timers, "now">, refusals: Pick<Refusals, "note">, limits: StrikeLimits = {}) {
    const { maxStrikes = 5, windowMs = tenMinutesMs, refusedMs = tenMinutesMs, maxPrincipals = 10_000 } = limits;
    this.#timers = timers;
    this.#refusals = refusals;
    this.#limits = { maxStrikes, windowMs, refusedMs, maxPrincipals };
  }

  /** @param principal `undefined`: it cannot be told apart from others, and nothing is held against it */
  add(principal: string | undefined): void {
    if (principal === undefined) return;
    const { maxStrikes, windowMs, refusedMs } = this.#limits;
    const nowMs = this.#timers.now();
    const { atMs, refusedUntilMs } = this.#tallies.get(principal) ?? { atMs: [], refusedUntilMs: 0 };
    const recent = [...atMs.filter((strikeMs) => nowMs - strikeMs < windowMs), nowMs];
    const isTooMany = recent.length >= maxStrikes;
    this.#remember(principal, {
      // It starts afresh after it was refused for a while.
      atMs: isTooMany ? [] : recent,
      refusedUntilMs: isTooMany ? nowMs + refusedMs : refusedUntilMs,
    });
  }

  /** The sentence with which it is refused, which is counted; `undefined` when it is not. */
  refusalOf(principal: string | undefined): string | undefined {
    const leftMs = this.#refusedForMs(principal);
    if (leftMs <= 0) return undefined;
    const minutes = Math.ceil(leftMs / 60_000);
    const reason = `too many broken updates; come back in ${minutes} minute${minutes === 1 ? "" : "s"}`;
    this.#refusals.note("strikes", reason, { principal });
    return reason;
  }

  get rememberedCount(): number {
    return this.#tallies.size;
  }

  #refusedForMs(principal: string | undefined): number {
    const tally = principal === undefined ? undefined : this.#tallies.get(principal);
    return tally ? tally.refusedUntilMs - this.#timers.now() : 0;
  }

  #remember(principal: string, tally: Tally): void {
    this.#tallies.delete(principal);
    this.#tallies.set(principal, tally);
    if (this.#tallies.size <= this.#limits.maxPrincipals) return;
    for (const [oldest] of this.#tallies) return void this.#tallies.delete(oldest);
  }
}
