/** Two people in one document that is there already: one types at a fixed rate, the other sees it. */
import { setTimeout as pause } from "node:timers/promises";
import { EditReader } from "../client/edit-reader.mjs";
import { LightClient } from "../client/light-client.mjs";
import { Reader } from "../client/sync-messages.mjs";
import { appending } from "./histories.mjs";

const arrivalLimitMs = 60_000;

/** @typedef {{ port: number, peer: import("../server/peers.mjs").Peer }} Server */

export class TypingPair {
  /** Resolves when both have opened the document. */
  ready;
  history;
  #frames;
  #author;
  #reader;
  #sentMs;
  #sentCount = 0;
  #arrivedCount = 0;
  /** @type {number[]} */
  #latenciesMs = [];
  #header = new Reader();
  #edits = new EditReader((/** @type {undefined} */ _, clientID, clock, length) =>
    this.#arrived(clientID, clock + length),
  );

  /**
   * @param {Server} server
   * @param {{ name: string, stateVector: Uint8Array, editCount: number }} options Both have what `stateVector` says.
   */
  constructor(server, { name, stateVector, editCount }) {
    this.history = appending(0, editCount);
    this.#frames = this.history.updates.map((update) => server.peer.dialect.updateFrame(name, update));
    this.#sentMs = new Float64Array(editCount);
    const onUpdate = (/** @type {Buffer} */ bytes, /** @type {number} */ start) => this.#received(bytes, start);
    this.#author = new LightClient({ ...server, name, stateVector });
    this.#reader = new LightClient({ ...server, name, stateVector, onUpdate });
    this.ready = Promise.all([this.#author.ready, this.#reader.ready]);
  }

  /** Types the next ones; resolves when the other has them, with how long each took. @param {number} count @param {number} everyMs */
  async type(count, everyMs) {
    this.#latenciesMs = [];
    const startMs = performance.now();
    for (let typed = 0; typed < count; typed += 1) {
      const dueMs = startMs + typed * everyMs;
      if (performance.now() < dueMs) await pause(dueMs - performance.now());
      this.#sentMs[this.#sentCount] = performance.now();
      this.#author.send(this.#frames[this.#sentCount]);
      this.#sentCount += 1;
    }
    const deadline = performance.now() + arrivalLimitMs;
    while (this.#arrivedCount < this.#sentCount) {
      const closedBecause = this.#author.closedBecause ?? this.#reader.closedBecause;
      if (closedBecause) throw new Error(`while typing: ${closedBecause}`);
      if (performance.now() > deadline) throw new Error("what was typed did not arrive");
      await pause(5);
    }
    return this.#latenciesMs;
  }

  leave() {
    this.#author.leave();
    this.#reader.leave();
  }

  /** What a server sends late of what was there before is another's. @param {Buffer} bytes @param {number} start */
  #received(bytes, start) {
    const header = this.#header;
    header.begin(bytes, start);
    if (header.varUint() === 0) return;
    header.varUint();
    if (header.varUint() === this.history.clientID) this.#edits.read(bytes, start, undefined);
  }

  /** @param {number} clientID @param {number} endClock */
  #arrived(clientID, endClock) {
    if (clientID !== this.history.clientID) return;
    for (; this.#arrivedCount < endClock; this.#arrivedCount += 1) {
      this.#latenciesMs.push(this.#reader.arrivedMs - this.#sentMs[this.#arrivedCount]);
    }
  }
}
