/**
 * A long document after a restart: how long a client waits for it. Written once per peer through the server, edit by edit;
 * every measurement starts a fresh server on a copy of what that left, because the first to open it may rewrite it.
 */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startServer } from "../server/server-process.mjs";
import { LightClient } from "../client/light-client.mjs";
import { Observer } from "../load/content.mjs";
import { dictate } from "../load/dictation.mjs";
import { openWithDoc } from "../load/document-client.mjs";
import { typing } from "../load/histories.mjs";
import { recorded } from "../load/recordings.mjs";

const name = "long";
const openLimitMs = 60_000;
const idleLimitMs = 120_000;
/** By then a server has unloaded what nobody has open (Syncline: 5 s after the last client left). */
const unloadMs = 7_000;

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */
/** @typedef {{ server: Server, text: string }} Opening */

/** @type {import("./scenarios.mjs").Scenario} */
export const coldOpen = {
  name: "cold-open",
  about: "a document of many small edits, restart, open",
  peers: ["syncline", "hocuspocus", "y-websocket-server"],
  defaultRounds: 3,
  cases: [
    {
      label: "100,000 typed",
      settings: { full: { typedCount: 100_000, recordedCount: 0 }, quick: { typedCount: 3_000, recordedCount: 0 } },
    },
    {
      label: "a recorded paper, 259,778",
      // Writing it and opening it so often takes y-websocket-server many minutes.
      peers: ["syncline", "hocuspocus"],
      settings: { full: { typedCount: 0, recordedCount: 259_778 }, quick: { typedCount: 0, recordedCount: 5_000 } },
    },
  ],
  columns: [
    { key: "step2Ms", title: "synced ms", digits: 1 },
    { key: "contentMs", title: "content ms", digits: 1 },
    { key: "docMs", title: "in Y.Doc ms", digits: 1 },
    { key: "cpuMs", title: "CPU ms", digits: 1 },
    { key: "receivedKiB", title: "received KiB", digits: 0 },
    { key: "emptyMs", title: "empty doc ms", digits: 1 },
    { key: "killedContentMs", title: "killed: content ms", digits: 1 },
    { key: "killedCpuMs", title: "killed: CPU ms", digits: 1 },
    { key: "killedMissing", title: "killed: characters missing", digits: 0 },
    { key: "writeUs", title: "write µs/edit", digits: 1 },
    { key: "writeCpuUs", title: "write CPU µs/edit", digits: 1 },
  ],
  chart: { key: "contentMs", title: "Cold open: ms until the text is there" },
  prepare,
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function prepare({ peer, preparedDirectory, settings }) {
  const history = settings.recordedCount > 0 ? await recorded(settings.recordedCount) : typing(settings.typedCount);
  const stopped = join(preparedDirectory, "stopped");
  await mkdir(preparedDirectory, { recursive: true });
  await writeFile(join(preparedDirectory, "expected.txt"), history.text);
  const server = await startServer(peer, { dataDirectory: stopped });
  const { clients, wallMs, cpuMs } = await dictate(server, name, history);
  // The server is idle, and everybody still there: these are the files that a kill -9 would leave now.
  await cp(stopped, join(preparedDirectory, "killed"), { recursive: true });
  for (const client of clients) client.leave();
  await pause(unloadMs);
  await server.untilIdle(idleLimitMs);
  await server.end("SIGTERM");
  const perEdit = (/** @type {number} */ ms) => (ms * 1000) / history.updates.length;
  return { wrong: undefined, figures: { writeUs: perEdit(wallMs), writeCpuUs: perEdit(cpuMs) } };
}

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, preparedDirectory }) {
  const text = await readFile(join(preparedDirectory, "expected.txt"), "utf8");
  /** @type {<Figures>(ending: "stopped" | "killed", open: (opening: Opening) => Promise<Figures>) => Promise<Figures>} */
  const onFreshServer = async (ending, open) => {
    const dataDirectory = join(directory, "data");
    await cp(join(preparedDirectory, ending), dataDirectory, { recursive: true });
    const server = await startServer(peer, { dataDirectory });
    // What starting costs, and what the store recovers, is not the document's.
    await server.untilIdle(idleLimitMs);
    await server.measureIdle(500);
    const figures = await open({ server, text });
    await server.end("SIGKILL");
    await rm(dataDirectory, { recursive: true });
    return figures;
  };
  const emptyMs = await onFreshServer("stopped", openNothing);
  const opened = await onFreshServer("stopped", openLight);
  const inDoc = await onFreshServer("stopped", openDoc);
  const killed = await onFreshServer("killed", openLight);
  return {
    wrong: opened.missing ?? inDoc.missing,
    figures: {
      ...opened.figures,
      docMs: inDoc.elapsedMs,
      emptyMs,
      killedMissing: killed.missingCount,
      // How long it takes to open something else is nobody's question.
      ...(killed.missing ? {} : { killedContentMs: killed.figures.contentMs, killedCpuMs: killed.figures.cpuMs }),
    },
  };
}

/** @param {Opening} opening */
async function openLight({ server, text }) {
  const from = server.cpu();
  const startMs = performance.now();
  const observer = new Observer({ port: server.port, name, peer: server.peer });
  await observer.client.ready;
  // One that says "synced" before it has loaded the document still sends it.
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  const completeMs = await observer.completeAt(text, 1_000);
  observer.client.leave();
  const receivedBytes = observer.arrivals.reduce((sum, { update }) => sum + update.length, 0);
  return {
    missing: completeMs === undefined ? observer.describe(text) : undefined,
    missingCount: text.length - observer.length,
    figures: {
      step2Ms: observer.client.syncedMs - startMs,
      contentMs: (completeMs ?? NaN) - startMs,
      cpuMs,
      receivedKiB: receivedBytes / 1024,
    },
  };
}

/** @param {Opening} opening */
async function openDoc({ server, text }) {
  const { elapsedMs, found } = await openWithDoc({ server, name, text, limitMs: openLimitMs });
  const missing = found === text ? undefined : `a Y.Doc has ${found.length} of ${text.length} characters`;
  return { elapsedMs, missing };
}

/** What the first connection to a fresh process costs, whatever it opens. @param {Opening} opening */
async function openNothing({ server: { port, peer } }) {
  const startMs = performance.now();
  const client = new LightClient({ port, name: "nothing", peer });
  await client.ready;
  client.leave();
  return client.syncedMs - startMs;
}
