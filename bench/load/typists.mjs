/**
 * Rooms of two clients that type into each other's documents at a fixed rate, spread evenly over time. Each edit's time from
 * one client's write to its arrival at the other is taken; both clocks are this process's.
 */
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";
import { Reader } from "../client/sync-messages.mjs";
import { appending, mergedText, textName } from "./histories.mjs";
import { eachOf } from "./pool.mjs";

/** This many rooms keep what they receive, to be checked by a real Y.Doc. */
const checkedRoomCount = 20;

class Typist {
  /** When each edit was written. */
  sentMs;
  /** How many of the other's edits have arrived, in order. */
  receivedCount = 0;
  /** @type {Uint8Array[] | undefined} */
  kept;
  /** @type {Typist | undefined} */
  other;
  /** @type {LightClient | undefined} */
  client;

  /** @param {import("./histories.mjs").History} history @param {boolean} keeps */
  constructor(history, keeps) {
    this.history = history;
    this.sentMs = new Float64Array(history.frames.length);
    this.kept = keeps ? [] : undefined;
  }
}

/**
 * @typedef {object} TypistsOptions
 * @property {number} roomCount
 * @property {number} editsPerSecond Of each client.
 * @property {number} editCount Of each client, over all phases.
 * @property {number} tickMs How often what is due is written.
 */

export class Typists {
  /** @type {string | undefined} What went wrong on the way. */
  trouble;
  text;
  #options;
  #histories;
  /** All first clients, then all second ones: the two of a room type half a period apart. @type {Typist[]} */
  #typists = [];
  #receivedTotal = 0;
  #sentEdits = 0;
  /** @type {number[]} */
  #latenciesMs = [];
  /** @type {number[]} */
  #lateMs = [];
  #reader = new Reader();

  /** @param {TypistsOptions} options */
  constructor(options) {
    this.#options = options;
    this.#histories = [appending(0, options.editCount), appending(1, options.editCount)];
    this.text = mergedText(this.#histories);
    for (const history of this.#histories) {
      for (let room = 0; room < options.roomCount; room += 1) {
        this.#typists.push(new Typist(history, room < checkedRoomCount));
      }
    }
    const half = options.roomCount;
    this.#typists.forEach((typist, index) => (typist.other = this.#typists[(index + half) % (2 * half)]));
  }

  roomNames() {
    return Array.from({ length: this.#options.roomCount }, (_, room) => `room-${room}`);
  }

  /** @param {{ port: number, speaksYjs: boolean }} server */
  async join({ port, speaksYjs }) {
    const { roomCount } = this.#options;
    await eachOf(this.#typists, 50, async (typist, index) => {
      const onUpdate = (/** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) =>
        this.#received(typist, bytes, start, end);
      typist.client = new LightClient({ port, name: `room-${index % roomCount}`, speaksYjs, onUpdate });
      await typist.client.ready;
    });
  }

  /**
   * Everybody types the next `editsEach` edits; resolves when all have arrived. Sets `trouble` if they do not.
   *
   * @param {number} editsEach
   * @param {number} arrivalLimitMs How long after the last was written.
   */
  async type(editsEach, arrivalLimitMs) {
    this.#latenciesMs = [];
    this.#lateMs = [];
    const startMs = performance.now();
    const cpuBefore = process.cpuUsage();
    await this.#write(editsEach);
    const writtenMs = performance.now();
    const expected = this.#sentEdits * this.#typists.length;
    while (this.#receivedTotal < expected && !this.#isBroken() && performance.now() - writtenMs < arrivalLimitMs) {
      await pause(5);
    }
    if (this.#receivedTotal !== expected) {
      this.trouble ??= `${this.#receivedTotal} of ${expected} edits arrived, ${arrivalLimitMs / 1000} s after the last was sent`;
    }
    const wallMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      updateCount: editsEach * this.#typists.length,
      wallMs,
      loadShare: (user + system) / 1000 / wallMs,
      latenciesMs: this.#latenciesMs,
      lateMs: this.#lateMs,
    };
  }

  /** What the clients of some rooms received, together with what they wrote, in a real Y.Doc each. */
  wrongAtReaders() {
    for (const { history, kept } of this.#typists) {
      if (!kept) continue;
      const doc = new Y.Doc();
      for (const update of [...history.updates, ...kept]) Y.applyUpdate(doc, update);
      if (doc.getText(textName).toString() !== this.text) return "a client did not end up with both authors' text";
    }
    return undefined;
  }

  leave() {
    for (const { client } of this.#typists) client?.leave();
  }

  /** @param {number} editsEach */
  #write(editsEach) {
    const typists = this.#typists;
    const first = this.#sentEdits;
    const writeCount = editsEach * typists.length;
    const intervalMs = 1000 / (this.#options.editsPerSecond * typists.length);
    let written = 0;
    const startMs = performance.now();
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const nowMs = performance.now() - startMs;
        if (written < writeCount && written * intervalMs <= nowMs) this.#lateMs.push(nowMs - written * intervalMs);
        for (; written < writeCount && written * intervalMs <= nowMs; written += 1) {
          const typist = typists[written % typists.length];
          const edit = first + Math.floor(written / typists.length);
          typist.sentMs[edit] = performance.now();
          typist.client?.send(typist.history.frames[edit]);
        }
        if (written < writeCount) return;
        clearInterval(timer);
        this.#sentEdits += editsEach;
        resolve(undefined);
      }, this.#options.tickMs);
    });
  }

  /** @type {(typist: Typist, bytes: Buffer, start: number, end: number) => void} */
  #received(typist, bytes, start, end) {
    const reader = this.#reader;
    reader.begin(bytes, start);
    // How many clients, how many structs, whose, from which clock on.
    if (reader.varUint() === 0) return;
    const structCount = reader.varUint();
    const clientID = reader.varUint();
    const clock = reader.varUint();
    // y-websocket-server sends a client's edits back to it.
    if (clientID === typist.history.clientID) return;
    if (structCount !== 1 || clock !== typist.receivedCount) {
      this.trouble ??= `an edit came out of order: clock ${clock} instead of ${typist.receivedCount}`;
      return;
    }
    typist.receivedCount += 1;
    this.#receivedTotal += 1;
    const other = typist.other;
    if (other && typist.client) this.#latenciesMs.push(typist.client.arrivedMs - other.sentMs[clock]);
    typist.kept?.push(Uint8Array.prototype.slice.call(bytes, start, end));
  }

  #isBroken() {
    const lost = this.#typists.find(({ client }) => client?.closedBecause);
    if (lost) this.trouble ??= `a client was disconnected: ${lost.client?.closedBecause}`;
    return this.trouble !== undefined;
  }
}
