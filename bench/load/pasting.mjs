/** Somebody pastes much into one document, again and again, and somebody else has it open. */
import { setTimeout as pause } from "node:timers/promises";
import { LightClient } from "../client/light-client.mjs";
import { masked } from "../client/masked-frame.mjs";
import { Reader } from "../client/sync-messages.mjs";
import { wrongDocument } from "./document-check.mjs";
import { paragraphPastes, pastedContent, textPastes } from "./pastes.mjs";

/** @typedef {import("./disturbances.mjs").Server} Server */

const name = "pasted";
const pasteEveryMs = 1_000;
const arrivalLimitMs = 60_000;

/** @type {(settings: Readonly<Record<string, number>>, server: Server) => Promise<import("./disturbances.mjs").Disturbance>} */
export async function pasting({ pasteBytes, paragraphCount, seconds }, server) {
  // Pastes come a second apart at most; there are some to spare.
  const count = seconds + 3;
  const updates = paragraphCount > 0 ? paragraphPastes(count, paragraphCount) : textPastes(count, pasteBytes);
  const frames = updates.map((update) => masked(server.peer.dialect.updateFrame(name, update)));
  const firstClocks = updates.map(firstClockOf);
  const room = await Room.open(server);
  return {
    everyMs: pasteEveryMs,
    disturb: async (index) => {
      if (index >= frames.length) return false;
      await room.paste(frames[index], firstClocks[index]);
      return true;
    },
    wrong: (done) => wrongDocument(server, { name, updates: updates.slice(0, done), contentOf: pastedContent }),
  };
}

class Room {
  #author;
  #reader;
  /** The first clock of the last update that the reader got. */
  #arrivedClock = -1;

  /** @param {Server} server */
  constructor(server) {
    this.#author = new LightClient({ ...server, name });
    this.#reader = new LightClient({
      ...server,
      name,
      onUpdate: (bytes, start, end) => (this.#arrivedClock = firstClockOf(bytes.subarray(start, end))),
    });
  }

  /** @param {Server} server */
  static async open(server) {
    const room = new Room(server);
    await Promise.all([room.#author.ready, room.#reader.ready]);
    room.#arrivedClock = -1;
    return room;
  }

  /** Resolves when the other has it. @param {Buffer} frame @param {number} firstClock */
  async paste(frame, firstClock) {
    this.#author.send(frame);
    const deadline = performance.now() + arrivalLimitMs;
    while (this.#arrivedClock < firstClock) {
      const closedBecause = this.#author.closedBecause ?? this.#reader.closedBecause;
      if (closedBecause) throw new Error(`while pasting: ${closedBecause}`);
      if (performance.now() > deadline) throw new Error("a paste did not arrive");
      await pause(2);
    }
  }
}

/** Of an update of one client; -1 if it is empty. @param {Uint8Array} update */
function firstClockOf(update) {
  const reader = new Reader();
  reader.begin(update, 0);
  if (reader.varUint() === 0) return -1;
  // How many structs, and whose.
  reader.varUint();
  reader.varUint();
  return reader.varUint();
}
