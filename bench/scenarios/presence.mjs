/** What it costs to show people each other's cursors, and how old what they see is: in one crowded room, and in many small ones. */
import { join } from "node:path";
import { CursorCrowd } from "../load/cursor-crowd.mjs";
import { quantile } from "../report/statistics.mjs";
import { startServer } from "../server/server-process.mjs";

const idleLimitMs = 60_000;
const durations = { full: { warmUpSeconds: 2, seconds: 4 }, quick: { warmUpSeconds: 0.4, seconds: 0.8 } };

/** @type {(label: string, crowd: object, smaller?: object) => { label: string, settings: import("./scenarios.mjs").Settings }} */
const rooms = (label, crowd, smaller = {}) => ({
  label,
  settings: { full: { ...crowd, ...durations.full }, quick: { ...crowd, ...smaller, ...durations.quick } },
});

/** @type {import("./scenarios.mjs").Scenario} */
export const presence = {
  name: "presence",
  about: "cursors that move: 200 in one room, 10 times a second each; and 2 in each of 1,000 rooms, 5 times a second",
  peers: ["syncline", "y-websocket-server", "hocuspocus", "bare-ws", "bare-batching"],
  defaultRounds: 3,
  cases: [
    rooms("1 room × 200", { roomCount: 1, membersPerRoom: 200, movesPerSecond: 10, watchedCount: 10 }),
    rooms(
      "1,000 rooms × 2",
      { roomCount: 1000, membersPerRoom: 2, movesPerSecond: 5, watchedCount: 100 },
      { roomCount: 100, watchedCount: 50 },
    ),
  ],
  columns: [
    { key: "cpuUs", title: "CPU µs/logical delivery", digits: 2 },
    { key: "p50Ms", title: "age p50 ms", digits: 1 },
    { key: "p99Ms", title: "age p99 ms", digits: 1 },
    { key: "kilobytesPerSecond", title: "kB/s a reader", digits: 1 },
    { key: "shownPercent", title: "states shown %", digits: 0 },
    { key: "behindMs", title: "then behind ms", digits: 0 },
    { key: "waitPercent", title: "waits for core %", digits: 1 },
    { key: "loadPercent", title: "load CPU %", digits: 0 },
    { key: "lateMs", title: "load late p99 ms", digits: 1 },
  ],
  chart: { key: "cpuUs", title: "CPU µs per cursor movement shown to somebody" },
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const { roomCount, membersPerRoom, movesPerSecond, warmUpSeconds, seconds, watchedCount } = settings;
  const warmUpMoves = Math.ceil(warmUpSeconds * movesPerSecond);
  const measuredMoves = Math.ceil(seconds * movesPerSecond);
  const moveCount = warmUpMoves + measuredMoves;
  const crowd = new CursorCrowd({ roomCount, membersPerRoom, movesPerSecond, moveCount, watchedCount, tickMs: 1 });
  const server = await startServer(peer, { dataDirectory: join(directory, "data") });
  await crowd.join(server);
  await server.untilIdle(idleLimitMs);
  await server.measureIdle(500);
  crowd.count();

  await crowd.move(warmUpMoves);
  await server.untilIdle(idleLimitMs);
  const from = server.cpu();
  const moved = await crowd.move(measuredMoves);
  const whileMoving = server.spent(from);
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);

  const wrong = crowd.trouble;
  crowd.leave();
  await server.end("SIGKILL");
  return {
    wrong,
    figures: {
      cpuUs: (cpuMs * 1000) / moved.deliveryCount,
      p50Ms: quantile(moved.agesMs, 0.5),
      p99Ms: quantile(moved.agesMs, 0.99),
      kilobytesPerSecond: moved.bytesPerReader / moved.movingMs,
      // The others were outdated when their turn came, and were never sent.
      shownPercent: (moved.agesMs.length / (measuredMoves * (membersPerRoom - 1) * crowd.watchedCount)) * 100,
      behindMs: moved.wallMs - moved.movingMs,
      waitPercent: (whileMoving.mainWaitMs / whileMoving.wallMs) * 100,
      loadPercent: moved.loadShare * 100,
      lateMs: quantile(moved.lateMs, 0.99),
    },
  };
}
