/**
 * A client on a raw TCP socket, without ws, Y.Doc or timers, so that a thousand of them cost less than the server they measure.
 * It shakes hands as a provider of the peer's dialect does and then hands out what arrives.
 */
import { connect } from "node:net";
import { clientFrame, FrameReader, opcodes } from "./frames.mjs";
import { emptyStateVector, emptyUpdate, Reader, step1, step2 } from "./sync-messages.mjs";

const pingFrame = clientFrame(new Uint8Array(0), opcodes.ping);
const connectLimitMs = 120_000;

/** @typedef {(bytes: Buffer, start: number, end: number) => void} OnContent The range is valid during the call only. */

/**
 * @typedef {object} LightClientOptions
 * @property {number} port
 * @property {string} name The document.
 * @property {Pick<import("../server/peers.mjs").Peer, "speaksYjs" | "dialect">} peer A bare relay, which does not speak Yjs,
 *   never sends a step2 to wait for.
 * @property {OnContent} [onUpdate] The Yjs update of an update or step2 message.
 * @property {OnContent} [onAwareness] The awareness update of an awareness message.
 * @property {Uint8Array} [stateVector] What it says it has; nothing by default.
 * @property {Uint8Array} [answer] The update that it answers the server's step1 with; empty by default.
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
  #prefixBytes;
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
    this.#prefixBytes = options.peer.dialect.prefix(options.name).length;
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

  /**
   * Resolves when the server has read everything sent before: frames of a socket are read in order. Hocuspocus may not have
   * applied them yet; it is done when it is idle.
   */
  barrier() {
    return new Promise((resolve, reject) => {
      if (this.closedBecause) return reject(new Error(this.closedBecause));
      this.#pongs.push(() => (this.closedBecause ? reject(new Error(this.closedBecause)) : resolve(undefined)));
      this.#socket.write(pingFrame);
    });
  }

  /** Reads nothing more: what is on its way fills what the network holds, then the server's own memory. */
  stall() {
    this.#socket.pause();
  }

  readOn() {
    this.#socket.resume();
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
    if (this.#options.peer.speaksYjs) this.#greet();
    else this.#resolveReady();
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = "";
    if (rest.length > 0) this.#frames.read(rest);
  }

  #greet() {
    const { name, peer, stateVector = emptyStateVector } = this.#options;
    this.#socket.write(Buffer.concat([peer.dialect.greeting(name), peer.dialect.step1Frame(name, stateVector)]));
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
    const { dialect } = this.#options.peer;
    reader.begin(buffer, start + this.#prefixBytes);
    const kind = dialect.kindOf(reader.varUint());
    if (kind === "sync") this.#sync(buffer, end);
    else if (kind === "awareness") {
      // The length; it goes to the end of the message.
      reader.varUint();
      this.#options.onAwareness?.(buffer, reader.at, end);
    } else if (kind === "auth" && reader.varUint() === dialect.denied) this.#fail("the server refused");
    else if (kind === "close") this.#fail(`closed: ${buffer.toString("utf8", reader.at, end)}`);
  }

  /** @type {(buffer: Buffer, end: number) => void} */
  #sync(buffer, end) {
    const reader = this.#reader;
    const type = reader.varUint();
    if (type === step1) {
      const { name, peer, answer = emptyUpdate } = this.#options;
      // A bare relay hands on what another client asked; it is not for this one to answer.
      if (peer.speaksYjs) this.#socket.write(peer.dialect.step2Frame(name, answer));
      return;
    }
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
export function upgradeRequest({ port, name, peer }) {
  return [
    `GET ${peer.dialect.path(name)} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "\r\n",
  ].join("\r\n");
}
