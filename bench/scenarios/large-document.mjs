/**
 * How long a server stands still while a large document is opened, edited and compacted; beside it the same process with nothing to
 * do, and a small document. Written once through the server; each measurement is a new server on a copy of that.
 */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";
import { wrongDocument } from "../load/document-check.mjs";
import { largeContent, largeHistory } from "../load/large-document.mjs";
import { TypingPair } from "../load/typing-pair.mjs";
import { quantile } from "../report/statistics.mjs";
import { startServer } from "../server/server-process.mjs";
import { withLimits } from "../server/syncline-limits.mjs";

const name = "large";
const idleLimitMs = 180_000;
const editCount = 200;
const editEveryMs = 20;

/** @type {import("./scenarios.mjs").Scenario} */
export const largeDocument = {
  name: "large-document",
  about:
    "a document of 50 MB: open, compact while 200 characters are typed, edit; how long the event loop stands still",
  peers: ["syncline", "y-websocket-server", "hocuspocus"],
  defaultRounds: 3,
  cases: [
    { label: "0.4 MB", settings: { full: { megabytes: 0.4, idleMs: 2_000 }, quick: { megabytes: 0.4, idleMs: 500 } } },
    { label: "50 MB", settings: { full: { megabytes: 50, idleMs: 2_000 }, quick: { megabytes: 3, idleMs: 500 } } },
  ],
  columns: [
    { key: "idleDelayMs", title: "nothing to do: longest delay ms", digits: 1 },
    { key: "openDelayMs", title: "opening: delay ms", digits: 1 },
    { key: "openTurnMs", title: "longest turn, CPU ms", digits: 1 },
    { key: "openedMs", title: "open after ms", digits: 0 },
    { key: "compactDelayMs", title: "compacting: delay ms", digits: 1 },
    { key: "compactTurnMs", title: "longest turn, CPU ms", digits: 1 },
    { key: "compactP99Ms", title: "edit p99 ms", digits: 1 },
    { key: "compactCpuMs", title: "CPU ms, all threads", digits: 0 },
    { key: "editDelayMs", title: "editing: delay ms", digits: 1 },
    { key: "editTurnMs", title: "longest turn, CPU ms", digits: 1 },
    { key: "editP99Ms", title: "edit p99 ms", digits: 1 },
    { key: "afterDelayMs", title: "afterwards: delay ms", digits: 1 },
  ],
  prepare,
  measure,
};

/** Nothing of it is compacted. @type {import("./scenarios.mjs").Measure} */
async function prepare({ peer, preparedDirectory, settings }) {
  await mkdir(preparedDirectory, { recursive: true });
  const turns = largeHistory(settings.megabytes * 1e6);
  const doc = new Y.Doc();
  doc.transact(() => turns.flat().forEach((update) => Y.applyUpdate(doc, update)));
  await writeFile(join(preparedDirectory, "document.bin"), Y.encodeStateAsUpdate(doc));
  const uncompacted = await withLimits(peer, preparedDirectory, { compact_above_bytes: 1e9 });
  const server = await startServer(uncompacted, { dataDirectory: join(preparedDirectory, "data") });
  const author = new LightClient({ port: server.port, name, peer });
  await author.ready;
  for (const updates of turns) {
    author.send(Buffer.concat(updates.map((update) => peer.dialect.updateFrame(name, update))));
    await author.barrier();
  }
  await server.untilIdle(idleLimitMs);
  // With the author still there: what a server does when everybody has left is not to be done yet.
  await server.end("SIGKILL");
  author.leave();
  return { wrong: undefined, figures: {} };
}

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, preparedDirectory, settings }) {
  const dataDirectory = join(directory, "data");
  await cp(join(preparedDirectory, "data"), dataDirectory, { recursive: true });
  const document = new Uint8Array(await readFile(join(preparedDirectory, "document.bin")));
  const server = await startServer(peer, { dataDirectory, withEventLoop: true });
  // Looking at the event loop costs something itself: that is its idle.
  await pause(settings.idleMs);
  await server.measureIdle(1_000);
  await server.untilIdle(idleLimitMs);
  await server.eventLoop();
  await pause(settings.idleMs);
  const idle = await server.eventLoop();

  // As those who have all of it: what is sent on opening is not what is measured.
  const stateVector = Y.encodeStateVectorFromUpdate(document);
  const startMs = performance.now();
  const pair = new TypingPair(server, { name, stateVector, editCount: 2 * editCount });
  await pair.ready;
  const openedMs = performance.now() - startMs;
  await server.untilIdle(idleLimitMs);
  const open = await server.eventLoop();
  // The first edit has Syncline compact; others store it again.
  const whileCompacting = await pair.type(editCount, editEveryMs);
  await server.untilIdle(idleLimitMs);
  const compact = await server.eventLoop();
  const afterwards = await pair.type(editCount, editEveryMs);
  const edit = await server.eventLoop();
  await server.untilIdle(idleLimitMs);
  await pause(settings.idleMs);
  const after = await server.eventLoop();

  const updates = [document, ...pair.history.updates];
  const wrong = await wrongDocument(server, { name, updates, contentOf: largeContent });
  pair.leave();
  await server.end("SIGKILL");
  return {
    wrong,
    figures: {
      ...windowFigures({ idle, open, compact, edit, after }),
      openedMs,
      compactP99Ms: quantile(whileCompacting, 0.99),
      editP99Ms: quantile(afterwards, 0.99),
    },
  };
}

/** @param {Record<string, import("../server/event-loop-hook.mjs").EventLoopWindow>} windows */
function windowFigures(windows) {
  /** @type {Record<string, number>} */
  const figures = {};
  for (const [when, { delayMs, delayP99Ms, turnMs, cpuMs, wallMs }] of Object.entries(windows)) {
    figures[`${when}DelayMs`] = delayMs;
    figures[`${when}DelayP99Ms`] = delayP99Ms;
    figures[`${when}TurnMs`] = turnMs;
    figures[`${when}CpuMs`] = cpuMs;
    figures[`${when}WallMs`] = wallMs;
  }
  return figures;
}
