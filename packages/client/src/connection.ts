/**
 * One connection to a server, for as many documents as share it: runs the table of connection-state.ts over real
 * sockets and timers, greets, answers and sends heartbeats, and hands every other message up. Knows nothing of documents.
 */
import {
  closeCodes,
  decodeFrame,
  encodeFrame,
  isPermanentClose,
  maxUpdateHeaderBytes,
  protocolVersion,
  type Message,
  type Welcome,
} from "@syncline/protocol";
import { backoffMs } from "./backoff.js";
import type { Carrier, CarrierCloseEvent, OpenCarrier } from "./carrier.js";
import {
  initialState,
  statusOf,
  transition,
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  type ConnectionStatus,
} from "./connection-state.js";
import { SynclineError } from "./error.js";
import { Heartbeat } from "./heartbeat.js";
import type { Timing } from "./timing.js";
import { clientName } from "./version.js";

/** `""` for none. A function is called for each attempt, and before a token runs out; one that throws is tried again after a pause. */
export type Token = string | (() => string | Promise<string>);

export interface ConnectionOptions {
  /** Of the socket, path included; asked for at each attempt. */
  readonly url: () => string;
  /** Asked for at each attempt. */
  readonly token: () => Token;
  readonly openCarrier: OpenCarrier;
  readonly maxBackoffTime: number;
  /** Whether to come back after this end; without it, unless the code is 44xx. */
  readonly shouldReconnect: ((event: CarrierCloseEvent) => boolean) | undefined;
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
  onClose(event: CarrierCloseEvent | null): void;
  onError(error: SynclineError): void;
  /** Closed for good, after everything else about the end was reported. */
  onStopped(code: number, reason: string): void;
  /** Bytes of edits sent and not yet acknowledged, of all documents. */
  unackedBytes(): number;
}

const baseBackoffMs = 200;
const tokenTimeoutMs = 30_000;
/** From the first try to open a carrier to the server's welcome. */
const attemptTimeoutMs = 10_000;
/** How long a synced connection must hold before earlier failures are forgotten. */
const stableAfterMs = 5_000;

const abnormalClose = 1006;

/** What belongs to one socket. */
interface Link {
  readonly carrier: Carrier;
  heartbeat: Heartbeat | undefined;
  welcome: Welcome | undefined;
  isUp: boolean;
  /** When a document was first synced over it. */
  provenAtMs: number;
  /** The server asked to spread the returns over so long. */
  returnWithinMs: number;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #handlers: ConnectionHandlers;
  readonly #events: ConnectionEvent[] = [];
  #state: ConnectionState = initialState;
  #isStepping = false;
  #link: Link | undefined;
  #cancelTimer: () => void = () => {};
  #token: string | undefined;
  #tokenCount = 0;
  #requestCount = 0;
  #returnWithinMs = 0;
  /** A token was refused, and no connection has held since: the next one that is refused is the last. */
  #isTokenSuspect = false;

  constructor(options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    const token = options.token();
    if (typeof token === "string") this.#token = token;
  }

  /** The latest; `undefined` until a function that gives it has done so. */
  get token(): string | undefined {
    return this.#token;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The largest update the server takes on this connection. */
  get maxUpdateBytes(): number {
    return (this.#link?.welcome?.maxMessageBytes ?? Number.MAX_SAFE_INTEGER) - maxUpdateHeaderBytes;
  }

  connect(): void {
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
    if (this.#link) this.#link.provenAtMs = Math.min(this.#link.provenAtMs, this.#options.timing.now());
  }

  /**
   * The server does not take the token. One more attempt is worth it where a fresh one can be had.
   *
   * @returns whether it is made
   */
  renewToken(reason: string, closeEvent: CarrierCloseEvent | null = null): boolean {
    if (this.#wasStable()) this.#isTokenSuspect = false;
    if (this.#isTokenSuspect || typeof this.#options.token() === "string") return false;
    this.#lose({ code: closeCodes.internalError, reason }, closeEvent);
    this.#isTokenSuspect = true;
    return true;
  }

  /** Unique on this connection, and on all later ones of this object. */
  takeRequestId(): number {
    return ++this.#requestCount;
  }

  /** Sends one frame. What cannot be sent is dropped: a new opening sends what was not acknowledged. */
  send(messages: readonly Message[]): void {
    if (!this.#link?.isUp) return;
    this.#link.carrier.send(encodeFrame(messages));
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
    const token = this.#options.token();
    if (typeof token === "string") {
      this.#token = token;
      return this.#dispatch({ kind: "token-ready", token });
    }
    this.#askForToken(
      token,
      (fetched) => this.#dispatch({ kind: "token-ready", token: fetched }),
      (error) => this.#fail(error),
    );
  }

  /** The answer counts only if nothing else was begun meanwhile. */
  #askForToken(
    token: () => string | Promise<string>,
    onFetched: (token: string) => void,
    onFailed: (error: SynclineError) => void,
  ): void {
    const count = ++this.#tokenCount;
    const { kind } = this.#state;
    const isCurrent = () => count === this.#tokenCount && this.#state.kind === kind;
    new Promise<string>((resolve) => resolve(token())).then(
      (fetched) => {
        if (!isCurrent()) return;
        if (typeof fetched !== "string") return onFailed(new SynclineError("token-failed", "The token is no string"));
        this.#token = fetched;
        onFetched(fetched);
      },
      (cause: unknown) =>
        isCurrent() && onFailed(new SynclineError("token-failed", "The token function failed", { cause })),
    );
  }

  /** The present one runs out. If none can be had the server closes, and the next attempt asks again. */
  #refreshToken(): void {
    const token = this.#options.token();
    if (typeof token === "string") return;
    this.#askForToken(
      token,
      (fetched) => this.send([{ type: "token", token: fetched, expiresInMs: 0 }]),
      (error) => this.#handlers.onError(error),
    );
  }

  #openSocket(): void {
    const { openCarrier } = this.#options;
    const url = this.#options.url();
    try {
      const carrier = openCarrier(url, {
        onOpen: () => this.#dispatch({ kind: "socket-opened" }),
        onFrame: (frame) => this.#onFrame(frame),
        onError: (cause) => {
          const isKnown = cause instanceof SynclineError;
          const error = isKnown ? cause : new SynclineError("connection-failed", `No link to ${url}`, { cause });
          this.#handlers.onError(error);
        },
        onClose: (event) => this.#onClosed(event),
      });
      this.#link = {
        carrier,
        heartbeat: undefined,
        welcome: undefined,
        isUp: false,
        provenAtMs: Infinity,
        returnWithinMs: 0,
      };
    } catch (cause) {
      this.#fail(new SynclineError("connection-failed", `No connection to ${url} could be made`, { cause }));
    }
  }

