/**
 * What people had been shown and kill -9 takes back: rooms in which somebody types and somebody reads, and a server that is killed at
 * any moment, again and again over the same data. Nobody who had an edit comes back, so that nobody can bring it back. The
 * machine lives: what the kernel has been given is safe here, and a power cut is not tested.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startServer } from "../server/server-process.mjs";
import { appending, randomFrom } from "../load/histories.mjs";
import { WitnessedRoom } from "../load/witnessed-room.mjs";

const tickMs = 5;
/** Seeds next to each other begin with numbers next to each other. */
const farApart = 0x9e3779b9;

/** @typedef {import("../load/witnessed-room.mjs").Losses} Losses */
/** @typedef {{ roomCount: number, editsPerSecond: number, killCount: number, laneCount: number, longestSeconds: number }} KillSettings */

/** @type {import("./scenarios.mjs").Scenario} */
export const kill = {
  name: "kill",
  about: "20 rooms, 200 edits/s, kill -9 at a random moment, ten times",
  peers: ["syncline", "syncline-immediate", "hocuspocus", "y-websocket-server"],
  defaultRounds: 1,
  settings: {
    full: { roomCount: 20, editsPerSecond: 200, killCount: 10, laneCount: 2, longestSeconds: 11 },
    quick: { roomCount: 5, editsPerSecond: 100, killCount: 2, laneCount: 2, longestSeconds: 2 },
  },
  columns: [
    { key: "killCount", title: "kills", digits: 0 },
    { key: "shownCount", title: "edits shown to others", digits: 0 },
    { key: "lostShown", title: "of these lost", digits: 0 },
    { key: "mostLost", title: "most in one kill", digits: 0 },
    { key: "oldestLostMs", title: "shown up to … ms before", digits: 0 },
    { key: "acknowledgedCount", title: "edits acknowledged", digits: 0 },
    { key: "lostAcknowledged", title: "of these lost", digits: 0 },
  ],
  chart: { key: "lostShown", title: "kill -9: edits lost that others had been shown" },
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const given = /** @type {KillSettings} */ (settings);
  const { killCount, laneCount } = given;
  // Most of the time goes by with waiting: several servers at once, each with data of its own.
  const lanes = await Promise.all(
    Array.from({ length: laneCount }, (_, lane) => {
      const kills = Math.ceil((killCount - lane) / laneCount);
      return inLane(peer, join(directory, `lane-${lane}`), { ...given, killCount: kills, seed: (lane + 1) * farApart });
    }),
  );
  const losses = lanes.flat();
  const sum = (/** @type {(loss: Losses) => number} */ of) => losses.reduce((total, loss) => total + of(loss), 0);
  const figures = {
    killCount: losses.length,
    shownCount: sum(({ shownCount }) => shownCount),
    lostShown: sum(({ lostShown }) => lostShown),
    mostLost: Math.max(...losses.map(({ lostShown }) => lostShown)),
    oldestLostMs: Math.max(...losses.map(({ oldestLostMs }) => oldestLostMs)),
  };
  const acknowledgedCount = sum((loss) => loss.acknowledgedCount);
  const acknowledged = { acknowledgedCount, lostAcknowledged: sum(({ lostAcknowledged }) => lostAcknowledged) };
  return {
    wrong: losses.find(({ wrong }) => wrong)?.wrong,
    figures: { ...figures, ...(acknowledgedCount > 0 ? acknowledged : {}) },
  };
}

/**
 * One server after the other over the same data.
 *
 * @param {import("../server/peers.mjs").Peer} peer
 * @param {string} dataDirectory
 * @param {KillSettings & { seed: number }} settings
 * @returns {Promise<Losses[]>} One a kill.
 */
async function inLane(peer, dataDirectory, { roomCount, editsPerSecond, killCount, longestSeconds, seed }) {
  const random = randomFrom(seed);
  const rooms = Array.from({ length: roomCount }, (_, room) => new WitnessedRoom(`room-${room}`));
  const editsEach = Math.ceil((longestSeconds * editsPerSecond) / roomCount) + 1;
  /** @type {Losses[]} */
  const losses = [];
  let server = await startServer(peer, { dataDirectory });
  for (let attempt = 0; attempt < killCount; attempt += 1) {
    const author = appending(attempt, editsEach);
    const running = server;
    await Promise.all(rooms.map((room) => room.join(running, author)));
    await typeFor(rooms, editsPerSecond, (0.05 + 0.95 * random()) * longestSeconds * 1000);
    await server.end("SIGKILL");
    const diedAtMs = performance.now();
    await Promise.all(rooms.map((room) => room.bereaved()));
    const next = (server = await startServer(peer, { dataDirectory }));
    losses.push(total(await Promise.all(rooms.map((room) => room.look(next, diedAtMs)))));
  }
  await server.end("SIGKILL");
  return losses;
}

/** One room after the other, evenly spread. @type {(rooms: readonly WitnessedRoom[], editsPerSecond: number, forMs: number) => Promise<void>} */
async function typeFor(rooms, editsPerSecond, forMs) {
  const startMs = performance.now();
  let typedCount = 0;
  for (let elapsedMs = 0; elapsedMs < forMs; elapsedMs = performance.now() - startMs) {
    const dueCount = Math.floor((Math.min(elapsedMs, forMs) / 1000) * editsPerSecond);
    for (; typedCount < dueCount; typedCount += 1) rooms[typedCount % rooms.length].type();
    await pause(Math.min(tickMs, forMs - elapsedMs));
  }
}

/** @param {readonly Losses[]} ofRooms @returns {Losses} */
function total(ofRooms) {
  const sum = (/** @type {"shownCount" | "lostShown" | "acknowledgedCount" | "lostAcknowledged"} */ key) =>
    ofRooms.reduce((so, losses) => so + losses[key], 0);
  return {
    wrong: ofRooms.find(({ wrong }) => wrong)?.wrong,
    shownCount: sum("shownCount"),
    lostShown: sum("lostShown"),
    acknowledgedCount: sum("acknowledgedCount"),
    lostAcknowledged: sum("lostAcknowledged"),
    oldestLostMs: Math.max(...ofRooms.map(({ oldestLostMs }) => oldestLostMs)),
  };
}
