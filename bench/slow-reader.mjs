/**
 * node bench/slow-reader.mjs [--rounds 3] [--megabytes 200] [--value-bytes 50000] [--stalled 0,1,100] [--dir /tmp]
 *
 * What readers that stop reading cost: somebody overwrites one large value again and again, somebody else in the room reads along, and
 * people in other rooms type; beside it the same with stalled readers in the room. The server runs in a process of its own, started anew
 * for each run; runs are interleaved. At the end the stalled ones read on, and must come to hold what is there. See README.md.
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { describeMachine, staleBuild } from "./report/machine.mjs";
import { median, quantile } from "./report/statistics.mjs";
import { peers } from "./server/peers.mjs";
import { startServer } from "./server/server-process.mjs";

/** @typedef {{ peakMiB: number, afterMiB: number, heapMiB: number, othersP50Ms: number, othersP99Ms: number, cpuMs: number, catchUpBytes: number, closedCount: number }} Run */

const syncMessage = 0;
const step1 = 0;
const updateMessage = 2;
/** How far the author may be ahead of who reads along. */
const windowSize = 16;
const otherRoomCount = 50;
const otherEditsPerSecond = 2;
const sampleMs = 25;
const convergeLimitMs = 60_000;

async function measure() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "3" },
      megabytes: { type: "string", default: "200" },
      "value-bytes": { type: "string", default: "50000" },
      stalled: { type: "string", default: "0,1,100" },
      dir: { type: "string", default: tmpdir() },
    },
  });
  const stale = staleBuild();
  if (stale) console.error(`warning: ${stale}`);
  console.log(`${describeMachine(values.dir)}\n`);
  const valueBytes = Number(values["value-bytes"]);
  const updateCount = Math.ceil((Number(values.megabytes) * 1e6) / valueBytes);
  const stalledCounts = values.stalled.split(",").map(Number);
  /** @type {Map<number, Run[]>} */
  const rows = new Map(stalledCounts.map((count) => [count, []]));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const stalledCount of stalledCounts) {
      const directory = mkdtempSync(join(values.dir, "syncline-bench-"));
      const remove = () => rmSync(directory, { recursive: true, force: true });
      process.once("exit", remove);
      rows.get(stalledCount)?.push(await run(directory, { stalledCount, updateCount, valueBytes }));
      process.off("exit", remove);
      remove();
      console.error(`  round ${round}, ${stalledCount} stalled: done`);
    }
  }
  console.log(table(rows));
}

/** @param {string} directory @param {{ stalledCount: number, updateCount: number, valueBytes: number }} size @returns {Promise<Run>} */
async function run(directory, { stalledCount, updateCount, valueBytes }) {
  const server = await startServer(/** @type {any} */ (peers["syncline"]), {
    dataDirectory: join(directory, "data"),
    withMemory: true,
  });
  const url = `ws://127.0.0.1:${server.port}`;
  const author = await Client.open(url, "overwritten");
  const reader = await Client.open(url, "overwritten");
  const stalled = await Promise.all(Array.from({ length: stalledCount }, () => Client.open(url, "overwritten")));
  const others = await OtherRooms.open(url);
  await author.write(overwrite(author.doc, 0, valueBytes), reader);
  for (const client of stalled) client.stall();
  const memory = new PeakMemory(server.pid);
  const cpu = server.cpu();
  others.start();
  for (let i = 1; i <= updateCount; i += 1) await author.write(overwrite(author.doc, i, valueBytes), reader);
  await reader.has(author.sentCount);
  const latencies = await others.stop();
  const { cpuMs } = server.spent(cpu);
  const peakMiB = memory.stop();
  const { heapUsed } = await server.memory();
  const afterMiB = rssMiB(server.pid);
  const catchUpBytes = await catchUp(stalled, author.doc);
  for (const client of [author, reader, ...stalled]) client.close();
  others.close();
  await server.end("SIGTERM");
  return {
    peakMiB,
    afterMiB,
    heapMiB: heapUsed / 2 ** 20,
    othersP50Ms: quantile(latencies, 0.5),
    othersP99Ms: quantile(latencies, 0.99),
    cpuMs,
    catchUpBytes,
    closedCount: stalled.reduce((sum, client) => sum + client.closedCount, 0),
  };
}

