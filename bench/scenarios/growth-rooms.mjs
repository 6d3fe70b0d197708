/** More and more rooms of two members who type: what an update costs, and what a room that is in use keeps in memory. */
import { join } from "node:path";
import { LightClient } from "../client/light-client.mjs";
import { wrongContent } from "../load/content.mjs";
import { appending, framesOf } from "../load/histories.mjs";
import { eachOf } from "../load/pool.mjs";
import { Typists } from "../load/typists.mjs";
import { startServer } from "../server/server-process.mjs";

const idleLimitMs = 60_000;
const arrivalLimitMs = 30_000;
const tickMs = 5;
/** In use when the empty server is measured, and until the end: what it sets up once is no room's. */
const warmUpRooms = 30;

/** @type {import("./scenarios.mjs").Measure} */
export async function measureRooms({ peer, directory, settings }) {
  const { roomCount, editsPerSecond, warmUpSeconds, seconds } = settings;
  const warmUpEdits = warmUpSeconds * editsPerSecond;
  const measuredEdits = seconds * editsPerSecond;
  const typists = new Typists({ roomCount, editsPerSecond, editCount: warmUpEdits + measuredEdits, tickMs });
  const server = await startServer(peer, { dataDirectory: join(directory, "data"), withMemory: true });
  await warmUp(server);
  const empty = await server.memory();
  await typists.join(server);
  await typists.type(warmUpEdits, arrivalLimitMs);
  await server.untilIdle(idleLimitMs);
  await server.measureIdle(2_000);
  const from = server.cpu();
  const { updateCount } = await typists.type(measuredEdits, arrivalLimitMs);
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  const used = await server.memory();
  const someNames = typists.roomNames().slice(0, 200);
  const wrong = typists.trouble ?? typists.wrongAtReaders() ?? (await wrongContent(server, someNames, typists.text));
  typists.leave();
  await server.end("SIGTERM");
  return {
    wrong,
    figures: {
      updateUs: (cpuMs * 1000) / updateCount,
      roomHeapKB: (used.heapUsed - empty.heapUsed) / 1000 / roomCount,
      roomRssKB: (used.rss - empty.rss) / 1000 / roomCount,
    },
  };
}

/** @param {Awaited<ReturnType<typeof startServer>>} server */
async function warmUp({ port, peer }) {
  const framesFor = framesOf(appending(0, 20), peer.dialect);
  const names = Array.from({ length: warmUpRooms }, (_, room) => `warm-up-${room}`);
  await eachOf(names, 10, async (name) => {
    const client = new LightClient({ port, name, peer });
    await client.ready;
    for (const frame of framesFor(name)) client.send(frame);
    await client.barrier();
  });
}
