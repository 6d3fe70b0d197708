/**
 * node bench/heavy-room.mjs [--rounds 3] [--rooms 1000] [--seconds 6] [--dir /tmp]
 *
 * What people in many light rooms notice while somebody makes one room heavy: by updates of 4 MB, by updates that take Yjs for ever,
 * by asking 3,000 times what is missing. Each is repeated for as long as the light rooms are measured; beside each stands the same
 * server a moment before, undisturbed. The server runs in a process of its own, started anew for each round; so does who disturbs.
 * See README.md.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as encoding from "lib0/encoding";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { updateMessage } from "./client/sync-messages.mjs";
import { Typists } from "./load/typists.mjs";
import { describeMachine, staleBuild } from "./report/machine.mjs";
import { median, quantile } from "./report/statistics.mjs";
import { peers } from "./server/peers.mjs";
import { startServer } from "./server/server-process.mjs";

/** @typedef {{ p50Ms: number, p99Ms: number, maxMs: number, lateMs: number }} Window */
/** @typedef {(port: number, index: number) => Promise<void>} Attack Disturbs once; resolves when the next may come. */

const editsPerSecond = 1;
const warmUpSeconds = 3;
const tickMs = 5;
const arrivalLimitMs = 60_000;
const idleLimitMs = 60_000;
const updateBytes = 4_000_000;
const bombStructs = 600_000;
const askCount = 3_000;
const answerLimitMs = 5_000;

/** @type {Record<string, () => Attack>} */
const attacks = { "updates of 4 MB": large, "updates that take for ever": bomb, "3,000 step1": asking };

async function measure() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "3" },
      rooms: { type: "string", default: "1000" },
      seconds: { type: "string", default: "6" },
      dir: { type: "string", default: tmpdir() },
    },
  });
  const stale = staleBuild();
  if (stale) console.error(`warning: ${stale}`);
  console.log(`${describeMachine(values.dir)}\n`);
  /** @type {Map<string, { quiet: Window[], disturbed: Window[] }>} */
  const rows = new Map(Object.keys(attacks).map((name) => [name, { quiet: [], disturbed: [] }]));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const directory = mkdtempSync(join(values.dir, "syncline-bench-"));
    const remove = () => rmSync(directory, { recursive: true, force: true });
    process.once("exit", remove);
    const settings = { roomCount: Number(values.rooms), seconds: Number(values.seconds) };
    for (const [name, windows] of await runRound(directory, settings)) {
      rows.get(name)?.quiet.push(windows.quiet);
      rows.get(name)?.disturbed.push(windows.disturbed);
    }
    process.off("exit", remove);
    remove();
    console.error(`  round ${round} done`);
  }
  console.log(table(rows));
}

/**
 * @param {string} directory
 * @param {{ roomCount: number, seconds: number }} settings
 * @returns {Promise<[string, { quiet: Window, disturbed: Window }][]>}
 */
async function runRound(directory, { roomCount, seconds }) {
  const phaseCount = 2 * Object.keys(attacks).length;
  const editCount = (warmUpSeconds + phaseCount * seconds) * editsPerSecond;
  const typists = new Typists({ roomCount, editsPerSecond, editCount, tickMs });
  const server = await startServer(peers.syncline, { dataDirectory: join(directory, "data") });
  await typists.join({ port: server.port, speaksYjs: true });
  await server.untilIdle(idleLimitMs);
  await typists.type(warmUpSeconds * editsPerSecond, arrivalLimitMs);
  /** @type {[string, { quiet: Window, disturbed: Window }][]} */
  const windows = [];
  for (const name of Object.keys(attacks)) {
    await server.untilIdle(idleLimitMs);
    const quiet = windowOf(await typists.type(seconds * editsPerSecond, arrivalLimitMs));
    const attacker = fork(fileURLToPath(import.meta.url), ["attack", name, `${server.port}`]);
    await once(attacker, "message");
    const disturbed = windowOf(await typists.type(seconds * editsPerSecond, arrivalLimitMs));
    attacker.send("stop");
    const [count] = await once(attacker, "message");
    console.error(`  ${name}: ${count} times`);
    windows.push([name, { quiet, disturbed }]);
  }
  const wrong = typists.trouble ?? typists.wrongAtReaders();
  typists.leave();
  await server.end("SIGKILL");
  if (wrong) throw new Error(wrong);
  return windows;
}

/** In a process of its own, until it is told to stop: what it computes is not the load's. @param {string} name @param {number} port */
async function attackOn(name, port) {
  const attack = attacks[name]?.();
  if (!attack) throw new Error(`no attack ${name}`);
  let count = 0;
  let isOver = false;
  process.once("message", () => (isOver = true));
  process.send?.("ready");
  while (!isOver) {
    await attack(port, count);
    count += 1;
    await pause(100);
  }
  process.send?.(count, () => process.exit());
}

