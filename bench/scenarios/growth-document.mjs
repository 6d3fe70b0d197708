/**
 * One document, larger and larger or with a longer and longer history: what opening it costs as the log it was written as, what
 * compacting that costs, and what opening it costs then.
 */
import { join } from "node:path";
import { LevelStorage } from "@syncline/server";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";
import { Observer } from "../load/content.mjs";
import { inserting, textName, typing } from "../load/histories.mjs";
import { median } from "../report/statistics.mjs";
import { startServer } from "../server/server-process.mjs";

const name = "grown";
const idleLimitMs = 120_000;
/** About what group commit makes one record of when somebody types fast. */
const updatesPerRecord = 20;
const openings = 3;

/** @typedef {{ wrong: string | undefined, openMs: number, cpuMs: number, receivedKiB: number }} Opened */

/** @type {import("./scenarios.mjs").Measure} */
export async function measureDocument({ peer, directory, settings }) {
  const history = historyOf(settings);
  const dataDirectory = join(directory, "data");
  await store(dataDirectory, history.updates);
  const options = { peer, dataDirectory, text: history.text };
  // Nothing of the data is changed by that: the server is killed before it would compact the document.
  const log = await open(options);
  const compactionCpuMs = await compact(options, history.updates);
  const compacted = await openOften(options);
  return {
    wrong: log.wrong ?? compacted.wrong,
    figures: {
      openMs: compacted.openMs,
      openCpuMs: compacted.cpuMs,
      receivedKiB: compacted.receivedKiB,
      logOpenMs: log.openMs,
      compactionCpuMs,
    },
  };
}

/** @param {Record<string, number>} settings */
function historyOf({ editCount, kilobytes, charactersAnEdit }) {
  return kilobytes ? inserting((kilobytes * 1000) / charactersAnEdit, charactersAnEdit) : typing(editCount);
}

/** Straight to the disk, as a server would have: through one it would take minutes. @type {(dataDirectory: string, updates: Uint8Array[]) => Promise<void>} */
async function store(dataDirectory, updates) {
  const storage = await LevelStorage.open(dataDirectory, { fsync: false });
  for (let at = 0, seq = 0; at < updates.length; at += updatesPerRecord, seq += 1) {
    const record = updates.slice(at, at + updatesPerRecord);
    await storage.append([{ documentName: name, generation: "bench", previousSeq: seq, updates: record }]);
  }
  await storage.close();
}

/** @typedef {{ peer: import("../server/peers.mjs").Peer, dataDirectory: string, text: string }} Options */

/** Each time by a server of its own. @param {Options} options @returns {Promise<Opened>} */
async function openOften(options) {
  /** @type {Opened[]} */
  const opened = [];
  while (opened.length < openings) opened.push(await open(options));
  const middle = (/** @type {(one: Opened) => number} */ of) => median(opened.map(of));
  return {
    wrong: opened.find(({ wrong }) => wrong)?.wrong,
    openMs: middle(({ openMs }) => openMs),
    cpuMs: middle(({ cpuMs }) => cpuMs),
    receivedKiB: middle(({ receivedKiB }) => receivedKiB),
  };
}

/** @param {Options} options @returns {Promise<Opened>} */
async function open({ peer, dataDirectory, text }) {
  const server = await startServer(peer, { dataDirectory });
  await server.untilIdle(idleLimitMs);
  const from = server.cpu();
  const startMs = performance.now();
  const observer = new Observer({ port: server.port, name, peer });
  await observer.client.ready;
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  const completeMs = await observer.completeAt(text, 1_000);
  await server.end("SIGKILL");
  observer.client.leave();
  const receivedBytes = observer.arrivals.reduce((sum, { update }) => sum + update.length, 0);
  return {
    wrong: completeMs === undefined ? observer.describe(text) : undefined,
    openMs: (completeMs ?? NaN) - startMs,
    cpuMs,
    receivedKiB: receivedBytes / 1024,
  };
}

/** Somebody who has all of it makes an edit, and takes it back: that is when the server looks at the log's weight. @param {Options} options @param {Uint8Array[]} updates */
async function compact({ peer, dataDirectory }, updates) {
  const server = await startServer(peer, { dataDirectory });
  const stateVector = stateVectorOf(updates);
  const client = new LightClient({ port: server.port, name, peer, stateVector });
  await client.ready;
  await server.untilIdle(idleLimitMs);
  const from = server.cpu();
  for (const update of insertedAndDeleted()) client.send(peer.dialect.updateFrame(name, update));
  await client.barrier();
  await server.untilIdle(idleLimitMs);
  const { cpuMs } = server.spent(from);
  client.leave();
  await server.end("SIGTERM");
  return cpuMs;
}

/** By a Y.Doc: merging tens of thousands of updates takes Yjs minutes. @param {Uint8Array[]} updates */
function stateVectorOf(updates) {
  const doc = new Y.Doc();
  doc.transact(() => updates.forEach((update) => Y.applyUpdate(doc, update)));
  return Y.encodeStateVector(doc);
}

function insertedAndDeleted() {
  const doc = new Y.Doc();
  /** @type {Uint8Array[]} */
  const updates = [];
  doc.on("update", (update) => updates.push(update));
  doc.getText(textName).insert(0, "x");
  doc.getText(textName).delete(0, 1);
  return updates;
}
