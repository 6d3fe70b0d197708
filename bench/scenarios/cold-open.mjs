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
import { openWithDoc } from "../load/document-client.mjs";
import { typing } from "../load/histories.mjs";

const name = "long";
const openLimitMs = 60_000;
const idleLimitMs = 120_000;
/** So many edits may be on their way: a server that is slower than the writer must not drown. */
const inFlightCount = 2_000;
const framesPerWrite = 50;

/** How the server ended before the restart: told to, after everybody had left, or at once, with everybody still there. */
const endings = /** @type {const} */ ({ stopped: "SIGTERM", killed: "SIGKILL" });
/** By then a server has unloaded what nobody has open (Syncline: 5 s after the last client left). */
const unloadMs = 7_000;

/** @type {import("./scenarios.mjs").Scenario} */
export const coldOpen = {
  name: "cold-open",
  about: "100,000 single-character edits, restart, open",
  peers: ["syncline", "y-websocket-server"],
  defaultRounds: 3,
  settings: { full: { editCount: 100_000 }, quick: { editCount: 3_000 } },
  columns: [
    { key: "stoppedStep2Ms", title: "step2 ms", digits: 1 },
    { key: "stoppedContentMs", title: "content ms", digits: 1 },
    { key: "stoppedDocMs", title: "in Y.Doc ms", digits: 1 },
    { key: "stoppedCpuMs", title: "CPU ms", digits: 1 },
    { key: "killedStep2Ms", title: "killed: step2 ms", digits: 1 },
    { key: "killedContentMs", title: "content ms", digits: 1 },
    { key: "killedDocMs", title: "in Y.Doc ms", digits: 1 },
    { key: "killedCpuMs", title: "CPU ms", digits: 1 },
    { key: "stoppedEmptyMs", title: "empty doc ms", digits: 1 },
    { key: "stoppedReceivedKiB", title: "received KiB", digits: 0 },
    { key: "writeUs", title: "write µs/edit", digits: 1 },
    { key: "writeCpuUs", title: "write CPU µs/edit", digits: 1 },
  ],
  prepare,
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function prepare({ peer, preparedDirectory, settings }) {
  const history = typing(settings.editCount);
  await mkdir(preparedDirectory, { recursive: true });
  await writeFile(join(preparedDirectory, "expected.txt"), history.text);
  /** @type {Record<string, number>} */
  let figures = {};
  for (const [ending, signal] of Object.entries(endings)) {
    const server = await startServer(peer, { dataDirectory: join(preparedDirectory, ending) });
    const written = await write(server, history);
    figures = written.figures;
    if (ending === "stopped") {
      for (const client of written.clients) client.leave();
      await pause(unloadMs);
      await server.untilIdle(idleLimitMs);
    }
    await server.end(signal);
    for (const client of written.clients) client.leave();
  }
  return { wrong: undefined, figures };
}

/**
 * @param {Awaited<ReturnType<typeof startServer>>} server
 * @param {import("../load/histories.mjs").History} history
 */
async function write(server, { frames }) {
  let receivedCount = 0;
  const { port } = server;
  const reader = new LightClient({ port, name, speaksYjs: true, onUpdate: () => (receivedCount += 1) });
  const writer = new LightClient({ port, name, speaksYjs: true });
  await Promise.all([reader.ready, writer.ready]);
  await server.untilIdle(idleLimitMs);
  await server.measureIdle(500);
  // Its step2 was one.
  receivedCount = 0;
  const from = server.cpu();
  for (let at = 0; at < frames.length; at += framesPerWrite) {
    while (at - receivedCount > inFlightCount) await untilMore(reader, writer);
    if (!writer.send(Buffer.concat(frames.slice(at, at + framesPerWrite)))) await writer.drained();
  }
  while (receivedCount < frames.length) await untilMore(reader, writer);
  const { wallMs } = server.spent(from);
  // A server that writes behind is not done yet.
  await server.untilIdle(idleLimitMs);
  const spent = server.spent(from);
  const perEdit = (/** @type {number} */ ms) => (ms * 1000) / frames.length;
  return { clients: [reader, writer], figures: { writeUs: perEdit(wallMs), writeCpuUs: perEdit(spent.cpuMs) } };
}

/** @param {LightClient} reader @param {LightClient} writer */
async function untilMore(reader, writer) {
  const closedBecause = reader.closedBecause ?? writer.closedBecause;
  if (closedBecause) throw new Error(`while writing: ${closedBecause}`);
  if (performance.now() - reader.arrivedMs > openLimitMs) throw new Error("while writing: edits are not relayed");
  await pause(1);
}

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, preparedDirectory }) {
  const text = await readFile(join(preparedDirectory, "expected.txt"), "utf8");
  const dataDirectory = join(directory, "data");
  /** @type {Record<string, number>} */
  const figures = {};
  for (const { ending, open } of openings) {
    await cp(join(preparedDirectory, ending), dataDirectory, { recursive: true });
    const server = await startServer(peer, { dataDirectory });
    // What starting costs, and what the store recovers, is not the document's.
    await server.untilIdle(idleLimitMs);
    await server.measureIdle(500);
    const opened = await open(server, text);
    await server.end("SIGKILL");
    await rm(dataDirectory, { recursive: true });
    if (opened.wrong) return { wrong: `${ending}, reopened: ${opened.wrong}`, figures };
    for (const [key, value] of Object.entries(opened.figures)) figures[`${ending}${key}`] = value;
  }
  return { wrong: undefined, figures };
}

/** @typedef {(server: Awaited<ReturnType<typeof startServer>>, text: string) => Promise<import("./scenarios.mjs").Outcome>} Opening */

/** @type {Opening} */
async function openLight(server, text) {
  const from = server.cpu();
  const startMs = performance.now();
  const observer = new Observer({ port: server.port, name });
  const completeMs = await observer.completeAt(text, openLimitMs);
  if (completeMs === undefined) return { wrong: observer.describe(text), figures: {} };
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  observer.client.leave();
  const receivedBytes = observer.arrivals.reduce((sum, { update }) => sum + update.length, 0);
  const step2Ms = observer.client.syncedMs - startMs;
  const contentMs = completeMs - startMs;
  return {
    wrong: undefined,
    figures: { Step2Ms: step2Ms, ContentMs: contentMs, CpuMs: cpuMs, ReceivedKiB: receivedBytes / 1024 },
  };
}

/** @type {Opening} */
async function openDoc(server, text) {
  const { elapsedMs, found } = await openWithDoc({ port: server.port, name, text, limitMs: openLimitMs });
  const wrong = found === text ? undefined : `a Y.Doc has ${found.length} of ${text.length} characters`;
  return { wrong, figures: { DocMs: elapsedMs } };
}

/** What the first connection to a fresh process costs, whatever it opens. @type {Opening} */
async function openNothing(server) {
  const startMs = performance.now();
  const client = new LightClient({ port: server.port, name: "nothing", speaksYjs: true });
  await client.ready;
  client.leave();
  return { wrong: undefined, figures: { EmptyMs: client.syncedMs - startMs } };
}

/** Each on a server of its own. @type {{ ending: keyof typeof endings, open: Opening }[]} */
const openings = [
  { ending: "stopped", open: openNothing },
  { ending: "stopped", open: openLight },
  { ending: "stopped", open: openDoc },
  { ending: "killed", open: openLight },
  { ending: "killed", open: openDoc },
];
