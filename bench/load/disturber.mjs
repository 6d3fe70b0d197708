/**
 * Somebody who keeps one room busy while others type, in a process of its own: what it computes is not the load's. It ends with
 * the process that started it.
 */
import { fork } from "node:child_process";
import { once } from "node:events";

const disturbingModule = new URL("./disturbing.mjs", import.meta.url);

/**
 * @typedef {object} Disturbed What it did.
 * @property {string | undefined} wrong
 * @property {number} count How often it disturbed.
 * @property {number[]} tookMs How long each took, until the server had answered or others in the room had it.
 */

/** @typedef {{ peerName: string, port: number, settings: Record<string, number> }} DisturberRequest */

export class Disturber {
  /** Resolves when everything is built and connected; call `start` then. */
  ready;
  #child;
  #ended;

  /** @param {DisturberRequest} request */
  constructor(request) {
    this.#child = fork(disturbingModule);
    this.#ended = once(this.#child, "exit").then(() => Promise.reject(new Error("the disturber ended early")));
    this.#ended.catch(() => undefined);
    this.#child.send(request);
    this.ready = this.#said("ready");
  }

  start() {
    this.#child.send("start");
  }

  /** Resolves when it has ended what it was at, and has looked at what is there now. @returns {Promise<Disturbed>} */
  async stop() {
    const done = this.#said("done");
    this.#child.send("stop");
    const { disturbed } = await done;
    this.#child.disconnect();
    return disturbed;
  }

  /** @param {string} type @returns {Promise<any>} */
  async #said(type) {
    for (;;) {
      const [message] = await Promise.race([once(this.#child, "message"), this.#ended]);
      if (message.type === type) return message;
    }
  }
}
