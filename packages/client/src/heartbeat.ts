/**
 * Notices a link that is up but dead: no bytes come, no close event either (a laptop that slept, a tunnel, a NAT that
 * forgot). Half of the allowance it listens, then it asks; what stays silent for the other half is given up. A timer
 * that fires late, as after sleep, only makes it ask, so a healthy link is never dropped unasked.
 */
import type { Timing } from "./timing.js";

/** PROTOCOL.md: within 5 s with unacknowledged edits, within 30 s otherwise. */
export const urgentSilenceMs = 5_000;
export const idleSilenceMs = 30_000;

/**
 * While a large update is on its way up, the server has nothing to say, and our ping waits behind it. The slowest link
 * that is granted the time it needs: 256 kbit/s.
 */
const slowestBytesPerMs = 32;

/** What `bytes` may take on a slow link, in milliseconds. */
export function transferAllowanceMs(bytes: number): number {
  return Math.floor(bytes / slowestBytesPerMs);
}

export interface HeartbeatOptions {
  readonly timing: Timing;
  /** Bytes of edits sent and not yet acknowledged. */
  readonly unackedBytes: () => number;
  readonly sendPing: (n: number) => void;
  /** Called at most once; the heartbeat has stopped by then. */
  readonly onSilence: () => void;
}

type HeartbeatState =
  | { readonly kind: "listening"; readonly sinceMs: number }
  | { readonly kind: "asked"; readonly sinceMs: number }
  | { readonly kind: "stopped" };

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #state: HeartbeatState;
  #isUrgent = false;
  #pingCount = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#state = { kind: "listening", sinceMs: options.timing.now() };
    this.#schedule();
  }

  /** Something came from the server. */
  heard(): void {
    // The timer stays: when it fires it looks at what was heard since.
    if (this.#state.kind !== "stopped") this.#state = { kind: "listening", sinceMs: this.#options.timing.now() };
  }

  /** Edits were sent: their acknowledgement is waited for. */
  hurry(): void {
    if (this.#isUrgent || this.#state.kind === "stopped") return;
    this.#isUrgent = true;
    this.#state = { kind: this.#state.kind, sinceMs: this.#options.timing.now() };
    this.#schedule();
  }

  /** Asks now, and gives the answer no more time than with edits on the way. */
  probe(): void {
    if (this.#state.kind === "stopped") return;
    this.#isUrgent = true;
    this.#ask();
  }

  stop(): void {
    this.#state = { kind: "stopped" };
    this.#cancelTimer();
  }

  #ask(): void {
    this.#state = { kind: "asked", sinceMs: this.#options.timing.now() };
    this.#options.sendPing(++this.#pingCount);
    this.#schedule();
  }

  #schedule(): void {
    this.#cancelTimer();
    if (this.#state.kind === "stopped") return;
    const delayMs = Math.max(0, this.#state.sinceMs + this.#patienceMs() - this.#options.timing.now());
    this.#cancelTimer = this.#options.timing.setTimer(() => this.#check(), delayMs);
  }

  #check(): void {
    if (this.#state.kind === "stopped") return;
    // A probe stays urgent until it is answered.
    if (this.#state.kind === "listening") this.#isUrgent = this.#options.unackedBytes() > 0;
    const isOverdue = this.#options.timing.now() - this.#state.sinceMs >= this.#patienceMs();
    if (!isOverdue) return this.#schedule();
    if (this.#state.kind === "listening") return this.#ask();
    this.stop();
    this.#options.onSilence();
  }

  #patienceMs(): number {
    if (!this.#isUrgent) return idleSilenceMs / 2;
    return urgentSilenceMs / 2 + transferAllowanceMs(this.#options.unackedBytes());
  }
}
