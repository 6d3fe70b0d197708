/**
 * One room with writers and many readers. Writers type at a fixed rate, or as fast as a bounded number of edits on their way lets
 * them. Some of the readers are followed edit by edit, which gives latencies; the others are compared with each other.
 */
import { setTimeout as pause } from "node:timers/promises";
import { LightClient } from "../client/light-client.mjs";
import { SyncReader } from "../client/sync-reader.mjs";
import { BulkReader } from "./bulk-reader.mjs";
import { Follower } from "./follower.mjs";
import { appending, mergedText } from "./histories.mjs";
import { eachOf } from "./pool.mjs";
import { Transcript } from "./transcript.mjs";

/** @typedef {import("../server/peers.mjs").Peer} Peer */

const sampledReaderCount = 8;
const joinsAtOnce = 50;
const readBufferBytes = 2 ** 18;
const arrivalLimitMs = 30_000;

/** @typedef {{ updateCount: number, deliveryCount: number, wallMs: number, loadShare: number, latenciesMs: number[], lateMs: number[] }} Performance */

/**
 * @typedef {object} AudienceOptions
 * @property {number} writerCount
 * @property {number} readerCount Besides the writers.
 * @property {number} editCount Of all writers together, at most.
 * @property {number} tickMs How often what is due is written, at a fixed rate.
 * @property {number} windowEdits How many edits of a writer may be on their way, without one.
 */

class Writer {
  writtenCount = 0;
  sentMs;
  #frames;
  /** Where in `#frames` each edit begins. */
  #starts;

  /** @param {LightClient} client @param {Follower} follower Of what the others write. @param {readonly Buffer[]} frames */
  constructor(client, follower, frames) {
    this.client = client;
    this.follower = follower;
    this.sentMs = new Float64Array(frames.length);
    this.#frames = Buffer.concat(frames);
    this.#starts = new Uint32Array(frames.length + 1);
    frames.forEach((frame, edit) => (this.#starts[edit + 1] = this.#starts[edit] + frame.length));
  }

  /** As many of its next edits as there are, in one write. @param {number} count */
  write(count) {
    const first = this.writtenCount;
    const end = Math.min(first + count, this.sentMs.length);
    if (end <= first) return;
    this.sentMs.fill(performance.now(), first, end);
    this.writtenCount = end;
    this.client.send(this.#frames.subarray(this.#starts[first], this.#starts[end]));
  }

  get isOut() {
    return this.writtenCount === this.sentMs.length;
  }
}

export class Audience {
  /** @type {string | undefined} What went wrong on the way. */
  trouble;
  #options;
  #histories;
  /** @type {Writer[]} */
  #writers = [];
  /** Followed edit by edit. @type {{ client: LightClient, follower: Follower }[]} */
  #sampled = [];
  /** @type {BulkReader[]} */
  #bulk = [];
  #transcript = new Transcript();
  #scribe;
  #scribedBytes = 0;
  /** @type {SyncReader | undefined} */
  #scribeReader;
  /** @type {number[] | undefined} Only where they say something: at a fixed rate. */
  #latenciesMs;
  /** Called when the reader has got something by which the writers know how far they are. */
  #onProgress = () => undefined;

  /** @param {AudienceOptions} options */
  constructor(options) {
    this.#options = options;
    const editsEach = Math.ceil(options.editCount / options.writerCount);
    this.#histories = Array.from({ length: options.writerCount }, (_, author) => appending(author, editsEach));
    this.#scribe = new Follower(this.#histories);
  }

  /** What the document holds if nothing was lost. */
  text() {
    const written = this.#histories.map((history, author) => ({
      ...history,
      updates: history.updates.slice(0, this.#writers[author].writtenCount),
    }));
    return mergedText(written);
  }

  /** How many of the readers were sent something else than the others, as far as bytes go. */
  get aloneCount() {
    return this.#bulk.filter(({ isAlone }) => isAlone).length;
  }

  /** @param {{ port: number, peer: Peer }} server @param {string} name */
  async join({ port, peer }, name) {
    const { readerCount } = this.#options;
    const address = { port, peer, name, readInto: Buffer.alloc(readBufferBytes) };
    this.#scribeReader = new SyncReader({ name, peer }, { onUpdate: this.#scribe.take });
    const bulkCount = Math.max(0, readerCount - sampledReaderCount);
    this.#bulk = Array.from({ length: bulkCount }, () => new BulkReader(address, this.#transcript, this.#histories));
    await eachOf(this.#bulk, joinsAtOnce, ({ client }) => client.ready.then(() => undefined));
    for (let index = 0; index < readerCount - bulkCount; index += 1) this.#sampled.push(this.#sample(address));
    this.#writers = this.#histories.map((history, own) => {
      const follower = new Follower(this.#histories, { own });
      const frames = history.updates.map((update) => peer.dialect.updateFrame(name, update));
      return new Writer(new LightClient({ ...address, onUpdate: follower.take }), follower, frames);
    });
    await Promise.all([...this.#sampled, ...this.#writers].map(({ client }) => client.ready));
  }

  /** Writes `editCount` edits in turn, evenly spread; resolves when all have them. @type {(editCount: number, editsPerSecond: number) => Promise<Performance>} */
  async typeSteadily(editCount, editsPerSecond) {
    this.#latenciesMs = [];
    const performed = await this.#perform(() => this.#writeSteadily(editCount, 1000 / editsPerSecond));
    this.#latenciesMs = undefined;
    return performed;
  }

  /** Writes as fast as it goes; resolves when all have everything. @type {(forMs: number, maxEdits: number) => Promise<Performance>} */
  typeFlatOut(forMs, maxEdits) {
    return this.#perform(() => this.#writeFlatOut(forMs, maxEdits));
  }

  /** What is wrong, in words. */
  wrong() {
    if (this.trouble) return this.trouble;
    const text = this.text();
    const isWhole = this.#sampled.every(({ follower }) => follower.holds(text));
    return isWhole ? undefined : "a reader did not end up with the text that was written";
  }

  leave() {
    for (const { client } of [...this.#bulk, ...this.#sampled, ...this.#writers]) client.leave();
  }

  /** @param {{ port: number, peer: Peer, name: string }} address */
  #sample(address) {
    const follower = new Follower(this.#histories, {
      keeps: true,
      onEdit: (author, edit) => {
        this.#latenciesMs?.push(client.arrivedMs - this.#writers[author].sentMs[edit]);
        this.#onProgress();
      },
    });
    const client = new LightClient({ ...address, onUpdate: follower.take });
    return { client, follower };
  }

  /** To be called when all is quiet. @param {() => Promise<number[]>} write @returns {Promise<Performance>} */
  async #perform(write) {
    // What comes from now on should be the same for all.
    for (const reader of this.#bulk) reader.compare();
    const startMs = performance.now();
    const cpuBefore = process.cpuUsage();
    const writtenBefore = this.#writtenCount;
    const lateMs = await write();
    await this.#allArrived();
    const wallMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    const updateCount = this.#writtenCount - writtenBefore;
    return {
      updateCount,
      deliveryCount: updateCount * (this.#options.readerCount + this.#options.writerCount - 1),
      wallMs,
      loadShare: (user + system) / 1000 / wallMs,
      latenciesMs: this.#latenciesMs ?? [],
      lateMs,
    };
  }

  /** Resolves with how far behind its schedule it was, at each write. @type {(editCount: number, intervalMs: number) => Promise<number[]>} */
  #writeSteadily(editCount, intervalMs) {
    /** @type {number[]} */
    const lateMs = [];
    let written = 0;
    const startMs = performance.now();
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        for (;;) {
          const behindMs = performance.now() - startMs - written * intervalMs;
          if (written === editCount || behindMs < 0) break;
          lateMs.push(behindMs);
          this.#writers[written % this.#writers.length].write(1);
          written += 1;
        }
        if (written < editCount) return;
        clearInterval(timer);
        resolve(lateMs);
      }, this.#options.tickMs);
    });
  }

