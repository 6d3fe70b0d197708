/**
 * Many documents held open by one idle client each: what a server keeps per document, after forced collections. Measured when
 * the documents were just written, when all clients have left, and, in a new process, when they were opened from disk.
 */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startServer } from "../server/server-process.mjs";
import { LightClient } from "../client/light-client.mjs";
import { wrongContent } from "../load/content.mjs";
import { inserting } from "../load/histories.mjs";
import { eachOf } from "../load/pool.mjs";

const idleLimitMs = 300_000;
const atOnce = 25;
/** Written, left and forgotten before the empty server is measured: what it compiles and sets up once is no document's. */
const warmUpDocuments = 30;
/** Unloading takes a while (Syncline: 5 s after the last client left). */
const unloadAtLeastMs = 8_000;
const unloadAtMostMs = 60_000;

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

/** @type {import("./scenarios.mjs").Scenario} */
export const memory = {
  name: "memory",
  about: "5,000 documents of 10 kB, one idle client each",
  peers: ["syncline", "y-websocket-server", "bare-ws"],
  defaultRounds: 1,
  settings: {
    full: { documentCount: 5_000, editCount: 100, characters: 100 },
    quick: { documentCount: 150, editCount: 100, characters: 100 },
  },
  columns: [
    { key: "writtenHeapKB", title: "written: heap kB/doc", digits: 1 },
    { key: "writtenExternalKB", title: "external kB/doc", digits: 1 },
    { key: "openedHeapKB", title: "opened: heap kB/doc", digits: 1 },
    { key: "openedExternalKB", title: "external kB/doc", digits: 1 },
    { key: "openedRssKB", title: "RSS kB/doc", digits: 1 },
    { key: "leftHeapKB", title: "left: heap kB/doc", digits: 2 },
    { key: "leftExternalKB", title: "external kB/doc", digits: 2 },
    { key: "emptyHeapMB", title: "empty: heap MB", digits: 1 },
    { key: "emptyRssMB", title: "RSS MB", digits: 0 },
    { key: "writeCpuUs", title: "write CPU µs/edit", digits: 1 },
  ],
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const { documentCount, editCount, characters } = settings;
  const history = inserting(editCount, characters);
  const names = Array.from({ length: documentCount }, (_, index) => `document-${index}`);
  const checked = names.filter((_, index) => index % Math.ceil(documentCount / 100) === 0);
  const options = { dataDirectory: join(directory, "data"), withMemory: true };
  const perDocument = (/** @type {number} */ bytes) => bytes / 1000 / documentCount;

  let server = await startServer(peer, options);
  const warmUp = names.slice(0, warmUpDocuments).map((name) => `warm-up-${name}`);
  let empty = await emptied(server, await openAll(server, peer, warmUp, history.frames));
  const from = server.cpu();
  let clients = await openAll(server, peer, names, history.frames);
  await server.untilIdle(idleLimitMs);
  const spent = server.spent(from);
  const written = await server.memory();
  /** @type {Record<string, number>} */
  const figures = {
    emptyHeapMB: empty.heapUsed / 1e6,
    emptyRssMB: empty.rss / 1e6,
    writtenHeapKB: perDocument(written.heapUsed - empty.heapUsed),
    writtenExternalKB: perDocument(written.external - empty.external),
    writtenRssKB: perDocument(written.rss - empty.rss),
    writeCpuUs: (spent.cpuMs * 1000) / (documentCount * editCount),
  };
  let wrong = lost(clients);
  if (!peer.persists) {
    Object.assign(figures, remains(await emptied(server, clients), empty, perDocument));
    await server.end("SIGTERM");
    return { wrong, figures };
  }
  for (const client of clients) client.leave();
  await server.end("SIGTERM");

  server = await startServer(peer, options);
  empty = await emptied(server, await openAll(server, peer, warmUp));
  clients = await openAll(server, peer, names);
  await server.untilIdle(idleLimitMs);
  const opened = await server.memory();
  figures.openedHeapKB = perDocument(opened.heapUsed - empty.heapUsed);
  figures.openedExternalKB = perDocument(opened.external - empty.external);
  figures.openedRssKB = perDocument(opened.rss - empty.rss);
  wrong ??= lost(clients) ?? (await wrongContent(server.port, checked, history.text));
  Object.assign(figures, remains(await emptied(server, clients), empty, perDocument));
  await server.end("SIGTERM");
  return { wrong, figures };
}

/**
 * A client for each document, which writes `frames` into it and stays.
 *
 * @param {Server} server
 * @param {import("../server/peers.mjs").Peer} peer
 * @param {readonly string[]} names
 * @param {readonly Buffer[]} [frames]
 */
async function openAll({ port }, { speaksYjs }, names, frames = []) {
  const edits = Buffer.concat(frames);
  /** @type {LightClient[]} */
  const clients = [];
  await eachOf(names, atOnce, async (name) => {
    const client = new LightClient({ port, name, speaksYjs });
    clients.push(client);
    await client.ready;
    if (edits.length > 0) client.send(edits);
    await client.barrier();
  });
  return clients;
}

/**
 * All leave; resolves with what the server then has when that has stopped falling.
 *
 * @param {Server} server
 * @param {readonly LightClient[]} clients
 */
async function emptied(server, clients) {
  // Nothing that is still being written counts as left behind.
  await server.untilIdle(idleLimitMs);
  for (const client of clients) client.leave();
  const startMs = performance.now();
  let last = await server.memory();
  for (let steadyCount = 0; performance.now() - startMs < unloadAtMostMs;) {
    await pause(2_000);
    const now = await server.memory();
    steadyCount = now.heapUsed > last.heapUsed * 0.995 ? steadyCount + 1 : 0;
    last = now;
    if (steadyCount >= 2 && performance.now() - startMs > unloadAtLeastMs) break;
  }
  return last;
}

/** @type {(left: NodeJS.MemoryUsage, empty: NodeJS.MemoryUsage, perDocument: (bytes: number) => number) => Record<string, number>} */
const remains = (left, empty, perDocument) => ({
  leftHeapKB: perDocument(left.heapUsed - empty.heapUsed),
  leftExternalKB: perDocument(left.external - empty.external),
  leftRssKB: perDocument(left.rss - empty.rss),
});

/** @param {readonly LightClient[]} clients */
function lost(clients) {
  const gone = clients.filter(({ closedBecause }) => closedBecause);
  return gone.length === 0 ? undefined : `${gone.length} clients were disconnected: ${gone[0].closedBecause}`;
}
