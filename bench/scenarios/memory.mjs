/**
 * Many documents: what a server keeps of each, after forced collections. Written in one process; measured in another, which opens
 * them from disk: with one idle client each, when all clients have just left, and when the documents were unloaded. What the
 * connections themselves cost is measured at a bare relay and subtracted.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { peers } from "../server/peers.mjs";
import { startServer } from "../server/server-process.mjs";
import { LightClient } from "../client/light-client.mjs";
import { wrongContent } from "../load/content.mjs";
import { framesOf, inserting } from "../load/histories.mjs";
import { eachOf } from "../load/pool.mjs";

const idleLimitMs = 300_000;
const atOnce = 50;
/** Opened, left and forgotten before the empty server is measured: what it compiles and sets up once is no document's. */
const warmUpDocuments = 30;
/** Sockets are gone by then, and what keeps documents for a while (Syncline: 5 s) still has them. */
const stillLoadedMs = 1_000;
/** Unloading takes a while (Syncline: 5 s after the last client left). */
const unloadAtLeastMs = 8_000;
const unloadAtMostMs = 60_000;

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

/** @type {import("./scenarios.mjs").Scenario} */
export const memory = {
  name: "memory",
  about: "5,000 documents of 10 kB, one idle client each, and without",
  peers: ["syncline", "hocuspocus", "y-websocket-server"],
  defaultRounds: 1,
  settings: {
    full: { documentCount: 5_000, editCount: 100, characters: 100, updateCount: 10 },
    quick: { documentCount: 150, editCount: 100, characters: 100, updateCount: 10 },
  },
  columns: [
    { key: "openHeapKB", title: "open: heap kB/doc", digits: 1 },
    { key: "openExternalKB", title: "external kB/doc", digits: 1 },
    { key: "openRssKB", title: "RSS kB/doc", digits: 1 },
    { key: "connectionHeapKB", title: "its connection alone: heap kB", digits: 1 },
    { key: "connectionRssKB", title: "RSS kB", digits: 1 },
    { key: "roomHeapKB", title: "without it: heap kB/doc", digits: 1 },
    { key: "roomRssKB", title: "RSS kB/doc", digits: 1 },
    { key: "leftHeapKB", title: "just left: heap kB/doc", digits: 2 },
    { key: "leftExternalKB", title: "external kB/doc", digits: 2 },
    { key: "unloadedHeapKB", title: "unloaded: heap kB/doc", digits: 2 },
    { key: "unloadedRssKB", title: "RSS kB/doc", digits: 1 },
    { key: "emptyHeapMB", title: "empty: heap MB", digits: 1 },
    { key: "emptyRssMB", title: "RSS MB", digits: 0 },
  ],
  chart: { key: "roomHeapKB", title: "Memory: kB of heap of an open document, its connection not counted" },
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const { documentCount, editCount, characters, updateCount } = settings;
  const history = inUpdates(inserting(editCount, characters), updateCount);
  const names = Array.from({ length: documentCount }, (_, index) => `document-${index}`);
  const warmUp = names.slice(0, warmUpDocuments).map((name) => `warm-up-${name}`);
  const dataDirectory = join(directory, "data");
  const written = await writeAll(peer, dataDirectory, { names: [...warmUp, ...names], history });
  const alone = await holdAll(peers["bare-ws"], join(directory, "none"), { names, warmUp });
  const held = await holdAll(peer, dataDirectory, { names, warmUp, text: history.text });

  const per = (/** @type {NodeJS.MemoryUsage} */ usage, /** @type {NodeJS.MemoryUsage} */ empty) => {
    const kilobytes = (/** @type {"heapUsed" | "external" | "rss"} */ key) =>
      (usage[key] - empty[key]) / 1000 / documentCount;
    return { heapKB: kilobytes("heapUsed"), externalKB: kilobytes("external"), rssKB: kilobytes("rss") };
  };
  const connection = per(alone.open, alone.empty);
  const open = per(held.open, held.empty);
  const left = per(held.left, held.empty);
  const unloaded = per(held.unloaded, held.empty);
  return {
    wrong: written.wrong ?? held.wrong,
    figures: {
      openHeapKB: open.heapKB,
      openExternalKB: open.externalKB,
      openRssKB: open.rssKB,
      connectionHeapKB: connection.heapKB,
      connectionRssKB: connection.rssKB,
      roomHeapKB: open.heapKB - connection.heapKB,
      roomRssKB: open.rssKB - connection.rssKB,
      leftHeapKB: left.heapKB,
      leftExternalKB: left.externalKB,
      unloadedHeapKB: unloaded.heapKB,
      unloadedRssKB: unloaded.rssKB,
      emptyHeapMB: held.empty.heapUsed / 1e6,
      emptyRssMB: held.empty.rss / 1e6,
    },
  };
}

