/**
 * Which transport the next attempt uses: a WebSocket, and what stands in for it only where none can be had. Pure: told what
 * happened and what time it is.
 */

export type TransportKind = "websocket" | "sse" | "poll";

export interface FailedAttempt {
  /** The carrier had opened. */
  readonly didOpen: boolean;
  /** The server said something over it, if only why it closes: the transport works. */
  readonly wasAnswered: boolean;
}

/** From the welcome over a fallback until the first look whether a WebSocket opens after all: the server may only have been down. */
const firstProbeMs = 30_000;
const retryWebSocketAfterMs = 5 * 60_000;
const maxRetryWebSocketAfterMs = 60 * 60_000;
/** Where a WebSocket has worked, the server is down more likely than WebSockets blocked. */
const webSocketPatienceMs = 20_000;

export class TransportLadder {
  readonly #rungs: readonly TransportKind[];
  #rung = 0;
  /** The transport of this rung has been welcomed. */
  #isProven = false;
  /** Attempts in a row that went unanswered, on this rung. */
  #failureCount = 0;
  #firstFailureMs = 0;
  /** When a WebSocket is worth another look, on a fallback. */
  #probeAtMs = Infinity;
  #probePauseMs = retryWebSocketAfterMs;

  /** @param hasStreams whether `fetch` can read an answer while it arrives */
  constructor(hasStreams: boolean) {
    this.#rungs = hasStreams ? ["websocket", "sse", "poll"] : ["websocket", "poll"];
  }

  /** For the attempt that starts now. */
  next(nowMs: number): TransportKind {
    return nowMs >= this.#probeAtMs ? "websocket" : this.#kind;
  }

  /** The server's welcome came over `kind`, or another word of it. */
  opened(kind: TransportKind, nowMs: number): void {
    this.#rung = this.#rungs.indexOf(kind);
    this.#failureCount = 0;
    this.#isProven = true;
    if (kind === "websocket") {
      this.#probeAtMs = Infinity;
      this.#probePauseMs = retryWebSocketAfterMs;
    } else if (this.#probeAtMs === Infinity) {
      this.#probeAtMs = nowMs + firstProbeMs;
    }
  }

  /** An attempt over `kind` ended before the welcome. Not for attempts made while the runtime says that it is offline. */
  failed(kind: TransportKind, { didOpen, wasAnswered }: FailedAttempt, nowMs: number): void {
    if (wasAnswered) return this.opened(kind, nowMs);
    if (kind !== this.#kind) return this.probed(nowMs);
    if (this.#failureCount++ === 0) this.#firstFailureMs = nowMs;
    // A stream that opens and stays silent is held back by a proxy, and will be the next time.
    if (this.#failureCount < (kind === "sse" && didOpen ? 1 : 2)) return;
    if (this.#isProven && kind === "websocket" && nowMs - this.#firstFailureMs < webSocketPatienceMs) return;
    this.#step();
  }

  /** The network is another, perhaps: the next attempt is over a WebSocket, once. */
  woke(): void {
    if (this.#rung > 0) this.#probeAtMs = -Infinity;
  }

  /** How long from now until a WebSocket is worth a probe; `undefined` unless a fallback works. */
  probeInMs(nowMs: number): number | undefined {
    return this.#probeAtMs === Infinity ? undefined : Math.max(0, this.#probeAtMs - nowMs);
  }

  /** A probe found that a WebSocket still does not open. */
  probed(nowMs: number): void {
    this.#probeAtMs = nowMs + this.#probePauseMs;
    this.#probePauseMs = Math.min(2 * this.#probePauseMs, maxRetryWebSocketAfterMs);
  }

  get #kind(): TransportKind {
    return this.#rungs[this.#rung] ?? "websocket";
  }

  /** Down; and up again to the WebSocket from the last, and from a fallback that had worked: something else has changed. */
  #step(): void {
    const startsAnew = this.#rung > 0 && this.#isProven;
    this.#rung = startsAnew ? 0 : (this.#rung + 1) % this.#rungs.length;
    this.#failureCount = 0;
    this.#isProven = false;
    if (this.#rung === 0) this.#probeAtMs = Infinity;
  }
}
