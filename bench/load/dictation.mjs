/**
 * Somebody writes a whole history into one document through the server, as fast as it is relayed: never far ahead of what a reader
 * has been shown, so that a server slower than the writer does not drown.
 */
import { setTimeout as pause } from "node:timers/promises";
import { EditReader } from "../client/edit-reader.mjs";
import { LightClient } from "../client/light-client.mjs";

/** So many of the author's characters may be on their way. */
const inFlightCount = 2_000;
const framesPerWrite = 50;
const relayLimitMs = 60_000;
const idleLimitMs = 120_000;

/** How far a reader has been shown an author's characters. */
class Progress {
  clock = 0;
  #edits = new EditReader((/** @type {Progress} */ progress, _clientID, clock, length) => {
    progress.clock = Math.max(progress.clock, clock + length);
  });

  /** @type {import("../client/light-client.mjs").OnContent} */
  read = (bytes, start) => this.#edits.read(bytes, start, this);
}

/**
 * Resolves when all is relayed and the server is idle; the writer and the reader are still there.
 *
 * @param {Awaited<ReturnType<typeof import("../server/server-process.mjs").startServer>>} server
 * @param {string} name
 * @param {import("./histories.mjs").History} history
 */
export async function dictate(server, name, history) {
  const { port, peer } = server;
  const { writes, lastClock } = inWrites(history, (update) => peer.dialect.updateFrame(name, update));
  const shown = new Progress();
  const reader = new LightClient({ port, name, peer, onUpdate: shown.read });
  const writer = new LightClient({ port, name, peer });
  const clients = [reader, writer];
  await Promise.all([reader.ready, writer.ready]);
  await server.untilIdle(idleLimitMs);
  await server.measureIdle(500);
  const from = server.cpu();
  for (const { frames, clock } of writes) {
    while (clock - shown.clock > inFlightCount) await untilMore(reader, writer);
    if (!writer.send(frames)) await writer.drained();
  }
  while (shown.clock < lastClock) await untilMore(reader, writer);
  const { wallMs } = server.spent(from);
  // A server that writes behind is not done yet.
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  return { clients, wallMs, cpuMs };
}

/**
 * What is written at once, and how far the author is then.
 *
 * @param {import("./histories.mjs").History} history
 * @param {(update: Uint8Array) => Buffer} frameOf
 */
function inWrites({ updates }, frameOf) {
  const written = new Progress();
  const writes = [];
  for (let at = 0; at < updates.length; at += framesPerWrite) {
    const some = updates.slice(at, at + framesPerWrite);
    for (const update of some) written.read(Buffer.from(update), 0, update.length);
    writes.push({ frames: Buffer.concat(some.map(frameOf)), clock: written.clock });
  }
  return { writes, lastClock: written.clock };
}

/** @param {LightClient} reader @param {LightClient} writer */
async function untilMore(reader, writer) {
  const closedBecause = reader.closedBecause ?? writer.closedBecause;
  if (closedBecause) throw new Error(`while writing: ${closedBecause}`);
  if (performance.now() - reader.arrivedMs > relayLimitMs) throw new Error("while writing: edits are not relayed");
  await pause(1);
}
