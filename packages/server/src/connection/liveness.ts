/** Whether the other end is still there. One per connection, without a timer of its own: somebody calls `tick`. */
import type { Transport } from "./transport.js";

export class Liveness {
  readonly #transport: Transport;
  readonly #heartbeatMs: number;
  #pingedAtMs = Number.NEGATIVE_INFINITY;

  constructor(transport: Transport, heartbeatMs: number) {
    this.#transport = transport;
    this.#heartbeatMs = heartbeatMs;
  }

  /** Calls `ping` when nothing was heard for a heartbeat, and gives the other end up after two. */
  tick(nowMs: number, ping: () => void): void {
    const silentMs = nowMs - this.#transport.lastHeardMs;
    if (silentMs >= 2 * this.#heartbeatMs) return this.#transport.terminate();
    if (silentMs < this.#heartbeatMs || nowMs - this.#pingedAtMs < this.#heartbeatMs) return;
    this.#pingedAtMs = nowMs;
    ping();
  }
}