/** The same content in fewer updates: writing is not what is measured. @type {(history: import("../load/histories.mjs").History, updateCount: number) => import("../load/histories.mjs").History} */
function inUpdates({ clientID, updates, text }, updateCount) {
  const editsEach = Math.ceil(updates.length / updateCount);
  const merged = [];
  for (let at = 0; at < updates.length; at += editsEach) merged.push(Y.mergeUpdates(updates.slice(at, at + editsEach)));
  return { clientID, updates: merged, text };
}

/**
 * Everybody writes `history` into a document of their own and stays until all is stored.
 *
 * @param {import("../server/peers.mjs").Peer} peer
 * @param {string} dataDirectory
 * @param {{ names: readonly string[], history: import("../load/histories.mjs").History }} documents
 */
async function writeAll(peer, dataDirectory, { names, history }) {
  const server = await startServer(peer, { dataDirectory });
  const framesFor = framesOf(history, peer.dialect);
  const clients = await openAll(server, names, (client, name) => client.send(Buffer.concat(framesFor(name))));
  await server.untilIdle(idleLimitMs);
  const wrong = lost(clients);
  for (const client of clients) client.leave();
  await server.untilIdle(idleLimitMs);
  await server.end("SIGTERM");
  return { wrong };
}

/**
 * What a new process keeps of the documents. Their content is compared where `text` says what it should be.
 *
 * @param {import("../server/peers.mjs").Peer} peer
 * @param {string} dataDirectory
 * @param {{ names: readonly string[], warmUp: readonly string[], text?: string }} documents
 */
async function holdAll(peer, dataDirectory, { names, warmUp, text }) {
  const server = await startServer(peer, { dataDirectory, withMemory: true });
  for (const client of await openAll(server, warmUp)) client.leave();
  const empty = await settled(server);
  const clients = await openAll(server, names);
  await server.untilIdle(idleLimitMs);
  const open = await server.memory();
  const checked = names.filter((_, index) => index % Math.ceil(names.length / 100) === 0);
  const wrong = lost(clients) ?? (text === undefined ? undefined : await wrongContent(server, checked, text));
  await server.untilIdle(idleLimitMs);
  for (const client of clients) client.leave();
  await pause(stillLoadedMs);
  const left = await server.memory();
  const unloaded = text === undefined ? left : await settled(server);
  await server.end("SIGTERM");
  return { wrong, empty, open, left, unloaded };
}

/**
 * A client for each document, which does `act` there and stays.
 *
 * @param {Server} server
 * @param {readonly string[]} names
 * @param {(client: LightClient, name: string) => void} [act]
 */
async function openAll({ port, peer }, names, act) {
  /** @type {LightClient[]} */
  const clients = [];
  await eachOf(names, atOnce, async (name) => {
    const client = new LightClient({ port, name, peer });
    clients.push(client);
    await client.ready;
    act?.(client, name);
    await client.barrier();
  });
  return clients;
}

/** What the server has when everybody has left and that no longer falls. @param {Server} server */
async function settled(server) {
  const startMs = performance.now();
  // A relay has nothing to unload.
  const atLeastMs = server.peer.persists ? unloadAtLeastMs : 0;
  let last = await server.memory();
  for (let steadyCount = 0; performance.now() - startMs < unloadAtMostMs;) {
    await pause(2_000);
    const now = await server.memory();
    steadyCount = now.heapUsed > last.heapUsed * 0.995 ? steadyCount + 1 : 0;
    last = now;
    if (steadyCount >= 2 && performance.now() - startMs > atLeastMs) break;
  }
  return last;
}

/** @param {readonly LightClient[]} clients */
function lost(clients) {
  const gone = clients.filter(({ closedBecause }) => closedBecause);
  return gone.length === 0 ? undefined : `${gone.length} clients were disconnected: ${gone[0].closedBecause}`;
}
