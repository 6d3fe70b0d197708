/**
 * Clients that type at a fixed rate: `rooms` (many rooms, what an update costs) and `latency` (one room, how long it takes).
 */
import { join } from "node:path";
import { startServer } from "../server/server-process.mjs";
import { Typists } from "../load/typists.mjs";
import { wrongContent } from "../load/content.mjs";
import { quantile } from "../report/statistics.mjs";

const arrivalLimitMs = 120_000;
const idleLimitMs = 120_000;

/** @type {(own: Pick<import("./scenarios.mjs").Scenario, "name" | "about" | "peers" | "settings" | "chart">) => import("./scenarios.mjs").Scenario} */
const scenario = (own) => ({
  ...own,
  defaultRounds: 3,
  columns: [
    { key: "cpuUs", title: "CPU µs/update", digits: 0 },
    { key: "p50Ms", title: "p50 ms", digits: 2 },
    { key: "p99Ms", title: "p99 ms", digits: 2 },
    { key: "maxMs", title: "max ms", digits: 1 },
    { key: "restMs", title: "done after ms", digits: 0 },
    { key: "serverPercent", title: "server CPU %", digits: 0 },
    { key: "idlePercent", title: "idle CPU %", digits: 1 },
    { key: "waitPercent", title: "waits for core %", digits: 1 },
    { key: "loadPercent", title: "load CPU %", digits: 0 },
    { key: "lateMs", title: "load late p99 ms", digits: 1 },
  ],
  measure,
});

export const rooms = scenario({
  name: "rooms",
  about: "1,000 rooms of 2 clients, 2 edits/s each",
  peers: ["syncline", "y-websocket-server", "hocuspocus", "bare-ws"],
  chart: { key: "cpuUs", title: "Server CPU, µs per update" },
  settings: {
    full: { roomCount: 1000, editsPerSecond: 2, warmUpSeconds: 3, seconds: 10, idleMs: 2000, tickMs: 5 },
    quick: { roomCount: 50, editsPerSecond: 2, warmUpSeconds: 1, seconds: 3, idleMs: 500, tickMs: 5 },
  },
});

export const latency = scenario({
  name: "latency",
  about: "one room of 2 clients, 200 edits/s together",
  peers: ["syncline", "syncline-immediate", "y-websocket-server", "hocuspocus", "bare-ws"],
  chart: { key: "p50Ms", title: "From one client to the other, median ms" },
  settings: {
    full: { roomCount: 1, editsPerSecond: 100, warmUpSeconds: 2, seconds: 8, idleMs: 1000, tickMs: 1 },
    quick: { roomCount: 1, editsPerSecond: 100, warmUpSeconds: 1, seconds: 2, idleMs: 500, tickMs: 1 },
  },
});

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const { roomCount, editsPerSecond, warmUpSeconds, seconds, idleMs, tickMs } = settings;
  const warmUpEdits = warmUpSeconds * editsPerSecond;
  const measuredEdits = seconds * editsPerSecond;
  const typists = new Typists({ roomCount, editsPerSecond, editCount: warmUpEdits + measuredEdits, tickMs });
  const dataDirectory = join(directory, "data");
  let server = await startServer(peer, { dataDirectory });
  await typists.join(server);
  await server.untilIdle(idleLimitMs);
  const idleShare = await server.measureIdle(idleMs);

  await typists.type(warmUpEdits, arrivalLimitMs);
  await server.untilIdle(idleLimitMs);
  const from = server.cpu();
  const typed = await typists.type(measuredEdits, arrivalLimitMs);
  const whileTyping = server.spent(from);
  // What a server still has to write for these edits belongs to them.
  await server.untilIdle(idleLimitMs);
  const spent = server.spent(from);

  let wrong = typists.trouble ?? typists.wrongAtReaders();
  if (peer.speaksYjs) wrong ??= await wrongContent(server, typists.roomNames(), typists.text);
  typists.leave();
  await server.end("SIGTERM");
  if (peer.persists && !wrong) {
    server = await startServer(peer, { dataDirectory });
    wrong = await wrongContent(server, typists.roomNames().slice(0, 100), typists.text);
    if (wrong) wrong = `after a restart ${wrong}`;
    await server.end("SIGKILL");
  }
  return {
    wrong,
    figures: {
      cpuUs: (spent.cpuMs * 1000) / typed.updateCount,
      p50Ms: quantile(typed.latenciesMs, 0.5),
      p99Ms: quantile(typed.latenciesMs, 0.99),
      maxMs: quantile(typed.latenciesMs, 1),
      // Less the quiet by which the end is known.
      restMs: Math.max(0, spent.wallMs - whileTyping.wallMs - server.quietMs),
      serverPercent: whileTyping.share * 100,
      idlePercent: idleShare * 100,
      waitPercent: (whileTyping.mainWaitMs / whileTyping.wallMs) * 100,
      loadPercent: typed.loadShare * 100,
      lateMs: quantile(typed.lateMs, 0.99),
      updateCount: typed.updateCount,
      wallMs: typed.wallMs,
    },
  };
}
