/**
 * A client that cannot have a WebSocket: a transport made of requests. Frames down are kept until the client says that it
 * has them, and leave through whatever answer is under way (sse.ts, poll.ts); frames up come in POSTs (uploads.ts).
 */
import type { Socket } from "node:net";
import { closeCodes, fitCloseReason, type CloseCode } from "@syncline/protocol";
import type { Connection, Peer, Transport } from "../connection/transport.js";
import type { Logger } from "../logger.js";
import type { Refusals } from "../refusals.js";
import type { Timers } from "../timers.js";
import type { OutboundMemory } from "./outbound-memory.js";
import { maxStrangerMessageBytes, Probation, type ProbationLimits } from "./probation.js";
import type { Farewell } from "./session-answer.js";
import type { Stranger } from "./strangers.js";
import { UnreadFrames } from "./unread-frames.js";
import type { Upload } from "./upload.js";
import { Uploads } from "./uploads.js";

/** An answer that is under way, through which frames leave. */
export interface Outlet {
  /** There may be frames, or a farewell, that it has not sent. */
  news(): void;
  /** Another has taken its place. */
  superseded(): void;
  /** The session is gone. */
  cut(): void;
}

export interface HttpSessionOptions extends ProbationLimits {
  readonly timers: Timers;
  readonly logger: Logger;
  readonly peer: Peer;
  readonly stranger: Stranger;
  readonly memory: OutboundMemory;
  readonly refusals: Pick<Refusals, "note">;
  readonly maxFrameBytes: number;
  /** Kept for the client until it says that it has them; one that leaves more is closed with 4508. */
  readonly maxUnreadBytes: number;
  /** Ended after this long without a request. */
  readonly idleMs: number;
  /** How long an upload may take, besides the time that a slow link needs for it. */
  readonly uploadAllowanceMs: number;
  readonly slowestBytesPerSecond: number;
}

type SessionState =
  | { readonly kind: "open" }
  | { readonly kind: "closing"; readonly farewell: Farewell; readonly cancelTimeout: () => void }
  | { readonly kind: "gone" };

/**
 * Sent, not yet said to be read, and not counted as unsent: what a network holds. Of what goes to a WebSocket it holds
 * some, too, which nobody counts. A client says what it has before it is as much (PROTOCOL.md).
 */
const inFlightBytes = 64 * 1024;

/** A client that does not ask for the farewell goes without it after this long. */
const closeTimeoutMs = 2_000;

const over: Farewell = { code: closeCodes.gap, reason: "the session is over" };

export class HttpSession implements Transport {
  /** Resolves when the session is over. */
  readonly gone: Promise<void>;
  readonly #options: HttpSessionOptions;
  readonly #unread = new UnreadFrames();
  readonly #uploads: Uploads;
  readonly #probation: Probation;
  #connection: Connection | undefined;
  #state: SessionState = { kind: "open" };
  #outlet: Outlet | undefined;
  /** On which a stranger's requests came, with whom to tell when it is none any more. */
  readonly #sockets = new Map<Socket, (socket: Socket) => void>();
  #holdCount = 0;
  #lastHeardMs: number;
  #lastSentMs: number;
  /** Looked at again after each acknowledgement, release, and at the end. */
  #waiting: (() => void)[] = [];
  #resolveGone: () => void = () => undefined;

