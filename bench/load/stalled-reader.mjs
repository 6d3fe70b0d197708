/** Somebody who has a document open and stops reading; later reads on, and comes back if they were sent away, as a provider does. */
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";

const applyEveryMs = 20;

export class StalledReader {
  /** Of updates, in all. */
  receivedBytes = 0;
  /** How often it was sent away. */
  closedCount = 0;
  #server;
  #name;
  #client;
  #doc = new Y.Doc();
  /** Applied together, now and then: there may be millions. @type {Uint8Array[]} */
  #arrived = [];

  /** @param {{ port: number, peer: import("../server/peers.mjs").Peer }} server @param {string} name */
  constructor(server, name) {
    this.#server = server;
    this.#name = name;
    this.#client = this.#connect();
  }

  get ready() {
    return this.#client.ready;
  }

  stall() {
    this.#client.stall();
  }

  /**
   * Reads on until `has` holds of its document.
   *
   * @param {(doc: Y.Doc) => boolean} has
   * @param {number} deadlineMs Of `performance.now()`.
   * @returns {Promise<boolean>} whether it came to that in time
   */
  async catchUp(has, deadlineMs) {
    this.#client.readOn();
    while (!this.#applied(has)) {
      if (performance.now() > deadlineMs) return false;
      if (this.#client.closedBecause) {
        this.closedCount += 1;
        this.#client = this.#connect();
        await this.#client.ready.catch(() => undefined);
      }
      await pause(applyEveryMs);
    }
    return true;
  }

  leave() {
    this.#client.leave();
  }

  #connect() {
    return new LightClient({
      ...this.#server,
      name: this.#name,
      stateVector: Y.encodeStateVector(this.#doc),
      onUpdate: (bytes, start, end) => {
        this.receivedBytes += end - start;
        this.#arrived.push(Uint8Array.prototype.slice.call(bytes, start, end));
      },
    });
  }

  /** @param {(doc: Y.Doc) => boolean} has */
  #applied(has) {
    const updates = this.#arrived.splice(0);
    this.#doc.transact(() => updates.forEach((update) => Y.applyUpdate(this.#doc, update)));
    return has(this.#doc);
  }
}
