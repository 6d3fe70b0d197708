/**
 * One connection to a server, for as many documents as share it: runs the table of connection-state.ts over real
 * sockets and timers, greets, answers and sends heartbeats, and hands every other message up. Knows nothing of documents.
 */
import {
  decodeFrame,
  encodeFrame,
  maxUpdateHeaderBytes,
  protocolVersion,
  type Message,
  type Welcome,
} from "@syncline/protocol";
import { backoffMs } from "./backoff.js";
import {
  initialState,
  statusOf,
  transition,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  type ConnectionStatus,
  type SocketCloseEvent,
} from "./connection-state.js";
import { SynclineError } from "./error.js";
import { Heartbeat } from "./heartbeat.js";
import { requireWebSocket, Socket, type WebSocketConstructor } from "./socket.js";
import type { Timing } from "./timing.js";
import { clientName } from "./version.js";

/** `""` for none. A function is called for each attempt; one that throws is tried again after a pause. */
export type Token = string | (() => string | Promise<string>);

export interface ConnectionOptions {
  /** Of the socket, path included. */
  readonly url: string;
  readonly token: Token;
  readonly WebSocketPolyfill: WebSocketConstructor | undefined;
  readonly maxBackoffMs: number;
  readonly timing: Timing;
}

export interface ConnectionHandlers {
  /** Hello is sent: messages may follow. */
  onUp(): void;
  /** Messages for documents, from the welcome on. */
  onMessage(message: Message): void;
  /** Once for each `onUp`; nothing sent and not acknowledged before it can be relied on. */
  onDown(): void;
  onStatus(status: ConnectionStatus): void;
  /** A socket ended; null when this side ended it. */
  onClose(event: SocketCloseEvent | null): void;
  onError(error: SynclineError): void;
  /** Closed for good, after everything else about the end was reported. */
  onStopped(code: number, reason: string): void;
  /** Bytes of edits sent and not yet acknowledged, of all documents. */
  unackedBytes(): number;
}

const baseBackoffMs = 200;
const tokenTimeoutMs = 30_000;
/** From the making of the socket to the server's welcome. */
const attemptTimeoutMs = 10_000;
/** How long a synced connection must hold before earlier failures are forgotten. */
const stableAfterMs = 5_000;

const abnormalClose = 1006;

/** What belongs to one socket. */
interface Link {
  readonly socket: Socket;
  heartbeat: Heartbeat | undefined;
  welcome: Welcome | undefined;
  isUp: boolean;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #events: ConnectionEvent[] = [];
  #state: ConnectionState = initialState;
  #isStepping = false;
  #link: Link | undefined;
  #cancelTimer: () => void = () => {};
  #attemptCount = 0;
  #requestCount = 0;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The largest update the server takes on this connection. */
  get maxUpdateBytes(): number {
    return (this.#link?.welcome?.maxMessageBytes ?? Number.MAX_SAFE_INTEGER) - maxUpdateHeaderBytes;
  }

  /** @throws {SynclineError} `no-websocket` */
  connect(): void {
    requireWebSocket(this.#options.WebSocketPolyfill);
    this.#dispatch({ kind: "connect" });
  }

  disconnect(): void {
    this.#dispatch({ kind: "disconnect" });
  }

  destroy(): void {
    this.#dispatch({ kind: "destroy" });
  }

  /** The network may be back: try now, or find out whether the link still lives. */
  wake(): void {
    this.#dispatch({ kind: "wake" });
  }

  /** A document is synced. If that lasts, the next failure starts with short pauses again. */
  prove(): void {
    this.#dispatch({ kind: "proven" });
  }

  /** Ends the socket: for good when `code` is 44xx, otherwise to come back after a pause. */
  end(code: number, reason: string): void {
    this.#dispatch({ kind: "lost", code, reason, closeEvent: null });
  }

  /** Unique on this connection, and on all later ones of this object. */
  takeRequestId(): number {
    return ++this.#requestCount;
  }

  /** Sends one frame. What cannot be sent is dropped: a new opening sends what was not acknowledged. */
  send(messages: readonly Message[]): void {
    if (!this.#link?.isUp) return;
    this.#link.socket.send(encodeFrame(messages));
    if (messages.some((message) => message.type === "update")) this.#link.heartbeat?.hurry();
  }

  /** Runs to completion: what a handler dispatches waits until the step that called the handler is done. */
  #dispatch(event: ConnectionEvent): void {
    this.#events.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#isStepping = false;
    }
  }

  #step(event: ConnectionEvent): void {
    const before = this.#state;
    const { state, effects } = transition(before, event);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
    if (statusOf(state) !== statusOf(before)) this.#handlers.onStatus(statusOf(state));
    if (state.kind === "stopped" && before.kind !== "stopped") this.#handlers.onStopped(state.code, state.reason);
  }

