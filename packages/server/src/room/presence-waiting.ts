/** Which members have something of their presence waiting, and one timer for whose turn is next. */
import type { Timers } from "../timers.js";
import type { Seat } from "./presence-seat.js";

export class PresenceWaiting {
  readonly #timers: Timers;
  readonly #serve: (seat: Seat) => void;
  readonly #dueMs = new Map<Seat, number>();
  #alarm: { readonly atMs: number; readonly cancel: () => void } | undefined;

  /** @param serve called when a seat is due; it waits no longer then */
  constructor(timers: Timers, serve: (seat: Seat) => void) {
    this.#timers = timers;
    this.#serve = serve;
  }

  /** @param dueMs `Infinity`: it does not wait */
  set(seat: Seat, dueMs: number): void {
    if (dueMs === Infinity) return void this.#dueMs.delete(seat);
    this.#dueMs.set(seat, dueMs);
    this.#ringAt(dueMs);
  }

  close(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#dueMs.clear();
  }

  #ringAt(dueMs: number): void {
    if (this.#alarm && this.#alarm.atMs <= dueMs) return;
    this.#alarm?.cancel();
    const delayMs = Math.max(1, Math.ceil(dueMs - this.#timers.now()));
    this.#alarm = { atMs: dueMs, cancel: this.#timers.after(delayMs, () => this.#ring()) };
  }

  #ring(): void {
    this.#alarm = undefined;
    const nowMs = this.#timers.now();
    for (const [seat, dueMs] of [...this.#dueMs]) {
      if (dueMs > nowMs) continue;
      this.#dueMs.delete(seat);
      this.#serve(seat);
    }
    let nextMs = Infinity;
    for (const dueMs of this.#dueMs.values()) nextMs = Math.min(nextMs, dueMs);
    if (nextMs < Infinity) this.#ringAt(nextMs);
  }
}
