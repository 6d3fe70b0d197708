/**
 * Everybody comes back at once to one document, after a restart of the server: with all of it, as after a deploy, or with nothing.
 * The document is written once per peer through the server; each measurement starts a fresh server on a copy of what that left.
 */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";
import { ReturningClient } from "../client/returning-client.mjs";
import { emptyStateVector, emptyUpdate } from "../client/sync-messages.mjs";
import { wrongContent } from "../load/content.mjs";
import { textName } from "../load/histories.mjs";
import { sharedText } from "../load/shared-text.mjs";
import { quantile } from "../report/statistics.mjs";
import { countListenDrops } from "../server/listen-drops.mjs";
import { forgetPeak, peakResidentBytes, residentBytes } from "../server/resident-memory.mjs";
import { startServer } from "../server/server-process.mjs";
import { withLimits } from "../server/syncline-limits.mjs";

const name = "paper";
const syncLimitMs = 60_000;
const idleLimitMs = 120_000;
/** By then a server has unloaded what nobody has open (Syncline: 5 s after the last client left). */
const unloadMs = 7_000;
/** Edits written before the server is asked whether it has read them: one slower than the writer must not drown. */
const editsAtOnce = 500;
/** So many of the crowd keep what they are sent, to be checked by a real Y.Doc. */
const checkedCount = 5;

/** @type {import("./scenarios.mjs").Scenario} */
export const storm = {
  name: "storm",
  about: "everybody comes back at once to a document of 1.3 MB, after a restart",
  peers: ["syncline", "y-websocket-server", "hocuspocus"],
  defaultRounds: 3,
  settings: { full: {}, quick: {} },
  cases: [
    {
      label: "2,000 who have all of it",
      settings: {
        full: { clientCount: 2_000, hasAll: 1, editCount: 103_000 },
        quick: { clientCount: 100, hasAll: 1, editCount: 5_000 },
      },
    },
    {
      label: "1,000 who have nothing",
      settings: {
        full: { clientCount: 1_000, hasAll: 0, editCount: 103_000 },
        quick: { clientCount: 100, hasAll: 0, editCount: 5_000 },
      },
    },
  ],
  columns: [
    { key: "cpuMs", title: "CPU ms/client", digits: 2 },
    { key: "lastMs", title: "last synced ms", digits: 0 },
    { key: "p50Ms", title: "p50 ms", digits: 0 },
    { key: "p99Ms", title: "p99 ms", digits: 0 },
    { key: "peakMB", title: "RSS peak above before MB", digits: 0 },
    { key: "receivedKB", title: "received kB/client", digits: 0 },
    { key: "droppedSyns", title: "SYNs dropped", digits: 0 },
    { key: "failureCount", title: "refused or closed", digits: 0 },
    { key: "waitPercent", title: "waits for core %", digits: 0 },
    { key: "loadPercent", title: "load CPU %", digits: 0 },
  ],
  chart: { key: "cpuMs", title: "CPU ms per client that comes back" },
  prepare,
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function prepare({ peer, preparedDirectory, settings }) {
  const { updates, whole, text } = sharedText(settings.editCount);
  await mkdir(preparedDirectory, { recursive: true });
  await writeFile(join(preparedDirectory, "whole.bin"), whole);
  const server = await startServer(peer, { dataDirectory: join(preparedDirectory, "data") });
  const writer = new LightClient({ port: server.port, name, peer });
  await writer.ready;
  for (let at = 0; at < updates.length; at += editsAtOnce) {
    const frames = updates.slice(at, at + editsAtOnce).map((update) => peer.dialect.updateFrame(name, update));
    writer.send(Buffer.concat(frames));
    await writer.barrier();
  }
  await server.untilIdle(idleLimitMs);
  const wrong = await wrongContent(server, [name], text);
  writer.leave();
  await pause(unloadMs);
  await server.untilIdle(idleLimitMs);
  await server.end("SIGTERM");
  return { wrong, figures: { documentKB: whole.length / 1000 } };
}

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, preparedDirectory, settings }) {
  const { clientCount } = settings;
  const known = documentOf(await readFile(join(preparedDirectory, "whole.bin")));
  const dataDirectory = join(directory, "data");
  await cp(join(preparedDirectory, "data"), dataDirectory, { recursive: true });
  const limits = { max_members_per_room: clientCount + checkedCount };
  const server = await startServer(await withLimits(peer, directory, limits), { dataDirectory });
  await server.untilIdle(idleLimitMs);
  await server.measureIdle(500);
  const crowd = { port: server.port, name, peer, readInto: Buffer.allocUnsafe(256 * 1024) };
  const { clients, ...come } = await comeBack(server, { ...crowd, ...bringing(peer, known, settings) }, clientCount);
  const wrong =
    whyNotSynced(clients, come.cpuMs) ??
    whyWrong(clients, known, settings) ??
    (await wrongContent(server, [name], known.text));
  for (const client of clients) client.leave();
  await server.end("SIGKILL");
  const synced = clients.filter((client) => client.syncedMs > 0);
  const syncedMs = synced.map((client) => client.syncedMs - come.startMs);
  return {
    wrong,
    figures: {
      cpuMs: come.cpuMs / clientCount,
      lastMs: quantile(syncedMs, 1),
      p50Ms: quantile(syncedMs, 0.5),
      p99Ms: quantile(syncedMs, 0.99),
      peakMB: come.peakBytes / 1e6,
      receivedKB: sum(clients, ({ contentBytes }) => contentBytes) / 1000 / clientCount,
      droppedSyns: come.droppedSyns,
      failureCount: sum(clients, (client) => client.failureCount),
      waitPercent: come.waitPercent,
      loadPercent: come.loadPercent,
    },
  };
}

