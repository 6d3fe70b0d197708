/**
 * What readers that stop reading cost: somebody overwrites a value again and again, somebody else reads along, people in other rooms
 * type. Each measurement is two servers, one after the other: without stalled readers, and with them. At the end they read on.
 */
import { join } from "node:path";
import { Overwriting, valueIn } from "../load/overwrites.mjs";
import { StalledReader } from "../load/stalled-reader.mjs";
import { Typists } from "../load/typists.mjs";
import { quantile } from "../report/statistics.mjs";
import { peakResidentBytes } from "../server/resident-memory.mjs";
import { startServer } from "../server/server-process.mjs";

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

const name = "overwritten";
const otherRoomCount = 50;
const editsPerSecond = 2;
/** They stop typing after so long, should the overwriting take longer. */
const typingLimitSeconds = 240;
const arrivalLimitMs = 60_000;
const idleLimitMs = 120_000;
const catchUpLimitMs = 120_000;
const MiB = 2 ** 20;

const pictures = { valueBytes: 50_000, overwriteCount: 4_000 };
const fewPictures = { valueBytes: 50_000, overwriteCount: 400 };

/** @type {import("./scenarios.mjs").Scenario} */
export const slowReader = {
  name: "slow-reader",
  about: "readers that stop reading while a value is overwritten, beside the same without them; 50 other rooms type",
  peers: ["syncline", "y-websocket-server", "hocuspocus"],
  // Each is two runs of 200 MB. Three rounds are a quarter of an hour.
  defaultRounds: 1,
  cases: [
    {
      label: "1 stalled, 200 MB",
      settings: { full: { ...pictures, stalledCount: 1 }, quick: { ...fewPictures, stalledCount: 1 } },
    },
    {
      label: "100 stalled, 200 MB",
      settings: { full: { ...pictures, stalledCount: 100 }, quick: { ...fewPictures, stalledCount: 10 } },
      // The others hold all of it for each of them.
      peers: ["syncline"],
    },
    {
      label: "1 stalled, 300,000 messages of 60 B",
      settings: {
        full: { valueBytes: 19, overwriteCount: 300_000, stalledCount: 1 },
        quick: { valueBytes: 19, overwriteCount: 20_000, stalledCount: 1 },
      },
    },
    {
      label: "1 stalled, 2,600,000 messages of 60 B",
      settings: {
        full: { valueBytes: 19, overwriteCount: 2_600_000, stalledCount: 1 },
        quick: { valueBytes: 19, overwriteCount: 40_000, stalledCount: 1 },
      },
      // The others need minutes for so many.
      peers: ["syncline"],
    },
  ],
  columns: [
    { key: "peakMiB", title: "RSS peak MiB", digits: 0 },
    { key: "peakAboveMiB", title: "above the same without MiB", digits: 1 },
    { key: "heldMiB", title: "held after gc MiB", digits: 1 },
    { key: "perMessageB", title: "held B/message", digits: 1 },
    { key: "othersAloneP99Ms", title: "others' p99 without ms", digits: 1 },
    { key: "othersP99Ms", title: "with ms", digits: 1 },
    { key: "catchUpKB", title: "catch-up kB each", digits: 0 },
    { key: "catchUpMs", title: "ms", digits: 0 },
    { key: "closedCount", title: "sent away", digits: 0 },
    { key: "cpuMs", title: "CPU ms", digits: 0 },
    { key: "wallMs", title: "took ms", digits: 0 },
    { key: "lateMs", title: "load late p99 ms", digits: 1 },
  ],
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const serve = (/** @type {string} */ part) =>
    startServer(peer, { dataDirectory: join(directory, part), withMemory: true });
  const without = await overwritten(await serve("without"), { ...settings, stalledCount: 0 });
  const stalled = await overwritten(await serve("with"), settings);
  const heldMiB = stalled.keptMiB - without.keptMiB;
  return {
    wrong: without.wrong ?? stalled.wrong,
    figures: {
      ...stalled.figures,
      peakMiB: stalled.peakMiB,
      peakAboveMiB: stalled.peakMiB - without.peakMiB,
      heldMiB,
      perMessageB: (heldMiB * MiB) / (settings.overwriteCount * settings.stalledCount),
      othersAloneP99Ms: without.figures.othersP99Ms,
      othersAloneP50Ms: without.figures.othersP50Ms,
      cpuWithoutMs: without.figures.cpuMs,
      wallWithoutMs: without.figures.wallMs,
    },
  };
}