  /** @type {(forMs: number, maxEdits: number) => Promise<number[]>} */
  #writeFlatOut(forMs, maxEdits) {
    const { windowEdits } = this.#options;
    const endCount = this.#writtenCount + maxEdits;
    // The last to join: servers that go through their members in order send to it last.
    const { counts } = this.#sampled[this.#sampled.length - 1].follower;
    return new Promise((resolve) => {
      let isScheduled = false;
      let isOver = false;
      const write = () => {
        isScheduled = false;
        if (isOver) return;
        this.#writers.forEach((writer, author) => writer.write(windowEdits - (writer.writtenCount - counts[author])));
        if (this.#writtenCount >= endCount || this.#writers.every(({ isOut }) => isOut)) finish();
      };
      const finish = () => {
        isOver = true;
        clearTimeout(timer);
        this.#onProgress = () => undefined;
        resolve([]);
      };
      const timer = setTimeout(finish, forMs);
      this.#onProgress = () => {
        if (isScheduled) return;
        isScheduled = true;
        setImmediate(write);
      };
      write();
    });
  }

  async #allArrived() {
    const deadlineMs = performance.now() + arrivalLimitMs;
    while (!this.#haveAll() && !this.#isBroken() && performance.now() < deadlineMs) await pause(2);
    if (!this.#haveAll()) this.trouble ??= `not everybody had all edits ${arrivalLimitMs / 1000} s after the last`;
  }

  #haveAll() {
    const { byteCount } = this.#transcript;
    if (byteCount > this.#scribedBytes) this.#scribeReader?.read(this.#transcript.part(this.#scribedBytes, byteCount));
    this.#scribedBytes = byteCount;
    const total = this.#writtenCount;
    return (
      this.#sampled.every(({ follower }) => follower.total === total) &&
      this.#writers.every(({ follower, writtenCount }) => follower.total === total - writtenCount) &&
      this.#bulk.every((reader) => reader.has(total, this.#scribe.total))
    );
  }

  get #writtenCount() {
    return this.#writers.reduce((sum, { writtenCount }) => sum + writtenCount, 0);
  }

  #isBroken() {
    const members = [...this.#bulk, ...this.#sampled, ...this.#writers];
    const lost = members.find(({ client }) => client.closedBecause);
    if (lost) this.trouble ??= `a client was disconnected: ${lost.client.closedBecause}`;
    this.trouble ??= [this.#scribe, ...members.map(({ follower }) => follower)].find(({ trouble }) => trouble)?.trouble;
    return this.trouble !== undefined;
  }
}