/**
 * They all connect in one turn. Resolves when the server has done what there was to do for them, or some are not synced in time.
 *
 * @param {Awaited<ReturnType<typeof startServer>>} server
 * @param {import("../client/returning-client.mjs").Crowd} crowd
 * @param {number} clientCount
 */
async function comeBack(server, crowd, clientCount) {
  const checkedEvery = Math.ceil(clientCount / checkedCount);
  let missingCount = clientCount;
  /** @type {() => void} */
  let resolveAll = () => undefined;
  const all = new Promise((resolve) => (resolveAll = () => resolve(undefined)));
  const onSynced = () => {
    missingCount -= 1;
    if (missingCount === 0) resolveAll();
  };
  const rssBytes = residentBytes(server.pid);
  forgetPeak(server.pid);
  const drops = countListenDrops();
  const loadBefore = process.cpuUsage();
  const from = server.cpu();
  const startMs = performance.now();
  const clients = Array.from(
    { length: clientCount },
    (_, index) => new ReturningClient(crowd, { keeps: index % checkedEvery === 0, onSynced }),
  );
  await Promise.race([all, pause(syncLimitMs, undefined, { ref: false }), server.died]);
  const { wallMs, mainWaitMs } = server.spent(from);
  const { user, system } = process.cpuUsage(loadBefore);
  // What it is still busy with for them belongs to them.
  if (missingCount === 0) await server.untilIdle(idleLimitMs);
  return {
    clients,
    startMs,
    cpuMs: server.spent(from).cpuMs,
    peakBytes: peakResidentBytes(server.pid) - rssBytes,
    droppedSyns: countListenDrops() - drops,
    waitPercent: (mainWaitMs / wallMs) * 100,
    loadPercent: ((user + system) / 1000 / wallMs) * 100,
  };
}

/** @typedef {{ doc: Y.Doc, whole: Uint8Array, text: string }} Known */

/** @type {(whole: Uint8Array) => Known} */
function documentOf(whole) {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, whole);
  return { doc, whole, text: doc.getText(textName).toString() };
}

/**
 * What each of them says it has, and what it answers when the server says what that has: what the server lacks, and all
 * deletions, whether it knows them or not.
 *
 * @param {import("../server/peers.mjs").Peer} peer
 * @param {Known} known
 * @param {Record<string, number>} settings
 * @returns {Pick<import("../client/returning-client.mjs").Crowd, "hello" | "answerTo" | "enoughBytes">}
 */
function bringing({ dialect }, { doc, whole }, { hasAll }) {
  const helloWith = (/** @type {Uint8Array} */ stateVector) =>
    Buffer.concat([dialect.greeting(name), dialect.step1Frame(name, stateVector)]);
  if (!hasAll) {
    const answer = dialect.step2Frame(name, emptyUpdate);
    return { hello: helloWith(emptyStateVector), answerTo: () => answer, enoughBytes: whole.length / 2 };
  }
  /** @type {Map<string, Buffer>} */
  const answers = new Map();
  const answerTo = (/** @type {Uint8Array} */ stateVector) => {
    const key = Buffer.from(stateVector).toString("latin1");
    const answer = answers.get(key) ?? dialect.step2Frame(name, Y.encodeStateAsUpdate(doc, stateVector));
    answers.set(key, answer);
    return answer;
  };
  // What they will be asked is known, and shall not be computed while they come.
  answerTo(Y.encodeStateVector(doc));
  return { hello: helloWith(Y.encodeStateVector(doc)), answerTo, enoughBytes: 0 };
}

/** @type {(clients: readonly ReturningClient[], cpuMs: number) => string | undefined} */
function whyNotSynced(clients, cpuMs) {
  const missing = clients.filter(({ syncedMs }) => syncedMs === 0);
  if (missing.length === 0) return undefined;
  const failed = clients.find(({ failedBecause }) => failedBecause)?.failedBecause ?? "none was closed";
  const spent = `${(cpuMs / 1000).toFixed(1)} s of CPU`;
  return `${missing.length} of ${clients.length} are not synced after ${syncLimitMs / 1000} s and ${spent}: ${failed}`;
}

/** @type {(clients: readonly ReturningClient[], known: Known, settings: Record<string, number>) => string | undefined} */
function whyWrong(clients, { whole, text }, { hasAll }) {
  const checked = clients.filter(({ kept }) => kept);
  for (const { kept } of checked) {
    const doc = new Y.Doc();
    if (hasAll) Y.applyUpdate(doc, whole);
    for (const update of kept ?? []) Y.applyUpdate(doc, update);
    const isWhole = doc.getText(textName).toString() === text;
    if (!isWhole || doc.store.pendingStructs || doc.store.pendingDs) return "a client does not have the document";
  }
  // The others are not opened: they were sent as much as one that has it.
  const leastBytes = Math.min(...checked.map(({ contentBytes }) => contentBytes));
  const short = clients.find(({ contentBytes }) => contentBytes < leastBytes);
  return (
    short && `a client was sent ${short.contentBytes} bytes, others, which have the document, ${leastBytes} and more`
  );
}

/** @type {(clients: readonly ReturningClient[], of: (client: ReturningClient) => number) => number} */
const sum = (clients, of) => clients.reduce((total, client) => total + of(client), 0);
