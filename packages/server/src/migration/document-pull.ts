/** One document asked for over one socket: what a new client of y-websocket is sent, and nothing said but the question. */
import { decodeYWebsocketMessage, encodeYWebsocketMessage, type YWebsocketMessage } from "@syncline/protocol";
import { type RawData, WebSocket } from "ws";
import { messageOf, SynclineError, type SynclineErrorCode } from "../error.js";
import type { Timers } from "../timers.js";

export interface PullOptions {
  readonly timeoutMs: number;
  readonly lingerMs: number;
  readonly maxDocumentBytes: number;
  readonly timers: Timers;
}

type PullState =
  | { readonly kind: "asking"; readonly cancelTimer: () => void }
  /** Answered, and what the server reads from its disk only now still counts. */
  | { readonly kind: "lingering"; readonly cancelTimer: () => void }
  | { readonly kind: "ended" };

/** An answer without content is believed after this many times the linger: content may still be on its way from a disk. */
const patienceWithNothing = 5;

/** A server that does not answer our close is left after this long. */
const closeTimeoutMs = 1_000;

const question = encodeYWebsocketMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) });

export class DocumentPull {
  /** In the order they came; none when the server has nothing. */
  readonly updates: Promise<readonly Uint8Array[]>;
  /** Resolves when the socket is gone; never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #options: PullOptions;
  /** Without the query: it may hold a token, and errors end up in logs. */
  readonly #place: string;
  readonly #updates: Uint8Array[] = [];
  #receivedBytes = 0;
  #state: PullState;
  #resolve: (updates: readonly Uint8Array[]) => void = () => undefined;
  #reject: (error: SynclineError) => void = () => undefined;

  constructor(url: URL, options: PullOptions) {
    this.#options = options;
    this.#place = `${url.protocol}//${url.host}${url.pathname}`;
    this.updates = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#socket = new WebSocket(url, { maxPayload: options.maxDocumentBytes, perMessageDeflate: false });
    this.#socket.binaryType = "arraybuffer";
    this.closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    const cancelTimer = options.timers.after(options.timeoutMs, () => this.#timedOut());
    this.#state = { kind: "asking", cancelTimer };
    this.#listen();
  }

  /** Gives up: `updates` rejects with `closed`. */
  cancel(): void {
    this.#fail("closed", `stopped asking ${this.#place}`);
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("open", () => socket.send(question));
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    // Whatever went wrong, "close" comes after it.
    socket.on("error", (error) => this.#fail("invalid-option", this.#whatFailed(error)));
    socket.on("close", (code, reason) => {
      const said = reason.length > 0 ? `${code}, "${String(reason)}"` : String(code);
      this.#fail("invalid-option", `${this.#place} was closed before the document had come (${said})`);
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#state.kind === "ended") return;
    const frame = new Uint8Array(data as ArrayBuffer);
    this.#receivedBytes += frame.length;
    if (this.#receivedBytes > this.#options.maxDocumentBytes) return this.#fail("invalid-option", this.#tooLarge());
    if (!isBinary) return this.#fail("invalid-option", `${this.#place} does not speak y-websocket: it sent text`);
    try {
      this.#handle(decodeYWebsocketMessage(frame));
    } catch (thrown) {
      this.#fail("invalid-option", `${this.#place} does not speak y-websocket: ${messageOf(thrown)}`);
    }
  }

  #handle(message: YWebsocketMessage | undefined): void {
    switch (message?.type) {
      case "update":
        return this.#keep(message.update);
      case "sync-step-2":
        this.#keep(message.update);
        if (this.#state.kind === "asking") this.#linger();
        return;
      case "permission-denied":
        return this.#fail("invalid-option", `${this.#place} refused: ${message.reason}`);
      case "sync-step-1":
      case "awareness":
      case "query-awareness":
      case undefined:
        return;
    }
  }

  #keep(update: Uint8Array): void {
    // No clients, no deletions: how a server says that it has nothing.
    if (update.length === 2 && update[0] === 0 && update[1] === 0) return;
    this.#updates.push(update);
    if (this.#state.kind === "lingering" && this.#updates.length === 1) this.#linger();
  }

  #linger(): void {
    this.#cancelTimer();
    const { timers, lingerMs } = this.#options;
    const delayMs = this.#updates.length > 0 ? lingerMs : lingerMs * patienceWithNothing;
    const cancelTimer = timers.after(delayMs, () => {
      if (this.#end()) this.#resolve(this.#updates);
    });
    this.#state = { kind: "lingering", cancelTimer };
  }

  #cancelTimer(): void {
    if (this.#state.kind !== "ended") this.#state.cancelTimer();
  }

  #timedOut(): void {
    const seconds = this.#options.timeoutMs / 1000;
    const message = `${this.#place} did not send the document within ${seconds} s; is it a server for y-websocket clients?`;
    this.#fail("invalid-option", message);
  }

  #fail(code: SynclineErrorCode, message: string): void {
    if (this.#end()) this.#reject(new SynclineError(code, message));
  }

  /** Leaves the server. False when it had ended before. */
  #end(): boolean {
    if (this.#state.kind === "ended") return false;
    this.#cancelTimer();
    this.#state = { kind: "ended" };
    this.#socket.close(1000);
    const cancelClosing = this.#options.timers.after(closeTimeoutMs, () => this.#socket.terminate());
    void this.closed.then(cancelClosing);
    return true;
  }

  #whatFailed(error: Error): string {
    const isTooLarge = "code" in error && error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
    if (isTooLarge) return this.#tooLarge();
    // A host with several addresses fails with an error for all of them, which has no words of its own.
    const what = error.message || ("code" in error ? String(error.code) : error.name);
    return `cannot get ${this.#place}: ${what}; is the server running?`;
  }

  #tooLarge(): string {
    return `${this.#place} sent more than ${this.#options.maxDocumentBytes} bytes, the limit for one document`;
  }
}
