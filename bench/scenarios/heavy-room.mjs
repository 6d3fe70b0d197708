/**
 * What people in many light rooms notice while somebody makes one room heavy: `large-paste` (what everybody does now and then), and
 * `attacks` (what nobody should). Beside each stands the same server a moment before, undisturbed.
 */
import { join } from "node:path";
import { wrongContent } from "../load/content.mjs";
import { Disturber } from "../load/disturber.mjs";
import { Typists } from "../load/typists.mjs";
import { median, quantile } from "../report/statistics.mjs";
import { startServer } from "../server/server-process.mjs";

const arrivalLimitMs = 60_000;
const idleLimitMs = 120_000;
const checkedRoomCount = 50;

const full = { roomCount: 1_000, editsPerSecond: 1, warmUpSeconds: 2, seconds: 6, tickMs: 5 };
const quick = { roomCount: 50, editsPerSecond: 1, warmUpSeconds: 1, seconds: 2, tickMs: 5 };

/** @type {(label: string, disturbance: Record<string, number>) => { label: string, settings: import("./scenarios.mjs").Settings }} */
const disturbedBy = (label, disturbance) => ({
  label,
  settings: { full: { ...full, ...disturbance }, quick: { ...quick, ...disturbance } },
});

/** @type {import("./scenarios.mjs").Scenario["columns"]} */
const columns = [
  { key: "quietP50Ms", title: "undisturbed: p50 ms", digits: 2 },
  { key: "quietP99Ms", title: "p99 ms", digits: 1 },
  { key: "quietMaxMs", title: "max ms", digits: 0 },
  { key: "disturbedP50Ms", title: "disturbed: p50 ms", digits: 2 },
  { key: "disturbedP99Ms", title: "p99 ms", digits: 1 },
  { key: "disturbedMaxMs", title: "max ms", digits: 0 },
  { key: "p99Ratio", title: "p99 ratio", digits: 1 },
  { key: "p99MovesByMs", title: "p99 moves by ms", digits: 1 },
  { key: "waitPercent", title: "waits for core %", digits: 1 },
  { key: "lateMs", title: "load late p99 ms", digits: 1 },
  { key: "disturbanceCount", title: "times", digits: 0 },
  { key: "disturbanceMs", title: "each took ms", digits: 0 },
];

/** @type {import("./scenarios.mjs").Scenario} */
export const largePaste = {
  name: "large-paste",
  about: "3 MB pasted into one room every second, while 1,000 others type 1 edit/s per client",
  peers: ["syncline", "y-websocket-server", "hocuspocus"],
  defaultRounds: 3,
  cases: [
    disturbedBy("plain text, 1 struct", { pasteBytes: 3_000_000, paragraphCount: 0 }),
    disturbedBy("paragraphs, 100,000 structs", { pasteBytes: 3_000_000, paragraphCount: 12_500 }),
  ],
  columns,
  measure,
};

/** @type {import("./scenarios.mjs").Scenario} */
export const attacks = {
  name: "attacks",
  about: "somebody costs the server what they can, while 1,000 other rooms type 1 edit/s per client",
  peers: ["syncline"],
  defaultRounds: 3,
  cases: [
    disturbedBy("updates that take Yjs for ever", { costlyStructs: 450_000 }),
    disturbedBy("3,000 × step1", { askCount: 3_000 }),
  ],
  columns,
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const { roomCount, editsPerSecond, warmUpSeconds, seconds, tickMs } = settings;
  const editCount = (warmUpSeconds + 2 * seconds) * editsPerSecond;
  const typists = new Typists({ roomCount, editsPerSecond, editCount, tickMs });
  const server = await startServer(peer, { dataDirectory: join(directory, "data") });
  const disturber = new Disturber({ peerName: peer.name, port: server.port, settings });
  await Promise.all([typists.join(server), disturber.ready]);
  await typists.type(warmUpSeconds * editsPerSecond, arrivalLimitMs);
  await server.untilIdle(idleLimitMs);

  const quiet = await typists.type(seconds * editsPerSecond, arrivalLimitMs);
  const from = server.cpu();
  disturber.start();
  const disturbed = await typists.type(seconds * editsPerSecond, arrivalLimitMs);
  const spent = server.spent(from);
  const { wrong, count, tookMs } = await disturber.stop();

  const names = typists.roomNames().slice(0, checkedRoomCount);
  const trouble =
    wrong ?? typists.trouble ?? typists.wrongAtReaders() ?? (await wrongContent(server, names, typists.text));
  typists.leave();
  await server.end("SIGKILL");
  return {
    wrong: trouble,
    figures: {
      ...latencies("quiet", quiet.latenciesMs),
      ...latencies("disturbed", disturbed.latenciesMs),
      p99Ratio: quantile(disturbed.latenciesMs, 0.99) / quantile(quiet.latenciesMs, 0.99),
      p99MovesByMs: quantile(disturbed.latenciesMs, 0.99) - quantile(quiet.latenciesMs, 0.99),
      waitPercent: (spent.mainWaitMs / spent.wallMs) * 100,
      lateMs: quantile(disturbed.lateMs, 0.99),
      disturbanceCount: count,
      disturbanceMs: median(tookMs),
    },
  };
}

/** @type {(when: string, latenciesMs: readonly number[]) => Record<string, number>} */
const latencies = (when, latenciesMs) => ({
  [`${when}P50Ms`]: quantile(latenciesMs, 0.5),
  [`${when}P99Ms`]: quantile(latenciesMs, 0.99),
  [`${when}MaxMs`]: quantile(latenciesMs, 1),
});