  #run(effect: ConnectionEffect): void {
    switch (effect.kind) {
      case "fetch-token":
        return this.#fetchToken();
      case "open-socket":
        return this.#openSocket();
      case "send-hello":
        return this.#sendHello(effect.token);
      case "start-heartbeat":
        return this.#startHeartbeat();
      case "close-socket":
        return this.#closeSocket(effect.closeEvent);
      case "probe-link":
        return this.#link?.heartbeat?.probe();
      case "start-timer":
        return this.#startTimer(effect.timer);
      case "start-retry-timer":
        return this.#startRetryTimer(effect.failures);
      case "stop-timer":
        return this.#cancelTimer();
    }
  }

  #fetchToken(): void {
    const { token } = this.#options;
    if (typeof token === "string") return this.#dispatch({ kind: "token-ready", token });
    const attempt = ++this.#attemptCount;
    const isCurrent = () => attempt === this.#attemptCount && this.#state.kind === "authorizing";
    new Promise<string>((resolve) => resolve(token())).then(
      (fetched) => {
        if (isCurrent()) this.#dispatch({ kind: "token-ready", token: fetched });
      },
      (cause: unknown) => {
        if (isCurrent()) this.#fail(new SynclineError("token-failed", "The token function failed", { cause }));
      },
    );
  }

  #openSocket(): void {
    const { WebSocketPolyfill, url } = this.#options;
    try {
      const socket = new Socket(requireWebSocket(WebSocketPolyfill), url, {
        onOpen: () => this.#dispatch({ kind: "socket-opened" }),
        onFrame: (data) => this.#onFrame(data),
        onError: (cause) => {
          this.#handlers.onError(new SynclineError("connection-failed", `The socket to ${url} failed`, { cause }));
        },
        onClose: (event) => {
          this.#dispatch({ kind: "lost", code: event.code, reason: event.reason, closeEvent: event });
        },
      });
      this.#link = { socket, heartbeat: undefined, welcome: undefined, isUp: false };
    } catch (cause) {
      this.#fail(new SynclineError("connection-failed", `No socket to ${url} could be made`, { cause }));
    }
  }

  #sendHello(token: string): void {
    if (!this.#link) return;
    this.#link.isUp = true;
    this.send([{ type: "hello", version: protocolVersion, token, client: clientName }]);
    // What follows need not wait for the welcome.
    this.#handlers.onUp();
  }

  #startHeartbeat(): void {
    if (!this.#link) return;
    this.#link.heartbeat = new Heartbeat({
      timing: this.#options.timing,
      unackedBytes: () => this.#handlers.unackedBytes(),
      sendPing: (n) => this.send([{ type: "ping", n }]),
      onSilence: () => this.#fail(new SynclineError("connection-failed", "The server fell silent")),
    });
  }

  #closeSocket(closeEvent: SocketCloseEvent | null): void {
    const link = this.#link;
    if (!link) return;
    this.#link = undefined;
    link.heartbeat?.stop();
    link.socket.close();
    this.#handlers.onClose(closeEvent);
    if (link.isUp) this.#handlers.onDown();
  }

  #startTimer(timer: "token" | "attempt" | "stable"): void {
    const { url } = this.#options;
    switch (timer) {
      case "token":
        return this.#setTimer(tokenTimeoutMs, () => {
          this.#fail(new SynclineError("token-failed", `No token within ${tokenTimeoutMs / 1000} s`));
        });
      case "attempt":
        return this.#setTimer(attemptTimeoutMs, () => {
          this.#fail(new SynclineError("connection-failed", `No answer from ${url} in ${attemptTimeoutMs / 1000} s`));
        });
      case "stable":
        return this.#setTimer(stableAfterMs, () => this.#dispatch({ kind: "stable" }));
    }
  }

  #startRetryTimer(failures: number): void {
    const limits = { baseMs: baseBackoffMs, capMs: this.#options.maxBackoffMs };
    const delayMs = backoffMs(failures, this.#options.timing.random(), limits);
    this.#setTimer(delayMs, () => this.#dispatch({ kind: "retry-due" }));
  }

  #setTimer(delayMs: number, callback: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.timing.setTimer(callback, delayMs);
  }

  #fail(error: SynclineError): void {
    this.#handlers.onError(error);
    this.end(abnormalClose, error.message);
  }

  #onFrame(data: unknown): void {
    const link = this.#link;
    if (!link) return;
    link.heartbeat?.heard();
    try {
      if (typeof data === "string") throw new SynclineError("protocol-error", "The server sent a text frame");
      for (const message of decodeFrame(new Uint8Array(data as ArrayBuffer))) {
        // A message may have ended the link: what follows it in the frame is no longer for us.
        if (this.#link === link) this.#onMessage(link, message);
      }
    } catch (cause) {
      this.#fail(new SynclineError("protocol-error", "The server's frame was not understood", { cause }));
    }
  }

  #onMessage(link: Link, message: Message): void {
    if (message.type === "ping") return this.send([{ type: "pong", n: message.n }]);
    if (message.type === "pong") return;
    if (message.type === "welcome") {
      link.welcome = message;
      return this.#dispatch({ kind: "welcomed" });
    }
    if (!link.welcome) throw new SynclineError("protocol-error", `A ${message.type} message came before the welcome`);
    this.#handlers.onMessage(message);
  }
}