/** @param {Server} server @param {Record<string, number>} settings */
async function overwritten(server, { valueBytes, overwriteCount, stalledCount }) {
  const editCount = typingLimitSeconds * editsPerSecond;
  const others = new Typists({ roomCount: otherRoomCount, editsPerSecond, editCount, tickMs: 5 });
  const overwriting = new Overwriting(server, { name, valueBytes });
  const stalled = Array.from({ length: stalledCount }, () => new StalledReader(server, name));
  await Promise.all([overwriting.ready, others.join(server), ...stalled.map(({ ready }) => ready)]);
  await overwriting.write(1);
  await server.untilIdle(idleLimitMs);
  for (const reader of stalled) reader.stall();

  const from = server.cpu();
  const typed = await typeWhile(others, overwriting.write(overwriteCount));
  const { cpuMs, wallMs } = server.spent(from);
  const peakMiB = peakResidentBytes(server.pid) / MiB;
  const { heapUsed, external } = await server.memory();

  const caughtUp = await catchUp(stalled, overwriting.value);
  const newcomer = new StalledReader(server, name);
  const wrong = others.trouble ?? caughtUp.wrong ?? (await catchUp([newcomer], overwriting.value)).wrong;
  for (const client of [overwriting, others, newcomer, ...stalled]) client.leave();
  await server.end("SIGKILL");
  return {
    wrong,
    peakMiB,
    keptMiB: (heapUsed + external) / MiB,
    figures: { ...typed, ...caughtUp.figures, cpuMs, wallMs },
  };
}

/** They type until `work` is done, in steps of a second. @param {Typists} typists @param {Promise<void>} work */
async function typeWhile(typists, work) {
  let isOver = false;
  const over = work.finally(() => (isOver = true));
  over.catch(() => undefined);
  /** @type {number[]} */
  const latenciesMs = [];
  /** @type {number[]} */
  const lateMs = [];
  for (let second = 0; second < typingLimitSeconds && !isOver && !typists.trouble; second += 1) {
    const typed = await typists.type(editsPerSecond, arrivalLimitMs);
    latenciesMs.push(...typed.latenciesMs);
    lateMs.push(...typed.lateMs);
  }
  await over;
  return {
    othersP50Ms: quantile(latenciesMs, 0.5),
    othersP99Ms: quantile(latenciesMs, 0.99),
    lateMs: quantile(lateMs, 0.99),
  };
}

/** They read on, and must come to what the author has. @param {readonly StalledReader[]} readers @param {string} value */
async function catchUp(readers, value) {
  const receivedBytes = () => readers.reduce((sum, reader) => sum + reader.receivedBytes, 0);
  const before = receivedBytes();
  const startMs = performance.now();
  const has = (/** @type {import("yjs").Doc} */ doc) => valueIn(doc) === value;
  const came = await Promise.all(readers.map((reader) => reader.catchUp(has, startMs + catchUpLimitMs)));
  return {
    wrong: came.includes(false) ? "a reader did not come to hold what was written" : undefined,
    figures: {
      catchUpKB: readers.length === 0 ? 0 : (receivedBytes() - before) / 1000 / readers.length,
      catchUpMs: performance.now() - startMs,
      closedCount: readers.reduce((sum, reader) => sum + reader.closedCount, 0),
    },
  };
}
