/**
 * A client of the y-websocket dialect on a raw TCP socket, without ws, Y.Doc or timers, so that a thousand of them cost less
 * than the server they measure. It shakes hands as y-websocket's provider does and then hands out what arrives.
 */
import { connect } from "node:net";
import { clientFrame, FrameReader, opcodes } from "./frames.mjs";
import { emptyStep1, emptyStep2, Reader, step1, step2, syncMessage } from "./sync-messages.mjs";

const helloFrame = clientFrame(emptyStep1);
const answerFrame = clientFrame(emptyStep2);
const pingFrame = clientFrame(new Uint8Array(0), opcodes.ping);
const connectLimitMs = 120_000;

/**
 * @typedef {object} LightClientOptions
 * @property {number} port
 * @property {string} name The document.
 * @property {boolean} speaksYjs Wait for the server's step2; a bare relay never sends one.
 * @property {(bytes: Buffer, start: number, end: number) => void} [onUpdate] The Yjs update of an update or step2 message.
 *   The range is valid during the call only.
 */

export class LightClient {
  /** When the last bytes arrived; of `performance.now()`. */
  arrivedMs = 0;
  /** When the server's first step2 arrived. */
  syncedMs = 0;
  /** Why the socket is gone, if it is. @type {string | undefined} */
  closedBecause;
  /** Resolves when synced, or where nobody says so, when connected. */
  ready;
  #options;
  #socket;
  #reader = new Reader();
  #frames = new FrameReader((opcode, buffer, start, end) => this.#frame(opcode, buffer, start, end));
  #head = "";
  #isUpgraded = false;
  #isLeaving = false;
  /** @type {(() => void)[]} */
  #pongs = [];
  /** @type {() => void} */
  #resolveReady = () => undefined;
  /** @type {(error: Error) => void} */
  #rejectReady = () => undefined;

  /** @param {LightClientOptions} options */
  constructor(options) {
    this.#options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = () => resolve(undefined);
      this.#rejectReady = reject;
    });
    this.ready.catch(() => undefined);
    const socket = (this.#socket = connect({ host: "127.0.0.1", port: options.port, noDelay: true }));
    const limit = setTimeout(() => this.#fail("not synced in time"), connectLimitMs);
    const settled = () => clearTimeout(limit);
    this.ready.then(settled, settled);
    socket.write(upgradeRequest(options));
    socket.on("data", (chunk) => this.#data(chunk));
    socket.on("error", (error) => this.#fail(error.message));
    socket.on("close", () => this.#fail("the server closed the connection"));
  }

  /** Writes frames that were built before. False when they have to wait in this process. @param {Buffer} frames */
  send(frames) {
    return this.#socket.write(frames);
  }

  drained() {
    return new Promise((resolve) => this.#socket.once("drain", () => resolve(undefined)));
  }

  /** Resolves when the server has taken in everything sent before: frames of a socket are handled in order. */
  barrier() {
    return new Promise((resolve, reject) => {
      if (this.closedBecause) return reject(new Error(this.closedBecause));
      this.#pongs.push(() => (this.closedBecause ? reject(new Error(this.closedBecause)) : resolve(undefined)));
      this.#socket.write(pingFrame);
    });
  }

  leave() {
    this.#isLeaving = true;
    this.#socket.destroy();
  }

  /** @param {Buffer} chunk */
  #data(chunk) {
    this.arrivedMs = performance.now();
    if (this.#isUpgraded) return this.#frames.read(chunk);
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (!this.#head.startsWith("HTTP/1.1 101")) return this.#fail(`not upgraded: ${this.#head.slice(0, 40)}`);
    this.#isUpgraded = true;
    if (this.#options.speaksYjs) this.#socket.write(helloFrame);
    else this.#resolveReady();
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = "";
    if (rest.length > 0) this.#frames.read(rest);
  }

  /** @type {(opcode: number, buffer: Buffer, start: number, end: number) => void} */
  #frame(opcode, buffer, start, end) {
    if (opcode === opcodes.binary) this.#message(buffer, start, end);
    else if (opcode === opcodes.ping) this.#socket.write(clientFrame(buffer.subarray(start, end), opcodes.pong));
    else if (opcode === opcodes.pong) this.#pongs.shift()?.();
    else if (opcode === opcodes.close)
      this.#fail(
        `closed: ${end > start ? buffer.readUInt16BE(start) : "no code"} ${buffer.toString("utf8", start + 2, end)}`,
      );
  }

  /** @type {(buffer: Buffer, start: number, end: number) => void} */
  #message(buffer, start, end) {
    const reader = this.#reader;
    reader.begin(buffer, start);
    if (reader.varUint() !== syncMessage) return;
    const type = reader.varUint();
    if (type === step1) {
      if (this.#options.speaksYjs) this.#socket.write(answerFrame);
      return;
    }
    // The length; it goes to the end of the message.
    reader.varUint();
    this.#options.onUpdate?.(buffer, reader.at, end);
    if (type === step2 && this.syncedMs === 0) {
      this.syncedMs = this.arrivedMs;
      this.#resolveReady();
    }
  }

  /** @param {string} reason */
  #fail(reason) {
    if (this.#isLeaving) return;
    this.closedBecause ??= reason;
    this.#rejectReady(new Error(reason));
    for (const pong of this.#pongs.splice(0)) pong();
    this.#socket.destroy();
  }
}

/** @param {LightClientOptions} options */
function upgradeRequest({ port, name }) {
  return [
    `GET /${encodeURIComponent(name)} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "\r\n",
  ].join("\r\n");
}
