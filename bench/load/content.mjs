/** Whether a server has the content it should have: read by a light client, applied to a real Y.Doc. */
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";
import { textName } from "./histories.mjs";
import { eachOf } from "./pool.mjs";

/** A server that says "synced" before it has loaded a document is given this long to send the rest. */
const lateContentLimitMs = 60_000;

/** @typedef {{ atMs: number, update: Uint8Array }} Arrival */

/** A reader of one document, which remembers what came when. */
export class Observer {
  /** @type {Arrival[]} */
  arrivals = [];
  client;
  #doc = new Y.Doc();
  #appliedCount = 0;

  /** @param {{ port: number, name: string, peer: import("../server/peers.mjs").Peer }} address */
  constructor({ port, name, peer }) {
    this.client = new LightClient({
      port,
      name,
      peer,
      onUpdate: (bytes, start, end) =>
        this.arrivals.push({ atMs: this.client.arrivedMs, update: Uint8Array.prototype.slice.call(bytes, start, end) }),
    });
  }

  /**
   * When the document first held exactly `text`: the time the last piece of it arrived. What arrives is applied only in pauses,
   * so that applying delays no arrival.
   *
   * @param {string} text
   * @param {number} limitMs
   * @returns {Promise<number | undefined>} undefined if it never did
   */
  async completeAt(text, limitMs) {
    await this.client.ready;
    const quietMs = 100;
    const deadline = performance.now() + limitMs;
    do {
      if (performance.now() - this.client.arrivedMs >= quietMs || this.client.closedBecause) {
        const atMs = this.#apply(text);
        if (atMs !== undefined) return atMs;
      }
      await pause(20);
    } while (performance.now() < deadline && !this.client.closedBecause);
    return undefined;
  }

  /** Characters of the text, as far as it was applied. */
  get length() {
    return this.#doc.getText(textName).length;
  }

  /** What is missing, in words. @param {string} text */
  describe(text) {
    const length = this.#doc.getText(textName).length;
    const pending = this.#doc.store.pendingStructs ? ", pieces waiting for missing ones" : "";
    const closed = this.client.closedBecause ? `, ${this.client.closedBecause}` : "";
    return `${length} of ${text.length} characters${length === text.length ? ", but others" : ""}${pending}${closed}`;
  }

  /** @param {string} text */
  #apply(text) {
    const content = this.#doc.getText(textName);
    if (text.length === 0) return this.client.syncedMs;
    while (this.#appliedCount < this.arrivals.length) {
      const { atMs, update } = this.arrivals[this.#appliedCount];
      this.#appliedCount += 1;
      Y.applyUpdate(this.#doc, update);
      if (content.length === text.length && content.toString() === text) return atMs;
    }
    return undefined;
  }
}

/**
 * Opens documents and compares them with what they should hold.
 *
 * @param {{ port: number, peer: import("../server/peers.mjs").Peer }} server
 * @param {readonly string[]} names
 * @param {string} text
 * @returns {Promise<string | undefined>} what is wrong
 */
export async function wrongContent({ port, peer }, names, text) {
  /** @type {string[]} */
  const wrong = [];
  await eachOf(names, 20, async (name) => {
    // Once one is wrong, the others need not be waited for.
    if (wrong.length > 0) return;
    const observer = new Observer({ port, name, peer });
    const atMs = await observer.completeAt(text, lateContentLimitMs).catch((error) => void wrong.push(String(error)));
    if (atMs === undefined) wrong.push(`${name}: ${observer.describe(text)}`);
    observer.client.leave();
  });
  return wrong.length === 0 ? undefined : wrong[0];
}
