/**
 * Members of rooms who all move their cursors, evenly spread over time. Some are watched: how old is what they are told of the
 * others, and do they end up knowing where everybody is. The others only count what they are sent.
 */
import { setTimeout as pause } from "node:timers/promises";
import { ChunkClient } from "../client/chunk-client.mjs";
import { FrameSkimmer } from "../client/frame-skimmer.mjs";
import { clientFrame, opcodes } from "../client/frames.mjs";
import { LightClient } from "../client/light-client.mjs";
import { Reader } from "../client/sync-messages.mjs";
import { cursorUpdate, memberOf } from "./cursors.mjs";
import { eachOf } from "./pool.mjs";

const joinsAtOnce = 50;
const readBufferBytes = 2 ** 18;
const arrivalLimitMs = 40_000;

/**
 * @typedef {object} CursorCrowdOptions
 * @property {number} roomCount
 * @property {number} membersPerRoom
 * @property {number} movesPerSecond Of each member.
 * @property {number} moveCount Of each member, over all phases.
 * @property {number} watchedCount Of all members, how many are watched.
 * @property {number} tickMs How often what is due is written.
 */

/** @typedef {{ changeCount: number, deliveryCount: number, wallMs: number, movingMs: number, loadShare: number, bytesPerReader: number, agesMs: number[], lateMs: number[] }} Movement */

/** What a member says, and when it said it: by clock, which begins at 1. */
class Mover {
  sentMs;
  updates;
  /** @type {Buffer[]} */
  frames = [];
  /** @type {LightClient | ChunkClient | undefined} */
  client;
  /** Of members that are not watched. */
  receivedBytes = 0;
  /** The clock that is known of each of its room; if it is watched. @type {Uint32Array | undefined} */
  known;

  /** @param {number} member @param {number} moveCount */
  constructor(member, moveCount) {
    this.updates = Array.from({ length: moveCount }, (_, move) => cursorUpdate(member, move + 1));
    this.sentMs = new Float64Array(moveCount + 1);
  }
}

export class CursorCrowd {
  /** @type {string | undefined} What went wrong on the way. */
  trouble;
  #options;
  /** @type {Mover[]} All first members of rooms, then all second ones, and so on: those of a room do not move together. */
  #movers;
  #movedCount = 0;
  /** @type {number[]} */
  #agesMs = [];
  #reader = new Reader();

  /** @param {CursorCrowdOptions} options */
  constructor(options) {
    this.#options = options;
    const memberCount = options.roomCount * options.membersPerRoom;
    this.#movers = Array.from({ length: memberCount }, (_, member) => new Mover(member, options.moveCount));
  }

  /** How many are watched. */
  get watchedCount() {
    return this.#movers.filter(({ known }) => known).length;
  }

  /** @param {{ port: number, peer: import("../server/peers.mjs").Peer }} server */
  async join({ port, peer }) {
    const { roomCount, membersPerRoom, watchedCount } = this.#options;
    const readInto = Buffer.alloc(readBufferBytes);
    const isWatched = everyNth(this.#movers.length, watchedCount);
    await eachOf(this.#movers, joinsAtOnce, async (mover, member) => {
      const name = `room-${member % roomCount}`;
      const address = { port, peer, name };
      mover.frames = mover.updates.map((update) => peer.dialect.awarenessFrame(name, update));
      if (isWatched(member)) {
        mover.known = new Uint32Array(membersPerRoom);
        const onAwareness = (/** @type {Buffer} */ bytes, /** @type {number} */ start) =>
          this.#heard(mover, member, bytes, start);
        mover.client = new LightClient({ ...address, onAwareness });
        await mover.client.ready;
      } else {
        mover.client = new ChunkClient({ ...address, readInto });
        await mover.client.ready;
      }
    });
  }