/** They read on, and come to what the author has. Resolves with the bytes one of them took for that, on average. @param {Client[]} stalled @param {Y.Doc} doc */
async function catchUp(stalled, doc) {
  if (stalled.length === 0) return 0;
  const goal = doc.getMap("map").get("value");
  const before = stalled.map(({ receivedBytes }) => receivedBytes);
  for (const client of stalled) client.readOn();
  const deadline = performance.now() + convergeLimitMs;
  for (const client of stalled) {
    while (client.doc.getMap("map").get("value") !== goal) {
      // It took longer than the server's allowance: it comes back, as a provider does, with what it has.
      if (client.isClosed) await client.comeBack();
      if (performance.now() > deadline) throw new Error("a stalled reader did not converge");
      await pause(20);
    }
  }
  return stalled.reduce((sum, { receivedBytes }, i) => sum + receivedBytes - (before[i] ?? 0), 0) / stalled.length;
}

/** @param {Y.Doc} doc @param {number} count @param {number} byteCount */
function overwrite(doc, count, byteCount) {
  const before = Y.encodeStateVector(doc);
  doc.getMap("map").set("value", `${count} ${"x".repeat(byteCount)}`);
  return Y.encodeStateAsUpdate(doc, before);
}

class Client {
  doc = new Y.Doc();
  receivedBytes = 0;
  updateCount = 0;
  sentCount = 0;
  isClosed = false;
  /** @type {(() => void)[]} */
  #waiting = [];
  closedCount = 0;
  #url;
  #socket;

  /** @param {string} url */
  constructor(url) {
    this.#url = url;
    this.#socket = this.#connect();
  }

  /** @param {string} url @param {string} documentName */
  static async open(url, documentName) {
    const client = new Client(`${url}/${documentName}`);
    await client.#opened();
    return client;
  }

  async comeBack() {
    this.closedCount += 1;
    this.#socket = this.#connect();
    await this.#opened();
  }

  #connect() {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.isClosed = false;
    socket.on("message", (/** @type {Buffer} */ data) => this.#received(data));
    socket.on("close", () => (this.isClosed = true));
    socket.on("error", () => undefined);
    return socket;
  }

  async #opened() {
    await once(this.#socket, "open");
    this.#say(step1, Y.encodeStateVector(this.doc));
  }

  /** Sends it; waits while `reader` is too far behind. @param {Uint8Array} update @param {Client} reader */
  async write(update, reader) {
    this.sentCount += 1;
    this.#say(updateMessage, update);
    await reader.has(this.sentCount - windowSize);
  }

  /** @param {number} count */
  async has(count) {
    while (this.updateCount < count) await new Promise((resolve) => void this.#waiting.push(() => resolve(undefined)));
  }

  /** Reads nothing more: what is on its way fills what the network holds, then the server's own memory. */
  stall() {
    this.#socket.pause();
  }

  readOn() {
    this.#socket.resume();
  }

  close() {
    this.#socket.terminate();
  }

  /** @param {number} kind @param {Uint8Array} bytes */
  #say(kind, bytes) {
    this.#socket.send(
      encoding.encode((encoder) => {
        encoding.writeVarUint(encoder, syncMessage);
        encoding.writeVarUint(encoder, kind);
        encoding.writeVarUint8Array(encoder, bytes);
      }),
    );
  }

  /** @param {Buffer} data */
  #received(data) {
    this.receivedBytes += data.length;
    const decoder = decoding.createDecoder(data);
    if (decoding.readVarUint(decoder) !== syncMessage || decoding.readVarUint(decoder) === step1) return;
    Y.applyUpdate(this.doc, decoding.readVarUint8Array(decoder));
    // Of what was relayed in one frame each update counts.
    this.updateCount += data.length > 1000 ? 1 : 0;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** People in rooms of their own, each two: from before the write to what the other has got. */
