/**
 * One opening of a document on a y-websocket server, told as a syncline server would tell it. What that protocol does not
 * have is not made up: nothing is durable, nothing resumes, generations have no names.
 */
import { access, ackLevel, type Message, type Open, type YWebsocketMessage } from "@syncline/protocol";
import { Questions } from "./questions.js";
import { SentUpdates, type Held } from "./sent-updates.js";
import type { Timing } from "../timing.js";

export interface RoomOptions {
  readonly open: Open;
  /** To the client. */
  readonly tell: (message: Message) => void;
  readonly send: (message: YWebsocketMessage) => void;
  /** The document's, now. */
  readonly stateVector: (documentName: string) => Uint8Array;
  readonly resyncIntervalMs: number;
  readonly timing: Timing;
}

type RoomState =
  /** The server has not said what it has. */
  { readonly kind: "opening" } | { readonly kind: "open"; readonly sent: SentUpdates; isSynced: boolean };

const room = 1;
const generation = "";
const seq = 0;
/** A server with nothing. */
const noStateVector = Uint8Array.of(0);
/** The stock server sends edits back to who made them: what is seen then need not be asked for. */
const echoMs = 250;
/** So many answers in a row, seconds apart, without the edits that were sent before: they will not come. */
const doubtfulCount = 3;
const notKept = "The server does not keep the edits";

export class YWebsocketRoom {
  readonly #options: RoomOptions;
  readonly #questions: Questions;
  #state: RoomState = { kind: "opening" };
  /** Of the client's last ping without an answer. */
  #ping: number | undefined;
  #denial: string | undefined;

  /** The WebSocket is open. */
  constructor(options: RoomOptions) {
    this.#options = options;
    const { timing, open, resyncIntervalMs, stateVector } = options;
    this.#questions = new Questions({ timing, intervalMs: resyncIntervalMs, ask: () => this.#ask() });
    const ours = open.have.kind === "state-vector" ? open.have.stateVector : stateVector(open.documentName);
    options.send({ type: "sync-step-1", stateVector: ours });
  }

  /** From the client. */
  take(message: Message): void {
    switch (message.type) {
      case "update":
        return this.#sendUpdate(message.n, message.update);
      case "awareness":
        return this.#options.send({ type: "awareness", update: message.update });
      case "ping":
        // No server answers anything but a question.
        this.#ping = message.n;
        return this.#questions.askNow();
    }
  }

  /** From the server; `undefined` is a message of a type nobody knows. */
  receive(message: YWebsocketMessage | undefined): void {
    switch (message?.type) {
      case "sync-step-1":
        this.#opened(message.stateVector);
        break;
      case "sync-step-2":
        this.#onAnswer(message.update);
        break;
      case "update":
        this.#onUpdate(message.update);
        break;
      case "awareness":
        this.#options.tell({ type: "awareness", room, update: message.update });
        break;
      case "permission-denied":
        this.#onDenied(message.reason);
        break;
    }
    if (this.#ping !== undefined) this.#options.tell({ type: "pong", n: this.#ping });
    this.#ping = undefined;
  }

  stop(): void {
    this.#questions.stop();
  }

  #opened(stateVector: Uint8Array): SentUpdates {
    const { requestId, clientId } = this.#options.open;
    const state =
      this.#state.kind === "open"
        ? this.#state
        : ({ kind: "open", sent: new SentUpdates(clientId, stateVector), isSynced: false } as const);
    this.#state = state;
    const granted = this.#denial === undefined ? access.write : access.read;
    this.#options.tell({ type: "opened", requestId, room, access: granted, generation, seq, stateVector });
    this.#tellDenial();
    return state.sent;
  }

  #onAnswer(update: Uint8Array): void {
    const hasNews = this.#onUpdate(update);
    if (this.#state.kind !== "open") return;
    if (!this.#state.isSynced) {
      this.#state.isSynced = true;
      this.#options.tell({ type: "synced", room, seq });
    }
    const { sent } = this.#state;
    this.#questions.answered(update.length, !hasNews && !sent.isEmpty);
    if (this.#questions.fruitlessCount === doubtfulCount) this.#onDenied(notKept);
    if (!sent.isEmpty) this.#questions.askLater(echoMs);
  }

  /** Returns whether it shows more of what was sent. */
  #onUpdate(update: Uint8Array): boolean {
    // A server that sends content before it says what it has is answered as if it had nothing.
    const sent = this.#state.kind === "open" ? this.#state.sent : this.#opened(noStateVector);
    this.#options.tell({ type: "update", room, n: seq, update });
    return this.#acknowledge(sent, sent.see(update));
  }

  #sendUpdate(n: number, update: Uint8Array): void {
    if (this.#state.kind !== "open") return;
    const { sent } = this.#state;
    this.#options.send({ type: "update", update });
    this.#acknowledge(sent, sent.add(n, update));
    if (!sent.isEmpty) this.#questions.askLater(echoMs);
  }

  #acknowledge(sent: SentUpdates, held: Held | undefined): boolean {
    if (!held) return false;
    this.#options.tell({ type: "ack", room, ...held, level: ackLevel.received, seq });
    this.#questions.forgo();
    if (!sent.isEmpty) this.#questions.askLater(echoMs);
    if (this.#denial === notKept) this.#onKept();
    return true;
  }

  /** It was only slow. The client held back what it made meanwhile. */
  #onKept(): void {
    this.#denial = undefined;
    this.#opened(noStateVector);
  }

  #onDenied(reason: string): void {
    if (reason === this.#denial) return;
    this.#denial = reason;
    if (this.#state.kind === "open") this.#tellDenial();
  }

  #tellDenial(): void {
    const reason = this.#denial;
    if (reason !== undefined) this.#options.tell({ type: "access", room, access: access.read, reason, roots: "" });
  }

  #ask(): void {
    const { open, send, stateVector } = this.#options;
    const ours = stateVector(open.documentName);
    send({ type: "sync-step-1", stateVector: this.#state.kind === "open" ? this.#state.sent.question(ours) : ours });
  }
}