  /** To be called when all is quiet: from now on those who are not watched count bytes. */
  count() {
    for (const mover of this.#movers) if (mover.client instanceof ChunkClient) countBytes(mover, mover.client);
  }

  /** Everybody makes the next `movesEach` moves; resolves when the watched know the last of all. @param {number} movesEach @returns {Promise<Movement>} */
  async move(movesEach) {
    this.#agesMs = [];
    const counting = this.#movers.filter(({ known }) => !known);
    for (const mover of counting) mover.receivedBytes = 0;
    const startMs = performance.now();
    const cpuBefore = process.cpuUsage();
    const lateMs = await this.#write(movesEach);
    const movingMs = performance.now() - startMs;
    await this.#allKnown();
    const wallMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    const changeCount = movesEach * this.#movers.length;
    return {
      changeCount,
      deliveryCount: changeCount * (this.#options.membersPerRoom - 1),
      wallMs,
      movingMs,
      loadShare: (user + system) / 1000 / wallMs,
      bytesPerReader: counting.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0) / counting.length,
      agesMs: this.#agesMs,
      lateMs,
    };
  }

  leave() {
    for (const { client } of this.#movers) client?.leave();
  }

  /** Resolves with how far behind its schedule it was, at each write. @param {number} movesEach @returns {Promise<number[]>} */
  #write(movesEach) {
    const movers = this.#movers;
    const first = this.#movedCount;
    const writeCount = movesEach * movers.length;
    const intervalMs = 1000 / (this.#options.movesPerSecond * movers.length);
    /** @type {number[]} */
    const lateMs = [];
    let written = 0;
    const startMs = performance.now();
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const nowMs = performance.now() - startMs;
        if (written < writeCount && written * intervalMs <= nowMs) lateMs.push(nowMs - written * intervalMs);
        for (; written < writeCount && written * intervalMs <= nowMs; written += 1) {
          const mover = movers[written % movers.length];
          const move = first + Math.floor(written / movers.length);
          mover.sentMs[move + 1] = performance.now();
          mover.client?.send(mover.frames[move]);
        }
        if (written < writeCount) return;
        clearInterval(timer);
        this.#movedCount += movesEach;
        resolve(lateMs);
      }, this.#options.tickMs);
    });
  }

  async #allKnown() {
    const deadlineMs = performance.now() + arrivalLimitMs;
    while (!this.#isAllKnown() && !this.#isBroken() && performance.now() < deadlineMs) await pause(5);
    if (!this.#isAllKnown())
      this.trouble ??= `not everybody knew where all were ${arrivalLimitMs / 1000} s after the last had moved`;
  }

  #isAllKnown() {
    const { roomCount } = this.#options;
    return this.#movers.every(({ known }, member) => {
      const own = Math.floor(member / roomCount);
      return !known || known.every((clock, other) => other === own || clock === this.#movedCount);
    });
  }

  /** Takes in an awareness update. @type {(mover: Mover, member: number, bytes: Buffer, start: number) => void} */
  #heard(mover, member, bytes, start) {
    const { roomCount } = this.#options;
    const reader = this.#reader;
    reader.begin(bytes, start);
    for (let entries = reader.varUint(); entries > 0; entries -= 1) {
      const entryStart = reader.at;
      const other = memberOf(reader.varUint());
      const clock = reader.varUint();
      const stateBytes = reader.varUint();
      reader.at += stateBytes;
      if (other === member) continue;
      const speaker = this.#movers[other];
      const place = Math.floor(other / roomCount);
      const update = speaker?.updates[clock - 1];
      // An update of one entry is the entry, after the number of entries.
      const isAsSent = update && bytes.compare(update, 1, update.length, entryStart, reader.at) === 0;
      if (!isAsSent || other % roomCount !== member % roomCount) {
        this.trouble ??= "somebody was told of a cursor what nobody had said";
        return;
      }
      const { known } = mover;
      if (!known || clock <= known[place]) continue;
      known[place] = clock;
      if (mover.client instanceof LightClient) this.#agesMs.push(mover.client.arrivedMs - speaker.sentMs[clock]);
    }
  }

  #isBroken() {
    const lost = this.#movers.find(({ client }) => client?.closedBecause);
    if (lost) this.trouble ??= `a client was disconnected: ${lost.client?.closedBecause}`;
    return this.trouble !== undefined;
  }
}

/** @param {Mover} mover @param {ChunkClient} client */
function countBytes(mover, client) {
  const frames = new FrameSkimmer((opcode, buffer, start, end) => {
    if (opcode === opcodes.ping) client.send(clientFrame(buffer.subarray(start, end), opcodes.pong));
  });
  client.onChunk = (bytes, byteCount) => {
    mover.receivedBytes += byteCount;
    frames.read(bytes.subarray(0, byteCount));
  };
}

/** Picks `count` of `total`, evenly. @type {(total: number, count: number) => (index: number) => boolean} */
function everyNth(total, count) {
  const step = Math.max(1, Math.floor(total / count));
  return (index) => index % step === step - 1;
}
