/**
 * Rooms of two clients that type into each other's documents at a fixed rate, spread evenly over time. Each edit's time from
 * one client's write to its arrival at the other is taken; both clocks are this process's.
 */
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { EditReader } from "../client/edit-reader.mjs";
import { LightClient } from "../client/light-client.mjs";
import { appending, framesOf, mergedText, textName } from "./histories.mjs";
import { eachOf } from "./pool.mjs";

/** This many rooms keep what they receive, to be checked by a real Y.Doc. */
const checkedRoomCount = 20;

class Typist {
  /** When each edit was written. */
  sentMs;
  /** How many of the other's edits have arrived, in order. */
  receivedCount = 0;
  /** One an edit. @type {Buffer[]} */
  frames = [];
  /** @type {Uint8Array[] | undefined} */
  kept;
  /** @type {Typist | undefined} */
  other;
  /** @type {LightClient | undefined} */
  client;

  /** @param {import("./histories.mjs").History} history @param {boolean} keeps */
  constructor(history, keeps) {
    this.history = history;
    this.sentMs = new Float64Array(history.updates.length);
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
  #edits = new EditReader((/** @type {Typist} */ typist, clientID, clock, length) =>
    this.#arrived(typist, clientID, clock, length),
  );

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

  /** @param {{ port: number, peer: import("../server/peers.mjs").Peer }} server */
  async join({ port, peer }) {
    const { roomCount } = this.#options;
    const framesByHistory = new Map(this.#histories.map((history) => [history, framesOf(history, peer.dialect)]));
    await eachOf(this.#typists, 50, async (typist, index) => {
      const onUpdate = (/** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) =>
        this.#received(typist, bytes, start, end);
      const name = `room-${index % roomCount}`;
      typist.frames = framesByHistory.get(typist.history)?.(name) ?? [];
      typist.client = new LightClient({ port, name, peer, onUpdate });
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
          typist.client?.send(typist.frames[edit]);
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
    const before = typist.receivedCount;
    this.#edits.read(bytes, start, typist);
    if (typist.receivedCount > before) typist.kept?.push(Uint8Array.prototype.slice.call(bytes, start, end));
  }

  /** @type {(typist: Typist, clientID: number, clock: number, length: number) => void} */
  #arrived(typist, clientID, clock, length) {
    // y-websocket-server and Hocuspocus send a client's edits back to it.
    if (clientID === typist.history.clientID) return;
    if (clock !== typist.receivedCount) {
      this.trouble ??= `an edit came out of order: clock ${clock} instead of ${typist.receivedCount}`;
      return;
    }
    typist.receivedCount += length;
    this.#receivedTotal += length;
    const { other, client } = typist;
    if (!other || !client) return;
    for (let edit = clock; edit < clock + length; edit += 1) {
      this.#latenciesMs.push(client.arrivedMs - other.sentMs[edit]);
    }
  }

  #isBroken() {
    const lost = this.#typists.find(({ client }) => client?.closedBecause);
    if (lost) this.trouble ??= `a client was disconnected: ${lost.client?.closedBecause}`;
    return this.trouble !== undefined;
  }
}
