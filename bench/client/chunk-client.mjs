/**
 * A client of which a thousand cost next to nothing: it shakes hands, and what arrives from then on is handed out as it came,
 * not split, in one buffer that all of them read into. Nothing is allocated for a chunk.
 */
import { connect } from "node:net";
import { clientFrame, opcodes } from "./frames.mjs";
import { upgradeRequest } from "./light-client.mjs";
import { emptyStateVector, emptyUpdate } from "./sync-messages.mjs";
import { SyncReader } from "./sync-reader.mjs";

const connectLimitMs = 60_000;

/**
 * @typedef {object} ChunkClientOptions
 * @property {number} port
 * @property {string} name The document.
 * @property {import("../server/peers.mjs").Peer} peer
 * @property {Buffer} readInto Where all sockets of this process read into.
 * @property {import("./light-client.mjs").OnContent} [onUpdate] Of what is not taken by `onChunk`.
 */

export class ChunkClient {
  /** Takes what arrives, if set: the first `byteCount` bytes, valid during the call only. @type {((bytes: Buffer, byteCount: number) => void) | undefined} */
  onChunk;
  /** Why the socket is gone, if it is. @type {string | undefined} */
  closedBecause;
  /** Resolves when synced, or where nobody says so, when connected. */
  ready;
  #options;
  #socket;
  #messages;
  #head = "";
  #isUpgraded = false;
  #isLeaving = false;
  /** @type {() => void} */
  #resolveReady = () => undefined;
  /** @type {(error: Error) => void} */
  #rejectReady = () => undefined;

  /** @param {ChunkClientOptions} options */
  constructor(options) {
    this.#options = options;
    const { name, peer, port, readInto, onUpdate } = options;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = () => resolve(undefined);
      this.#rejectReady = reject;
    });
    this.ready.catch(() => undefined);
    this.#messages = new SyncReader(options, {
      onUpdate,
      // A bare relay hands on what another client asked; it is not for this one to answer.
      onStep1: () => void (peer.speaksYjs && this.send(peer.dialect.step2Frame(name, emptyUpdate))),
      onSynced: () => this.#resolveReady(),
      onPing: (payload) => void this.send(clientFrame(payload, opcodes.pong)),
      onRefused: (reason) => this.#fail(reason),
    });
    const callback = (/** @type {number} */ byteCount) => {
      this.#arrived(readInto, byteCount);
      return true;
    };
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true, onread: { buffer: readInto, callback } });
    const limit = setTimeout(() => this.#fail("not synced in time"), connectLimitMs);
    const settled = () => clearTimeout(limit);
    this.ready.then(settled, settled);
    // Nothing is ever read from the stream itself, but its end has to be.
    this.#socket.resume();
    this.#socket.write(upgradeRequest(options));
    this.#socket.on("error", (error) => this.#fail(error.message));
    this.#socket.on("close", () => this.#fail("the server closed the connection"));
  }

  /** Writes frames that were built before. @param {Buffer} frames */
  send(frames) {
    return this.#socket.write(frames);
  }

  /** Takes in what `onChunk` was given and did not want. @param {Buffer} bytes Must not change afterwards. */
  read(bytes) {
    this.#messages.read(bytes);
  }

  leave() {
    this.#isLeaving = true;
    this.#socket.destroy();
  }

  /** @type {(bytes: Buffer, byteCount: number) => void} */
  #arrived(bytes, byteCount) {
    if (this.onChunk) return this.onChunk(bytes, byteCount);
    const chunk = Buffer.from(bytes.subarray(0, byteCount));
    if (this.#isUpgraded) this.#messages.read(chunk);
    else this.#upgrade(chunk);
  }

  /** @param {Buffer} chunk */
  #upgrade(chunk) {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (!this.#head.startsWith("HTTP/1.1 101")) return this.#fail(`not upgraded: ${this.#head.slice(0, 40)}`);
    this.#isUpgraded = true;
    const { name, peer } = this.#options;
    if (peer.speaksYjs)
      this.send(Buffer.concat([peer.dialect.greeting(name), peer.dialect.step1Frame(name, emptyStateVector)]));
    else this.#resolveReady();
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = "";
    if (rest.length > 0) this.#messages.read(rest);
  }

  /** @param {string} reason */
  #fail(reason) {
    if (this.#isLeaving) return;
    this.closedBecause ??= reason;
    this.#rejectReady(new Error(reason));
    this.#socket.destroy();
  }
}
