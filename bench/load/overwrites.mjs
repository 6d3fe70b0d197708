/**
 * Somebody overwrites one value again and again, as who drags a slider or exchanges a picture does, as fast as somebody else reads
 * along. Updates are as Yjs encodes a `Y.Map` of one string, written by hand: there may be millions.
 */
import { setTimeout as pause } from "node:timers/promises";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";
import { Reader } from "../client/sync-messages.mjs";

/** Large, as Yjs draws them: five bytes on the wire. */
const clientId = 3_400_000_003;
const [mapName, keyName] = ["map", "value"];
/** So far the author may be ahead of who reads along: less than any server lets one client leave unread. */
const windowBytes = 800_000;
const bytesPerWrite = 64_000;
const relayLimitMs = 60_000;

const contentAny = 8;
const hasOrigin = 0x80;
const hasKey = 0x20;
const anyString = 119;

/** The value after so many overwrites. @type {(count: number, valueBytes: number) => string} */
export const valueAfter = (count, valueBytes) => `${count}`.padEnd(valueBytes, "x");

/** What of a document was overwritten. @param {Y.Doc} doc @returns {unknown} */
export const valueIn = (doc) => doc.getMap(mapName).get(keyName);

/** The update that sets the value (0) or overwrites it. @type {(index: number, valueBytes: number) => Uint8Array} */
export function overwrite(index, valueBytes) {
  return encoding.encode((encoder) => {
    const numbers = (/** @type {number[]} */ ...values) =>
      values.forEach((value) => encoding.writeVarUint(encoder, value));
    // One client, one struct.
    numbers(1, 1, clientId, index);
    encoding.writeUint8(encoder, contentAny | hasKey | (index > 0 ? hasOrigin : 0));
    if (index > 0) numbers(clientId, index - 1);
    else {
      numbers(1);
      encoding.writeVarString(encoder, mapName);
      encoding.writeVarString(encoder, keyName);
    }
    numbers(1);
    encoding.writeUint8(encoder, anyString);
    encoding.writeVarString(encoder, valueAfter(index, valueBytes));
    // What it replaces is deleted.
    if (index > 0) numbers(1, clientId, 1, index - 1, 1);
    else numbers(0);
  });
}

/** The author, and one who reads along. */
export class Overwriting {
  #author;
  #reader;
  #frameOf;
  #valueBytes;
  #updateBytes;
  #sentCount = 0;
  #readCount = 0;
  #header = new Reader();

  /** @param {{ port: number, peer: import("../server/peers.mjs").Peer }} server @param {{ name: string, valueBytes: number }} options */
  constructor(server, { name, valueBytes }) {
    this.#valueBytes = valueBytes;
    this.#updateBytes = overwrite(1, valueBytes).length;
    this.#frameOf = (/** @type {number} */ index) =>
      server.peer.dialect.updateFrame(name, overwrite(index, valueBytes));
    this.#author = new LightClient({ ...server, name });
    const onUpdate = (/** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) =>
      this.#received(bytes, start, end);
    this.#reader = new LightClient({ ...server, name, onUpdate });
    this.ready = Promise.all([this.#author.ready, this.#reader.ready]);
  }

  get value() {
    return valueAfter(this.#sentCount - 1, this.#valueBytes);
  }

  /** Overwrites it so often; resolves when who reads along has it all. @param {number} count */
  async write(count) {
    const windowCount = Math.max(1, Math.floor(windowBytes / this.#updateBytes));
    const perWrite = Math.max(1, Math.floor(bytesPerWrite / this.#updateBytes));
    const end = this.#sentCount + count;
    while (this.#sentCount < end) {
      await this.#untilRead(this.#sentCount - windowCount);
      const some = Math.min(perWrite, end - this.#sentCount);
      const frames = Array.from({ length: some }, (_, offset) => this.#frameOf(this.#sentCount + offset));
      this.#sentCount += some;
      if (!this.#author.send(Buffer.concat(frames))) await this.#author.drained();
    }
    await this.#untilRead(end);
  }

  leave() {
    this.#author.leave();
    this.#reader.leave();
  }

  /** @param {number} count */
  async #untilRead(count) {
    while (this.#readCount < count) {
      const closedBecause = this.#author.closedBecause ?? this.#reader.closedBecause;
      if (closedBecause) throw new Error(`while overwriting: ${closedBecause}`);
      if (performance.now() - this.#reader.arrivedMs > relayLimitMs) throw new Error("overwrites are not relayed");
      await pause(1);
    }
  }

  /** @type {(bytes: Buffer, start: number, end: number) => void} */
  #received(bytes, start, end) {
    const header = this.#header;
    header.begin(bytes, start);
    if (header.varUint() === 0) return;
    const structCount = header.varUint();
    header.varUint();
    const clock = header.varUint();
    // Several edits in one: what was collected among them is longer than it looks.
    const readCount = structCount === 1 ? clock + 1 : endClock(bytes.subarray(start, end));
    this.#readCount = Math.max(this.#readCount, readCount);
  }
}

/** @param {Uint8Array} update */
function endClock(update) {
  return Y.parseUpdateMeta(update).to.get(clientId) ?? 0;
}