/** An honest import: many small objects. @returns {Attack} */
function large() {
  const doc = new Y.Doc();
  const list = doc.getArray("list");
  for (let bytes = 0; bytes < updateBytes;) {
    doc.transact(() => {
      for (let index = 0; index < 200; index += 1) list.push([`one value of ${index}, as a row of a table may be`]);
    });
    list.push([new Y.Map([["key", "value"]])]);
    bytes = Y.encodeStateAsUpdate(doc).length;
  }
  const message = updateMessage(Y.encodeStateAsUpdate(doc));
  if (message.length > 4 * 1024 * 1024) throw new Error(`the update has ${message.length} bytes`);
  return async (port, index) => {
    const socket = await opened(port, `large-${index}`);
    socket.send(message);
    await answered(socket);
  };
}

/** Letters of one client, all at the same place of another's: each is compared with all before it. @returns {Attack} */
function bomb() {
  const encoder = encoding.createEncoder();
  for (const number of [2, bombStructs, 2, 0]) encoding.writeVarUint(encoder, number);
  for (let index = 0; index < bombStructs; index += 1) {
    // A string with an origin: the one letter of the other client.
    for (const byte of [0x84, 1, 0, 1, 97]) encoding.write(encoder, byte);
  }
  for (const number of [1, 1, 0]) encoding.writeVarUint(encoder, number);
  for (const byte of [4, 1, 1, 116, 1, 97]) encoding.write(encoder, byte);
  encoding.writeVarUint(encoder, 0);
  const message = updateMessage(encoding.toUint8Array(encoder));
  return async (port, index) => {
    const socket = await opened(port, `bomb-${index}`);
    socket.send(message);
    await answered(socket);
  };
}

/** Somebody with a part of a document asks again and again for the rest. @returns {Attack} */
function asking() {
  const doc = new Y.Doc();
  /** @type {Uint8Array[]} */
  const updates = [];
  doc.on("update", (update) => updates.push(updateMessage(update)));
  for (let index = 0; index < 60; index += 1) doc.getText("text").insert(0, `${index} `.repeat(3_000));
  const encoder = encoding.createEncoder();
  for (const number of [0, 0]) encoding.writeVarUint(encoder, number);
  encoding.writeVarUint8Array(encoder, Uint8Array.of(1, ...varUint(doc.clientID), 100));
  const ask = encoding.toUint8Array(encoder);
  return async (port, index) => {
    const socket = await opened(port, "asked");
    if (index === 0) for (const update of updates) socket.send(update);
    for (let count = 0; count < askCount; count += 1) socket.send(ask);
    await answered(socket);
  };
}

/** @param {number} value */
function varUint(value) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, value);
  return encoding.toUint8Array(encoder);
}

/** @param {number} port @param {string} name */
async function opened(port, name) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${name}`);
  socket.on("error", () => undefined);
  await once(socket, "open");
  return socket;
}

/** Resolves when the server has read everything, or has closed the socket. @param {WebSocket} socket */
async function answered(socket) {
  const ended = new AbortController();
  const { signal } = ended;
  if (socket.readyState === WebSocket.OPEN) socket.ping();
  const over = [once(socket, "pong", { signal }), once(socket, "close", { signal })];
  await Promise.race([...over, pause(answerLimitMs)]);
  ended.abort();
  await Promise.allSettled(over);
  socket.terminate();
}

/** @param {{ latenciesMs: number[], lateMs: number[] }} typed @returns {Window} */
function windowOf({ latenciesMs, lateMs }) {
  return {
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    maxMs: quantile(latenciesMs, 1),
    lateMs: quantile(lateMs, 0.99),
  };
}

/** @param {Map<string, { quiet: Window[], disturbed: Window[] }>} rows */
function table(rows) {
  const lines = [
    "| one room is given | p50 ms | p99 ms | max ms | load late p99 ms | p99 moves by, each round |",
    "| --- | ---: | ---: | ---: | ---: | --- |",
  ];
  for (const [name, { quiet, disturbed }] of rows) {
    const moves = disturbed.map(({ p99Ms }, round) => (p99Ms - (quiet[round]?.p99Ms ?? NaN)).toFixed(1));
    lines.push(
      `| (nothing, before that) | ${cells(quiet)} | |`,
      `| ${name} | ${cells(disturbed)} | ${moves.join(", ")} |`,
    );
  }
  return lines.join("\n");
}

/** @param {Window[]} windows */
function cells(windows) {
  const of = (/** @type {keyof Window} */ key) => median(windows.map((window) => window[key])).toFixed(1);
  return `${of("p50Ms")} | ${of("p99Ms")} | ${of("maxMs")} | ${of("lateMs")}`;
}

const [command, name = "", port] = process.argv.slice(2);
if (command === "attack") await attackOn(name, Number(port));
else await measure();