  #onClosed(event: CarrierCloseEvent): void {
    if (event.code === closeCodes.notAuthenticated && this.renewToken(event.reason, event)) return;
    this.#lose(event, event);
  }

  /** A document has been synced over it for a while. */
  #wasStable(): boolean {
    return this.#options.timing.now() - (this.#link?.provenAtMs ?? Infinity) >= stableAfterMs;
  }

  #lose({ code, reason }: CarrierCloseEvent, closeEvent: CarrierCloseEvent | null): void {
    const { shouldReconnect } = this.#options;
    const isForGood = closeEvent && shouldReconnect ? !asked(shouldReconnect, closeEvent) : isPermanentClose(code);
    const wasStable = this.#wasStable();
    if (wasStable) this.#isTokenSuspect = false;
    this.#dispatch({ kind: "lost", code, reason, isForGood, wasStable, closeEvent });
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

  #closeSocket(closeEvent: CarrierCloseEvent | null): void {
    const link = this.#link;
    if (!link) return;
    this.#link = undefined;
    link.heartbeat?.stop();
    link.carrier.close();
    this.#returnWithinMs = link.returnWithinMs;
    this.#handlers.onClose(closeEvent);
    if (link.isUp) this.#handlers.onDown();
  }

  #startTimer(timer: "token" | "attempt"): void {
    const url = this.#options.url();
    switch (timer) {
      case "token":
        return this.#setTimer(tokenTimeoutMs, () => {
          this.#fail(new SynclineError("token-failed", `No token within ${tokenTimeoutMs / 1000} s`));
        });
      case "attempt":
        return this.#setTimer(attemptTimeoutMs, () => {
          this.#fail(new SynclineError("connection-failed", `No answer from ${url} in ${attemptTimeoutMs / 1000} s`));
        });
    }
  }

  #startRetryTimer(failures: number): void {
    const { maxBackoffTime: capMs, timing } = this.#options;
    const limits = {
      baseMs: Math.max(baseBackoffMs, this.#returnWithinMs),
      capMs: Math.max(capMs, this.#returnWithinMs),
    };
    const delayMs = backoffMs(failures, timing.random(), limits);
    this.#setTimer(delayMs, () => this.#dispatch({ kind: "retry-due" }));
  }

  #setTimer(delayMs: number, callback: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.timing.setTimer(callback, delayMs);
  }

  #fail(error: SynclineError): void {
    this.#handlers.onError(error);
    this.#lose({ code: abnormalClose, reason: error.message }, null);
  }

  #onFrame(frame: Uint8Array): void {
    const link = this.#link;
    if (!link) return;
    link.heartbeat?.heard();
    try {
      for (const message of decodeFrame(frame)) {
        // A message may have ended the link: what follows it in the frame is no longer for us.
        if (this.#link === link) this.#onMessage(link, message);
      }
    } catch (cause) {
      this.#fail(new SynclineError("protocol-error", "The server's frame was not understood", { cause }));
    }
  }

  #onMessage(link: Link, message: Message): void {
    switch (message.type) {
      case "ping":
        return this.send([{ type: "pong", n: message.n }]);
      case "pong":
        return;
      case "goaway":
        // The server closes when it has written what it was sent.
        link.returnWithinMs = message.reconnectAfterMs;
        return;
      case "token":
        return this.#refreshToken();
      case "welcome":
        link.welcome = message;
        return this.#dispatch({ kind: "welcomed" });
    }
    if (!link.welcome) throw new SynclineError("protocol-error", `A ${message.type} message came before the welcome`);
    this.#handlers.onMessage(message);
  }
}

/** What the application answers; when it fails, what is the case without it. */
function asked(shouldReconnect: (event: CarrierCloseEvent) => boolean, event: CarrierCloseEvent): boolean {
  try {
    return shouldReconnect(event);
  } catch {
    return !isPermanentClose(event.code);
  }
}
