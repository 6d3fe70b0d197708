/** One room with more and more members: somebody types, everybody else reads. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { EditReader } from "../client/edit-reader.mjs";
import { LightClient } from "../client/light-client.mjs";
import { wrongContent } from "../load/content.mjs";
import { appending, framesOf, textName } from "../load/histories.mjs";
import { eachOf } from "../load/pool.mjs";
import { startServer } from "../server/server-process.mjs";

const name = "crowd";
const tickMs = 2;
const idleLimitMs = 60_000;
const arrivalLimitMs = 30_000;

class Reader {
  shownCount = 0;
  #edits = new EditReader((/** @type {Reader} */ reader, _clientID, clock, length) => {
    reader.shownCount = clock + length;
  });

  /** @type {import("../client/light-client.mjs").OnContent} */
  read = (bytes, start) => this.#edits.read(bytes, start, this);
}

/** @type {import("./scenarios.mjs").Measure} */
export async function measureCrowd({ peer, directory, settings }) {
  const { memberCount, editsPerSecond, seconds } = settings;
  const history = appending(0, editsPerSecond * seconds);
  const server = await startServer(peer, { dataDirectory: join(directory, "data") });
  const { port } = server;
  const readers = Array.from({ length: memberCount - 1 }, () => new Reader());
  /** @type {LightClient[]} */
  const clients = [];
  await eachOf(readers, 50, async ({ read }) => {
    const client = new LightClient({ port, name, peer, onUpdate: read });
    clients.push(client);
    await client.ready;
  });
  // What one member was sent, for a real Y.Doc.
  const doc = new Y.Doc();
  /** @type {Uint8Array[]} */
  const kept = [];
  const keep = (/** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) =>
    void kept.push(Uint8Array.prototype.slice.call(bytes, start, end));
  const witness = new LightClient({ port, name, peer, onUpdate: keep });
  const writer = new LightClient({ port, name, peer });
  clients.push(witness, writer);
  await Promise.all([witness.ready, writer.ready]);
  await server.untilIdle(idleLimitMs);
  await server.measureIdle(2_000);
  const from = server.cpu();
  await write(writer, framesOf(history, peer.dialect)(name), editsPerSecond);
  const missing = await arrived(readers, history.updates.length);
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  for (const update of kept) Y.applyUpdate(doc, update);
  const isSame = doc.getText(textName).toString() === history.text;
  const wrong = missing ?? (isSame ? await wrongContent(server, [name], history.text) : "a member has another text");
  for (const client of clients) client.leave();
  await server.end("SIGTERM");
  const updateUs = (cpuMs * 1000) / history.updates.length;
  return { wrong, figures: { updateUs, deliveryUs: updateUs / memberCount } };
}

/** @type {(writer: LightClient, frames: readonly Buffer[], editsPerSecond: number) => Promise<void>} */
async function write(writer, frames, editsPerSecond) {
  const startMs = performance.now();
  for (let at = 0; at < frames.length; await pause(tickMs)) {
    const dueCount = Math.min(frames.length, ((performance.now() - startMs) / 1000) * editsPerSecond);
    for (; at < dueCount; at += 1) writer.send(frames[at]);
  }
}

/** Resolves when all have been shown everything; says how many were not. @type {(readers: readonly Reader[], editCount: number) => Promise<string | undefined>} */
async function arrived(readers, editCount) {
  const deadline = performance.now() + arrivalLimitMs;
  while (readers.some(({ shownCount }) => shownCount < editCount)) {
    const lateCount = readers.filter(({ shownCount }) => shownCount < editCount).length;
    if (performance.now() > deadline) return `${lateCount} members did not get everything`;
    await pause(5);
  }
  return undefined;
}
