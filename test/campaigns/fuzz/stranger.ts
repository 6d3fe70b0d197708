/** A connection that keeps to no protocol, at any of the three doors: what it says is valid, or nearly, and in no order. */
import {
  encodeFrame,
  encodeStreamClose,
  encodeStreamFrame,
  encodeYWebsocketMessage,
  decodeFrame,
  decodeStreamRecord,
  decodeYWebsocketMessage,
  protocolVersion,
  sharedSocketPath,
  synclinePath,
  type Message,
} from "@syncline/protocol";
import { changed, joined } from "./byte-changes.js";
import { someBytes, someMessage, someYWebsocketMessage } from "./frame-grammar.js";
import type { Line } from "./line.js";
import type { FuzzServer } from "./server.js";
import type { Tape } from "./tape.js";

export interface StrangerOptions {
  readonly server: FuzzServer;
  readonly documentNames: readonly string[];
  readonly tokens: readonly string[];
  /** Updates and presence that make sense, or nearly. */
  readonly someUpdate: (tape: Tape) => Uint8Array;
  readonly somePresence: (tape: Tape) => Uint8Array;
}

const paths = [synclinePath, synclinePath, sharedSocketPath, "/room", "/room?token=write", "/%E0%A4%A", "/", "/.."];
const clientMessages = [
  "hello",
  "open",
  "open",
  "open",
  "update",
  "update",
  "awareness",
  "event",
  "token",
  "close",
  "ping",
  "pong",
] as const;

export class Stranger {
  readonly path: string;
  readonly #options: StrangerOptions;
  readonly #line: Line;
  /** Numbers of rooms that it was told. */
  readonly #rooms: number[] = [1];
  readonly #lastN = new Map<number, number>();
  #requestCount = 0;
  /** What it was last told, or how it was closed. */
  answer = "nothing";

  constructor(tape: Tape, options: StrangerOptions) {
    this.#options = options;
    this.path = tape.pick(paths);
    this.#line = options.server.connect(this.path, {
      received: (frame) => this.#hear(frame),
      closed: (code, reason) => (this.answer = `${code} ${reason}`),
    });
    // Most begin as they should, else there would not be much to see.
    if (this.path === synclinePath && tape.chance(0.9)) this.#line.say(encodeFrame([this.#hello(tape)]));
    if (this.path === sharedSocketPath && tape.chance(0.9))
      this.#line.say(encodeStreamFrame(1, encodeFrame([this.#hello(tape)])));
  }

  get isGone(): boolean {
    return this.#line.isGone;
  }

  /** Reads nothing from now on, or reads again. */
  turn(): boolean {
    this.#line.isHeld = !this.#line.isHeld;
    return this.#line.isHeld;
  }

  hangUp(): void {
    this.#line.hangUp();
  }

  /** One frame. Returns what it was, for counting. */
  say(tape: Tape): string {
    this.answer = "nothing";
    const { kind, frame } = this.#some(tape);
    const isChanged = tape.chance(0.2);
    this.#line.say(isChanged ? changed(tape, frame, someBytes(tape)) : frame);
    return isChanged ? `changed ${kind}` : kind;
  }

  #some(tape: Tape): { readonly kind: string; readonly frame: Uint8Array } {
    if (this.path === synclinePath) return this.#someFrame(tape);
    if (this.path !== sharedSocketPath) return this.#someStockFrame(tape);
    const stream = tape.pick([1, 1, 1, 2, 3, 40, 2 ** 40]);
    if (tape.chance(0.1)) return { kind: "stream close", frame: encodeStreamClose(stream, tape.int(5_000), "gone") };
    const { kind, frame } = this.#someFrame(tape);
    return { kind: `stream ${kind}`, frame: encodeStreamFrame(stream, frame) };
  }

  #someFrame(tape: Tape): { readonly kind: string; readonly frame: Uint8Array } {
    const messages = Array.from({ length: tape.pick([1, 1, 1, 2, 6]) }, () => this.#message(tape));
    const frame = encodeFrame(messages);
    return { kind: messages[0]?.type ?? "", frame: tape.chance(0.02) ? joined([frame, frame]) : frame };
  }

  #someStockFrame(tape: Tape): { readonly kind: string; readonly frame: Uint8Array } {
    const some = someYWebsocketMessage(tape);
    const { someUpdate, somePresence } = this.#options;
    const update = some.type === "awareness" ? somePresence(tape) : someUpdate(tape);
    const message = "update" in some && tape.chance(0.8) ? { ...some, update } : some;
    return { kind: message.type, frame: encodeYWebsocketMessage(message) };
  }

  #message(tape: Tape): Message {
    if (tape.chance(0.05)) return someMessage(tape);
    const { tokens, someUpdate, somePresence } = this.#options;
    const room = tape.chance(0.95) ? tape.pick(this.#rooms) : tape.int(20);
    switch (tape.pick(clientMessages)) {
      case "hello":
        return tape.chance(0.1) ? this.#hello(tape) : { type: "ping", n: 1 };
      case "open":
        return this.#open(tape);
      case "update": {
        const n = (this.#lastN.get(room) ?? 0) + (tape.chance(0.97) ? 1 : tape.int(3));
        this.#lastN.set(room, n);
        return { type: "update", room, n, update: someUpdate(tape) };
      }
      case "awareness":
        return { type: "awareness", room, update: somePresence(tape) };
      case "event":
        return {
          type: "event",
          room,
          kind: tape.int(3),
          payload: tape.chance(0.02) ? new Uint8Array(70_000) : someBytes(tape),
        };
      case "token":
        return { type: "token", token: tape.pick(tokens), expiresInMs: 0 };
      case "close":
        return { type: "close", room, code: tape.pick([0, 1000, 4400]), reason: "" };
      case "ping":
        return { type: "ping", n: tape.int(9) };
      case "pong":
        return { type: "pong", n: tape.int(9) };
    }
  }

  #hello(tape: Tape): Message {
    return { type: "hello", version: protocolVersion, token: tape.pick(this.#options.tokens), client: "stranger" };
  }

  #open(tape: Tape): Message {
    const { documentNames, tokens } = this.#options;
    const have = tape.chance(0.7)
      ? ({ kind: "state-vector", stateVector: tape.chance(0.8) ? Uint8Array.of(0) : someBytes(tape) } as const)
      : ({ kind: "resume", seq: tape.int(6) } as const);
    return {
      type: "open",
      requestId: ++this.#requestCount,
      documentName: tape.pick(documentNames),
      token: tape.chance(0.6) ? "" : tape.pick(tokens),
      clientId: tape.int(2_000),
      generation: tape.pick(["", "", "id 1", "id 2", "id 3"]),
      have,
    };
  }

  #hear(frame: Uint8Array): void {
    if (this.path === sharedSocketPath) return this.#hearStream(frame);
    if (this.path === synclinePath) this.#hearFrame(frame);
    else this.answer = decodeYWebsocketMessage(frame)?.type ?? "nothing";
  }

  #hearStream(bytes: Uint8Array): void {
    const record = decodeStreamRecord(bytes);
    if (record.kind === "frame") this.#hearFrame(record.frame);
    else this.answer = `stream ${record.code} ${record.reason}`;
  }

  #hearFrame(frame: Uint8Array): void {
    for (const message of decodeFrame(frame)) {
      if (message.type === "opened") {
        this.#rooms.push(message.room);
        this.#lastN.set(message.room, 0);
      }
      const isAnswer = message.type === "refused" || message.type === "close" || message.type === "reject";
      this.answer = isAnswer ? `${message.type} ${message.code} ${message.reason}` : message.type;
    }
  }
}
