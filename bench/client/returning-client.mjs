/**
 * One of a crowd that comes back to a document at once. It says what it has, answers what the server asks, counts what it is sent
 * instead of keeping it, and when it is turned away it comes again, as providers do.
 */
import { connect } from "node:net";
import { clientFrame, FrameReader, opcodes } from "./frames.mjs";
import { FrameSkimmer } from "./frame-skimmer.mjs";
import { upgradeRequest } from "./light-client.mjs";
import { Reader, step1, step2 } from "./sync-messages.mjs";

const comeAgainMs = 1_000;

/**
 * What all of a crowd have in common.
 *
 * @typedef {object} Crowd
 * @property {number} port
 * @property {string} name The document.
 * @property {import("../server/peers.mjs").Peer} peer
 * @property {Buffer} hello The frames that it begins with: the dialect's greeting, and step1.
 * @property {(stateVector: Uint8Array) => Buffer} answerTo The frame that answers the server's step1.
 * @property {number} enoughBytes With less than this of updates nobody has the document, whatever the server says.
 * @property {Buffer} readInto Where all sockets of this process read into.
 */

export class ReturningClient {
  /** When it was told that it is synced, and had enough; 0 until then. */
  syncedMs = 0;
  /** Of updates, on the connection at hand. */
  contentBytes = 0;
  /** How often it was turned away, or lost its connection. */
  failureCount = 0;
  /** @type {string | undefined} Of the last time. */
  failedBecause;
  /** What it was sent, if it was to keep that. @type {Uint8Array[] | undefined} */
  kept;
  #crowd;
  #prefixBytes;
  #onSynced;
  #reader = new Reader();
  /** @type {import("node:net").Socket | undefined} */
  #socket;
  /** Its answer to the request, until that is over. */
  #head = "";
  #isUpgraded = false;
  #isToldSynced = false;
  #isLeaving = false;
  /** @type {FrameReader | FrameSkimmer} */
  #frames;

  /**
   * Connects at once.
   *
   * @param {Crowd} crowd
   * @param {{ keeps: boolean, onSynced: () => void }} options
   */
  constructor(crowd, { keeps, onSynced }) {
    this.#crowd = crowd;
    this.#prefixBytes = crowd.peer.dialect.prefix(crowd.name).length;
    this.kept = keeps ? [] : undefined;
    this.#onSynced = onSynced;
    this.#frames = this.#newFrames();
    this.#connect();
  }

  leave() {
    this.#isLeaving = true;
    this.#socket?.destroy();
  }

  #newFrames() {
    return this.kept ? new FrameReader(this.#frame) : new FrameSkimmer(this.#frame);
  }

  #connect() {
    const { port, readInto } = this.#crowd;
    const onread = {
      buffer: readInto,
      callback: (/** @type {number} */ byteCount, /** @type {Uint8Array} */ buffer) => {
        this.#data(Buffer.from(buffer.buffer, buffer.byteOffset, byteCount));
        return true;
      },
    };
    const socket = (this.#socket = connect({ host: "127.0.0.1", port, noDelay: true, onread }));
    socket.write(upgradeRequest(this.#crowd));
    // Nothing is ever read from the stream itself, but its end has to be.
    socket.resume();
    socket.on("error", (error) => (this.failedBecause = error.message));
    socket.on("close", () => this.#closed());
  }

  #closed() {
    if (this.#isLeaving) return;
    this.failureCount += 1;
    this.failedBecause ??= "the server closed the connection";
    this.#head = "";
    this.#isUpgraded = this.#isToldSynced = false;
    this.#frames = this.#newFrames();
    this.contentBytes = 0;
    if (this.kept) this.kept = [];
    setTimeout(() => this.#isLeaving || this.#connect(), comeAgainMs);
  }

  /** @param {Buffer} chunk */
  #data(chunk) {
    // What is kept of a chunk must not be overwritten by the next one.
    if (this.#isUpgraded) return this.#frames.read(this.kept ? Buffer.from(chunk) : chunk);
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (!this.#head.startsWith("HTTP/1.1 101")) return this.#turnedAway(`not upgraded: ${this.#head.slice(0, 40)}`);
    this.#isUpgraded = true;
    this.#socket?.write(this.#crowd.hello);
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    if (rest.length > 0) this.#frames.read(rest);
  }

  /** @type {(opcode: number, buffer: Buffer, start: number, end: number) => void} */
  #frame = (opcode, buffer, start, end) => {
    if (opcode === opcodes.binary) this.#message(buffer, start, end);
    else if (opcode === opcodes.ping) this.#socket?.write(clientFrame(buffer.subarray(start, end), opcodes.pong));
    else if (opcode === opcodes.close) this.#turnedAway(`closed: ${buffer.toString("utf8", start + 2, end)}`);
  };

  /** @type {(buffer: Buffer, start: number, end: number) => void} */
  #message(buffer, start, end) {
    const reader = this.#reader;
    reader.begin(buffer, start + this.#prefixBytes);
    const kind = this.#crowd.peer.dialect.kindOf(reader.varUint());
    if (kind === "close") return this.#turnedAway("closed with a message");
    if (kind !== "sync") return;
    const type = reader.varUint();
    // The length; it goes to the end of the message.
    reader.varUint();
    if (type === step1) return void this.#socket?.write(this.#crowd.answerTo(buffer.subarray(reader.at, end)));
    this.contentBytes += end - reader.at;
    this.kept?.push(Uint8Array.prototype.slice.call(buffer, reader.at, end));
    if (type === step2) this.#isToldSynced = true;
    if (!this.#isToldSynced || this.contentBytes < this.#crowd.enoughBytes || this.syncedMs > 0) return;
    this.syncedMs = performance.now();
    this.#onSynced();
  }

  /** @param {string} reason */
  #turnedAway(reason) {
    this.failedBecause = reason;
    this.#socket?.destroy();
  }
}