class OtherRooms {
  #pairs;
  /** @type {number[]} */
  #latencies = [];
  /** @type {Promise<void>[]} */
  #typing = [];
  #isOver = false;

  /** @param {[Client, Client][]} pairs */
  constructor(pairs) {
    this.#pairs = pairs;
  }

  /** @param {string} url */
  static async open(url) {
    const open = async (/** @type {unknown} */ _, /** @type {number} */ i) =>
      /** @type {[Client, Client]} */ ([await Client.open(url, `other-${i}`), await Client.open(url, `other-${i}`)]);
    return new OtherRooms(await Promise.all(Array.from({ length: otherRoomCount }, open)));
  }

  start() {
    this.#typing = this.#pairs.map((pair, i) => this.#type(pair, (i / otherRoomCount) * (1000 / otherEditsPerSecond)));
  }

  async stop() {
    this.#isOver = true;
    await Promise.all(this.#typing);
    return this.#latencies;
  }

  close() {
    for (const client of this.#pairs.flat()) client.close();
  }

  /** @param {[Client, Client]} pair @param {number} delayMs */
  async #type([author, reader], delayMs) {
    await pause(delayMs);
    while (!this.#isOver) {
      const startMs = performance.now();
      const seen = new Promise((resolve) => reader.doc.once("update", resolve));
      const text = author.doc.getText("text");
      const before = Y.encodeStateVector(author.doc);
      text.insert(text.length, "x");
      void author.write(Y.encodeStateAsUpdate(author.doc, before), author);
      await seen;
      this.#latencies.push(performance.now() - startMs);
      await pause(Math.max(0, 1000 / otherEditsPerSecond - (performance.now() - startMs)));
    }
  }
}

class PeakMemory {
  #peakMiB = 0;
  #timer;

  /** @param {number} pid */
  constructor(pid) {
    this.#timer = setInterval(() => (this.#peakMiB = Math.max(this.#peakMiB, rssMiB(pid))), sampleMs);
  }

  stop() {
    clearInterval(this.#timer);
    return this.#peakMiB;
  }
}

/** @param {number} pid */
function rssMiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) / 1024;
}

/** @param {Map<number, Run[]>} rows */
function table(rows) {
  const columns = /** @type {const} */ ([
    ["RSS peak, MiB", "peakMiB", 1],
    ["RSS after gc, MiB", "afterMiB", 1],
    ["heap after gc, MiB", "heapMiB", 1],
    ["others p50, ms", "othersP50Ms", 1],
    ["others p99, ms", "othersP99Ms", 1],
    ["server CPU, ms", "cpuMs", 0],
    ["catch-up, kB each", "catchUpBytes", 0],
    ["closed with 4508", "closedCount", 0],
  ]);
  const cell = (/** @type {Run[]} */ runs, /** @type {keyof Run} */ key, /** @type {number} */ digits) => {
    const figures = runs.map((run) => (key === "catchUpBytes" ? run[key] / 1000 : run[key]));
    return `${median(figures).toFixed(digits)} (${Math.min(...figures).toFixed(digits)}–${Math.max(...figures).toFixed(digits)})`;
  };
  const lines = [...rows].map(
    ([count, runs]) => `| ${count} | ${columns.map(([, key, digits]) => cell(runs, key, digits)).join(" | ")} |`,
  );
  return [
    `| stalled readers | ${columns.map(([title]) => title).join(" | ")} |`,
    `|${" ---: |".repeat(columns.length + 1)}`,
    ...lines,
  ].join("\n");
}

await measure();
