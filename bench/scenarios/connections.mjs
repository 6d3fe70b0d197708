/**
 * Many connections, each to a room of its own: how fast they come, what one costs, what they cost while nobody does anything, and
 * what is left of them afterwards. `bare-ws` shows what of it is ws's and node's.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { LightClient } from "../client/light-client.mjs";
import { eachOf } from "../load/pool.mjs";
import { whyTooFewFiles } from "../server/file-limit.mjs";
import { residentBytes } from "../server/resident-memory.mjs";
import { startServer } from "../server/server-process.mjs";

const idleLimitMs = 120_000;
/** So many at once are on their way in. */
const atOnce = 200;
/** Connected before anything is measured, and until the end: what the server compiles and sets up once is no connection's. */
const warmUpCount = 100;
/** By then a server has unloaded what nobody has open (Syncline: 5 s after the last client left). */
const unloadMs = 7_000;

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

/** @type {import("./scenarios.mjs").Scenario} */
export const connections = {
  name: "connections",
  about: "10,000 connections to 10,000 empty documents, idle",
  peers: ["syncline", "y-websocket-server", "hocuspocus", "bare-ws"],
  defaultRounds: 3,
  settings: {
    // One heartbeat of y-websocket-server's, two of Syncline's.
    full: { connectionCount: 10_000, idleMs: 30_000 },
    quick: { connectionCount: 300, idleMs: 1_000 },
  },
  columns: [
    { key: "perSecond", title: "connections/s", digits: 0 },
    { key: "cpuMs", title: "CPU ms/connection", digits: 3 },
    { key: "rssKB", title: "RSS kB/connection", digits: 1 },
    { key: "uncollectedRssKB", title: "before gc", digits: 1 },
    { key: "heapKB", title: "heap kB/connection", digits: 2 },
    { key: "externalKB", title: "external kB/connection", digits: 2 },
    { key: "idlePercent", title: "idle CPU %", digits: 2 },
    { key: "leftHeapKB", title: "left: heap kB/connection", digits: 2 },
    { key: "leftRssKB", title: "RSS kB/connection", digits: 1 },
    { key: "loadPercent", title: "load CPU %", digits: 0 },
  ],
  chart: { key: "rssKB", title: "kB of RSS per idle connection" },
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const { connectionCount, idleMs } = settings;
  const server = await startServer(peer, { dataDirectory: join(directory, "data"), withMemory: true });
  // The load needs as many, and has the same limit.
  const tooFewFiles = whyTooFewFiles(server.pid, connectionCount);
  if (tooFewFiles) throw new Error(tooFewFiles);
  await connectAll(server, "warm-up", warmUpCount);
  await server.untilIdle(idleLimitMs);
  const before = await memoryOf(server);
  await server.measureIdle(500);

  const from = server.cpu();
  const { clients, perSecond, loadPercent } = await connectAll(server, "document", connectionCount);
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  const connected = await memoryOf(server);
  const idleShare = await server.measureIdle(idleMs);
  const lost = clients.filter(({ closedBecause }) => closedBecause);
  await leaveAll(server, clients);
  const left = await memoryOf(server);
  await server.end("SIGTERM");
  const perConnection = (/** @type {number} */ bytes) => bytes / 1000 / connectionCount;
  return {
    wrong: lost.length === 0 ? undefined : `${lost.length} clients were disconnected: ${lost[0].closedBecause}`,
    figures: {
      perSecond,
      cpuMs: cpuMs / connectionCount,
      rssKB: perConnection(connected.rss - before.rss),
      uncollectedRssKB: perConnection(connected.uncollectedRss - before.uncollectedRss),
      heapKB: perConnection(connected.heapUsed - before.heapUsed),
      externalKB: perConnection(connected.external - before.external),
      idlePercent: idleShare * 100,
      leftHeapKB: perConnection(left.heapUsed - before.heapUsed),
      leftRssKB: perConnection(left.rss - before.rss),
      loadPercent,
    },
  };
}

/** A client each for so many documents, which stays. @param {Server} server @param {string} prefix @param {number} count */
async function connectAll({ port, peer }, prefix, count) {
  /** @type {LightClient[]} */
  const clients = [];
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  const loadBefore = process.cpuUsage();
  const startMs = performance.now();
  await eachOf(names, atOnce, async (name) => {
    const client = new LightClient({ port, name, peer });
    clients.push(client);
    await client.ready;
  });
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(loadBefore);
  return { clients, perSecond: (count / wallMs) * 1000, loadPercent: ((user + system) / 1000 / wallMs) * 100 };
}

/** Resolves when the server has let go of their documents. @param {Server} server @param {readonly LightClient[]} clients */
async function leaveAll(server, clients) {
  for (const client of clients) client.leave();
  await pause(unloadMs);
  await server.untilIdle(idleLimitMs);
}

/** As it is, and after forced collections. @param {Server} server */
async function memoryOf(server) {
  const uncollectedRss = residentBytes(server.pid);
  return { uncollectedRss, ...(await server.memory()) };
}