  constructor(options: HttpSessionOptions) {
    this.#options = options;
    this.#lastHeardMs = this.#lastSentMs = options.timers.now();
    this.#probation = new Probation(options.stranger, options, this.#lastHeardMs);
    this.gone = new Promise((resolve) => (this.#resolveGone = resolve));
    this.#uploads = new Uploads({
      ...options,
      heard: () => this.heard(),
      released: () => this.#until(() => this.#holdCount === 0),
      receive: (frame) => this.#connection?.receive(frame),
      left: () => this.terminate(),
      farewell: () => this.farewell,
      lost: (reason) => this.close(closeCodes.gap, reason),
      maxBodyBytes: () => (this.#probation.isOver ? options.maxFrameBytes : this.#strangerBytes),
      tooLarge: (reason) => this.close(closeCodes.tooLarge, reason),
    });
  }

  /** From here on `connection` gets what arrives. */
  carry(connection: Connection): void {
    this.#connection = connection;
  }

  get peer(): Peer {
    return this.#options.peer;
  }

  welcomed(): void {
    this.#probation.end();
    for (const [socket, known] of this.#sockets) known(socket);
    this.#sockets.clear();
  }

  /** A request has come on `socket`: `known` is called once its client is no stranger, at once if it is none any more. */
  cameOn(socket: Socket, known: (socket: Socket) => void): void {
    if (this.#probation.isOver) return known(socket);
    for (const former of this.#sockets.keys()) if (former.destroyed) this.#sockets.delete(former);
    this.#sockets.set(socket, known);
  }

  get unsentBytes(): number {
    return Math.max(0, this.#unread.byteCount - inFlightBytes);
  }

  get lastHeardMs(): number {
    return this.#holdCount > 0 ? this.#options.timers.now() : this.#lastHeardMs;
  }

  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  send(frames: Uint8Array): void {
    if (this.#state.kind !== "open") return;
    this.#lastSentMs = this.#options.timers.now();
    this.#unread.push(frames);
    if (this.#unread.byteCount > this.#options.maxUnreadBytes) {
      this.#unread.clear();
      return this.#sendAway({
        code: closeCodes.tooSlow,
        reason: "too much was sent that the client did not say it has",
      });
    }
    this.#outlet?.news();
    this.#options.memory.sent(frames.length);
  }

  drained(): Promise<void> {
    return this.#until(() => this.unsentBytes === 0);
  }

  holdReading(): () => void {
    let isHeld = true;
    this.#holdCount += 1;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holdCount -= 1;
      this.heard();
      this.#look();
    };
  }

  /** Nothing: HTTP has no ping, and a syncline connection sends messages of its own. */
  ping(): void {}

  close(code: CloseCode, reason: string): void {
    if (this.#state.kind !== "open") return;
    const { logger, timers, peer, memory } = this.#options;
    memory.delete(this);
    logger.info({ code, reason, remoteAddress: peer.address }, "closing a connection");
    const cancelTimeout = timers.after(closeTimeoutMs, () => this.terminate());
    this.#state = { kind: "closing", farewell: { code, reason: fitCloseReason(reason) }, cancelTimeout };
    this.#look();
    this.#outlet?.news();
  }

  terminate(): void {
    if (this.#state.kind === "gone") return;
    if (this.#state.kind === "closing") this.#state.cancelTimeout();
    const farewell = this.farewell ?? over;
    this.#state = { kind: "gone" };
    this.#options.memory.delete(this);
    this.#probation.end();
    this.#sockets.clear();
    this.#uploads.end(farewell);
    this.#unread.clear();
    this.#outlet?.cut();
    this.#look();
    this.#resolveGone();
    this.#connection?.closed();
  }

  /** To be told to the client, after all frames. `undefined` while the session is open. */
  get farewell(): Farewell | undefined {
    if (this.#state.kind === "open") return undefined;
    if (this.#state.kind === "closing") return this.#state.farewell;
    return over;
  }

  /** A request has come, or a part of one. */
  heard(): void {
    this.#lastHeardMs = this.#options.timers.now();
  }

  tick(nowMs: number): void {
    const farewell = this.#probation.whyGo(nowMs, 0);
    if (farewell) this.#sendAway(farewell);
    this.#connection?.tick(nowMs);
    this.#uploads.tick(nowMs);
    const isAsking = this.#outlet !== undefined || this.#uploads.isActive;
    if (!isAsking && nowMs - this.#lastHeardMs >= this.#options.idleMs) this.terminate();
  }

  goAway(reconnectAfterMs: number, reason: string): void {
    this.#connection?.goAway(reconnectAfterMs, reason);
  }

  /** The client has all frames up to `number`. False when it cannot: they were not sent, or more were let go. */
  acknowledge(number: number): boolean {
    if (!this.#unread.acknowledge(number)) return false;
    this.#look();
    return true;
  }

  /** Frames go through `outlet` from now on, and no longer through another. */
  attach(outlet: Outlet): void {
    const before = this.#outlet;
    this.#outlet = outlet;
    before?.superseded();
    outlet.news();
  }

  /** `outlet` has ended. */
  detach(outlet: Outlet): void {
    if (this.#outlet !== outlet) return;
    this.#outlet = undefined;
    this.heard();
  }

  /** The frames after `number`, as many as `maxBytes` holds, but one at least; `undefined` when there is none. */
  framesAfter(number: number, maxBytes: number): ReturnType<UnreadFrames["after"]> {
    return this.#unread.after(number, maxBytes);
  }

  upload(upload: Upload): void {
    this.#uploads.begin(upload);
  }

  #sendAway({ code, reason }: Farewell): void {
    this.#options.refusals.note("slow", reason, { remoteAddress: this.peer.address });
    this.close(code, reason);
  }

  get #strangerBytes(): number {
    return Math.min(this.#options.maxFrameBytes, maxStrangerMessageBytes);
  }

  #look(): void {
    for (const look of this.#waiting.splice(0)) look();
  }

  /** Resolves once `holds` is true or the session closes. */
  async #until(holds: () => boolean): Promise<void> {
    while (this.#state.kind === "open" && !holds()) {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    }
  }
}
