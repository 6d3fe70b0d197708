/** What it costs to send what a few write to many readers of one room: at a fixed rate, then as fast as it goes. */
import { join } from "node:path";
import { Audience } from "../load/audience.mjs";
import { wrongContent } from "../load/content.mjs";
import { quantile } from "../report/statistics.mjs";
import { startServer } from "../server/server-process.mjs";

const name = "fan-out";
const idleLimitMs = 60_000;

// Warm is who has had tens of thousands of edits: before that it is V8's compiler threads that are measured, more than the server.
const full = { editsPerSecond: 200, seconds: 2, flatSeconds: 2, warmUpSeconds: 2, windowEdits: 64, maxEdits: 100_000 };
const quick = { ...full, seconds: 0.5, flatSeconds: 0.3, warmUpSeconds: 0.2, maxEdits: 10_000 };
/** Of all edits there are, at most; few servers come to that. */
const warmUpShare = 0.4;

/** @type {(writerCount: number, readerCount: number) => { label: string, settings: import("./scenarios.mjs").Settings }} */
const crowd = (writerCount, readerCount) => ({
  label: `${writerCount} × ${readerCount}`,
  settings: {
    full: { writerCount, readerCount, ...full },
    quick: { writerCount, readerCount, ...quick },
  },
});

/** @type {import("./scenarios.mjs").Scenario} */
export const fanOut = {
  name: "fan-out",
  about: "one room, writers × readers, 200 edits/s together, then flat out",
  peers: ["syncline", "y-websocket-server", "hocuspocus", "bare-ws", "bare-batching"],
  defaultRounds: 3,
  cases: [crowd(1, 100), crowd(10, 100), crowd(1, 500), crowd(10, 500)],
  columns: [
    { key: "cpuUs", title: "200/s: CPU µs/delivery", digits: 2 },
    { key: "p50Ms", title: "p50 ms", digits: 2 },
    { key: "p99Ms", title: "p99 ms", digits: 2 },
    { key: "waitPercent", title: "waits for core %", digits: 1 },
    { key: "loadPercent", title: "load CPU %", digits: 0 },
    { key: "flatCpuUs", title: "flat out: CPU µs/delivery", digits: 2 },
    { key: "flatDeliveriesPerSecond", title: "deliveries/s", digits: 0 },
    { key: "flatWaitPercent", title: "waits for core %", digits: 1 },
    { key: "flatLoadPercent", title: "load CPU %", digits: 0 },
  ],
  chart: { key: "flatCpuUs", title: "CPU µs per delivery, flat out", cases: ["1 × 100", "10 × 500"] },
  measure,
};

/** @type {import("./scenarios.mjs").Measure} */
async function measure({ peer, directory, settings }) {
  const { maxEdits, editsPerSecond, seconds, flatSeconds, warmUpSeconds } = settings;
  const audience = new Audience(audienceOf(settings));
  const dataDirectory = join(directory, "data");
  let server = await startServer(peer, { dataDirectory });
  await audience.join(server, name);
  await server.untilIdle(idleLimitMs);
  await server.measureIdle(500);

  await audience.typeFlatOut(warmUpSeconds * 1000, maxEdits * warmUpShare);
  const steady = await costOf(server, () => audience.typeSteadily(editsPerSecond * seconds, editsPerSecond));
  const flatOut = await costOf(server, () => audience.typeFlatOut(flatSeconds * 1000, Infinity));

  let wrong = audience.wrong();
  const text = audience.text();
  if (peer.speaksYjs) wrong ??= await wrongContent(server, [name], text);
  const { aloneCount } = audience;
  audience.leave();
  await server.end("SIGTERM");
  if (peer.persists && !wrong) {
    server = await startServer(peer, { dataDirectory });
    wrong = await wrongContent(server, [name], text);
    if (wrong) wrong = `after a restart ${wrong}`;
    await server.end("SIGKILL");
  }
  return {
    wrong,
    figures: {
      cpuUs: steady.cpuUs,
      p50Ms: quantile(steady.latenciesMs, 0.5),
      p99Ms: quantile(steady.latenciesMs, 0.99),
      waitPercent: steady.waitPercent,
      loadPercent: steady.loadShare * 100,
      lateMs: quantile(steady.lateMs, 0.99),
      flatCpuUs: flatOut.cpuUs,
      flatDeliveriesPerSecond: flatOut.deliveryCount / (flatOut.wallMs / 1000),
      flatWaitPercent: flatOut.waitPercent,
      flatLoadPercent: flatOut.loadShare * 100,
      flatUpdateCount: flatOut.updateCount,
      flatWallMs: flatOut.wallMs,
      aloneCount,
    },
  };
}

/** @type {(settings: Record<string, number>) => import("../load/audience.mjs").AudienceOptions} */
const audienceOf = ({ writerCount, readerCount, maxEdits, windowEdits }) => ({
  writerCount,
  readerCount,
  editCount: maxEdits,
  windowEdits,
  tickMs: 1,
});

/**
 * @param {Awaited<ReturnType<typeof startServer>>} server
 * @param {() => Promise<import("../load/audience.mjs").Performance>} perform
 */
async function costOf(server, perform) {
  await server.untilIdle(idleLimitMs);
  const from = server.cpu();
  const performed = await perform();
  const { mainWaitMs, wallMs } = server.spent(from);
  // What a server still has to write for these edits belongs to them.
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  return {
    ...performed,
    cpuUs: (cpuMs * 1000) / performed.deliveryCount,
    waitPercent: (mainWaitMs / wallMs) * 100,
  };
}
