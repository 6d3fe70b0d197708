/** What a server sends one client of a document, split into the few messages that a light load has to know. */
import { FrameReader, opcodes } from "./frames.mjs";
import { Reader, step1, step2 } from "./sync-messages.mjs";

/**
 * @typedef {object} SyncHandlers
 * @property {import("./light-client.mjs").OnContent | undefined} [onUpdate] The Yjs update of an update or step2 message.
 * @property {() => void} [onStep1]
 * @property {() => void} [onSynced] A step2 has come; its update was handed out before.
 * @property {(payload: Buffer) => void} [onPing]
 * @property {(reason: string) => void} [onRefused]
 */

export class SyncReader {
  #dialect;
  #prefixBytes;
  #handlers;
  #reader = new Reader();
  #frames = new FrameReader((opcode, buffer, start, end) => this.#frame(opcode, buffer, start, end));

  /** @param {{ name: string, peer: Pick<import("../server/peers.mjs").Peer, "dialect"> }} document @param {SyncHandlers} handlers */
  constructor({ name, peer }, handlers) {
    this.#dialect = peer.dialect;
    this.#prefixBytes = peer.dialect.prefix(name).length;
    this.#handlers = handlers;
  }

  /** @param {Buffer} chunk Must not change afterwards: a frame may need the next chunk. */
  read(chunk) {
    this.#frames.read(chunk);
  }

  /** @type {(opcode: number, buffer: Buffer, start: number, end: number) => void} */
  #frame(opcode, buffer, start, end) {
    if (opcode === opcodes.binary) this.#message(buffer, start, end);
    else if (opcode === opcodes.ping) this.#handlers.onPing?.(buffer.subarray(start, end));
    else if (opcode === opcodes.close) this.#handlers.onRefused?.(`closed: ${buffer.toString("utf8", start + 2, end)}`);
  }

  /** @type {(buffer: Buffer, start: number, end: number) => void} */
  #message(buffer, start, end) {
    const reader = this.#reader;
    reader.begin(buffer, start + this.#prefixBytes);
    const kind = this.#dialect.kindOf(reader.varUint());
    if (kind === "sync") return this.#sync(buffer, end);
    const isRefusal = kind === "close" || (kind === "auth" && reader.varUint() === this.#dialect.denied);
    if (isRefusal) this.#handlers.onRefused?.("the server refused");
  }

  /** @type {(buffer: Buffer, end: number) => void} */
  #sync(buffer, end) {
    const reader = this.#reader;
    const type = reader.varUint();
    if (type === step1) return this.#handlers.onStep1?.();
    // The length; it goes to the end of the message.
    reader.varUint();
    this.#handlers.onUpdate?.(buffer, reader.at, end);
    if (type === step2) this.#handlers.onSynced?.();
  }
}
