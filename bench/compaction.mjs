/**
 * node bench/compaction.mjs [--rounds 3] [--megabytes 50] [--dir /tmp] [--node-flags "--cpu-prof --cpu-prof-dir=/tmp/prof"]
 *
 * How long the server's event loop stands still while a large document is opened and compacted in the background; beside it the same
 * process with nothing to do, and with a small document. The server runs in a process of its own, started anew for each round on a
 * copy of the same data. See README.md.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as encoding from "lib0/encoding";
import { LevelStorage, startServer } from "@syncline/server";
import { WebSocket } from "ws";
import { writeUpdate } from "y-protocols/sync";
import * as Y from "yjs";
import { describeMachine, staleBuild } from "./report/machine.mjs";
import { median } from "./report/statistics.mjs";

/** @typedef {{ maxMs: number, p99Ms: number, turnMs: number, cpuMs: number, wallMs: number }} Window */
/** @typedef {{ name: string, stateVector: Uint8Array }} Document */

const idleMs = 3_000;
const compactionLimitMs = 120_000;
const syncMessage = 0;

/** The server's process: says what its event loop did since it was last asked, and when a document has been compacted. @param {string} data */
async function serve(data) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const nothing = () => undefined;
  const say = (/** @type {object} */ fields, /** @type {string} */ text) => process.send?.({ fields, text });
  const logger = { debug: say, info: nothing, warn: say, error: say };
  const server = await startServer({ port: 0, data, logger, insecure: true });
  let startMs = performance.now();
  let cpu = process.cpuUsage();
  let turnMs = 0;
  let mainCpuMs = mainThreadCpuMs();
  setInterval(() => {
    const untilNowMs = mainThreadCpuMs();
    turnMs = Math.max(turnMs, untilNowMs - mainCpuMs);
    mainCpuMs = untilNowMs;
  }, 1);
  const restart = () => {
    turnMs = 0;
    cpu = process.cpuUsage();
    startMs = performance.now();
    delay.reset();
    delay.enable();
  };
  process.on("message", async (message) => {
    if (message === "stop") {
      await server.close();
      process.exit(0);
    }
    delay.disable();
    const { user, system } = process.cpuUsage(cpu);
    const window = { maxMs: delay.max / 1e6, p99Ms: delay.percentile(99) / 1e6, turnMs, cpuMs: (user + system) / 1000 };
    process.send?.({ window: { ...window, wallMs: performance.now() - startMs } });
    restart();
  });
  restart();
  process.send?.({ url: server.url });
}

/** What the thread of the event loop has computed, to about 4 ms. */
function mainThreadCpuMs() {
  return Number(readFileSync(`/proc/${process.pid}/task/${process.pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
}

async function measure() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "3" },
      megabytes: { type: "string", default: "50" },
      dir: { type: "string", default: tmpdir() },
      "node-flags": { type: "string", default: "" },
    },
  });
  const stale = staleBuild();
  if (stale) console.error(`warning: ${stale}`);
  console.log(`${describeMachine(values.dir)}\n`);
  const directory = mkdtempSync(join(values.dir, "syncline-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
  const large = await write(join(directory, "data"), "large", Number(values.megabytes) * 1e6);
  const small = await write(join(directory, "data"), "small", 400_000);
  /** @type {Map<string, Window[]>} */
  const rows = new Map();
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    const flags = values["node-flags"].split(" ").filter((flag) => flag !== "");
    const data = join(directory, `round-${round}`);
    cpSync(join(directory, "data"), data, { recursive: true });
    for (const [name, window] of await runRound(data, flags, [small, large])) {
      rows.set(name, [...(rows.get(name) ?? []), window]);
    }
    rmSync(data, { recursive: true });
    console.error(`  round ${round} done`);
  }
  console.log(table(rows));
}

/**
 * @param {string} data
 * @param {string[]} flags
 * @param {Document[]} documents
 * @returns {Promise<[string, Window][]>}
 */
async function runRound(data, flags, documents) {
  const server = new Server(data, flags);
  const url = await server.url;
  /** @type {[string, Window][]} */
  const windows = [];
  await pause(500);
  await server.window();
  await pause(idleMs);
  windows.push(["nothing to do", await server.window()]);
  for (const document of documents) {
    const socket = await open(url, document);
    windows.push([`${document.name}: opening`, await server.window()]);
    const compacted = server.compacted(document.name);
    socket.send(edit());
    await compacted;
    windows.push([`${document.name}: compacting`, await server.window()]);
    await pause(idleMs);
    windows.push([`${document.name}: afterwards`, await server.window()]);
    socket.close();
  }
  await server.stop();
  return windows;
}

class Server {
  /** @type {Promise<string>} */
  url;
  #child;

  /** @param {string} data @param {string[]} flags */
  constructor(data, flags) {
    this.#child = fork(fileURLToPath(import.meta.url), [data], { execArgv: flags });
    process.once("exit", () => this.#child.kill("SIGKILL"));
    this.#child.on("message", (/** @type {any} */ { fields, text }) => {
      if (text !== undefined && text !== "compacted") console.error(`  server: ${text} ${JSON.stringify(fields)}`);
    });
    this.url = this.#said((/** @type {any} */ { url }) => url);
  }

  /** What its event loop did since this was last asked. @returns {Promise<Window>} */
  window() {
    this.#child.send("window");
    return this.#said((/** @type {any} */ { window }) => window);
  }

  /** @param {string} name */
  compacted(name) {
    return this.#said((/** @type {any} */ { fields, text }) => text === "compacted" && fields.documentName === name);
  }

  async stop() {
    const gone = once(this.#child, "exit");
    this.#child.send("stop");
    await gone;
  }

  /** @param {(message: object) => any} pick @returns {Promise<any>} */
  #said(pick) {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => finish(reject, new Error("the server says nothing")), compactionLimitMs);
      const listen = (/** @type {object} */ message) => {
        const picked = pick(message);
        if (picked) finish(resolve, picked);
      };
      const died = () => finish(reject, new Error("the server ended"));
      const finish = (/** @type {(value: any) => void} */ settle, /** @type {any} */ value) => {
        clearTimeout(limit);
        this.#child.off("message", listen).off("exit", died);
        settle(value);
      };
      this.#child.on("message", listen).on("exit", died);
    });
  }
}

/** As somebody who has all of the document: what is sent on opening is not what is measured. @param {string} url @param {Document} document */
async function open(url, { name, stateVector }) {
  const socket = new WebSocket(`${url}/${name}`, { perMessageDeflate: false });
  await once(socket, "open");
  const synced = new Promise((resolve) => {
    socket.on(
      "message",
      (/** @type {Buffer} */ data) => data[0] === syncMessage && data[1] === 1 && resolve(undefined),
    );
  });
  socket.send(encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, syncMessage);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint8Array(encoder, stateVector);
  })); // prettier-ignore
  await synced;
  return socket;
}

function edit() {
  const doc = new Y.Doc();
  doc.getText("notes").insert(0, "x");
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, syncMessage);
    writeUpdate(encoder, Y.encodeStateAsUpdate(doc));
  });
}

/**
 * Three people: words typed letter by letter at random places, pastes of up to 1 MB, images of 0.5 MB, and a tenth deleted again; in records
 * of mixed size, none of it compacted.
 *
 * @param {string} data
 * @param {string} name
 * @param {number} byteCount
 * @returns {Promise<Document>}
 */
async function write(data, name, byteCount) {
  const storage = await LevelStorage.open(data, { fsync: false });
  const docs = [1, 2, 3].map((clientId) => Object.assign(new Y.Doc(), { clientID: clientId }));
  /** @type {Uint8Array[]} */
  let updates = [];
  let bytes = 0;
  for (const doc of docs) {
    doc.on("update", (/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => {
      if (origin === "pull") return;
      updates.push(update);
      bytes += update.length;
    });
  }
  const random = randomFrom(7);
  let written = 0;
  for (let seq = 0; written < byteCount; seq += 1) {
    const author = docs[seq % 3];
    for (const doc of docs)
      if (doc !== author) Y.applyUpdate(author, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(author)), "pull");
    editMuch(author, random, byteCount);
    await storage.append([{ documentName: name, generation: "bench", previousSeq: seq, updates }]);
    written += bytes;
    updates = [];
    bytes = 0;
  }
  await storage.close();
  for (const doc of docs) Y.applyUpdate(docs[0], Y.encodeStateAsUpdate(doc), "pull");
  console.error(`  ${name}: ${(written / 1e6).toFixed(1)} MB, ${countStructs(docs[0])} structs`);
  return { name, stateVector: Y.encodeStateVector(docs[0]) };
}

/** @param {Y.Doc} doc @param {(bound: number) => number} random @param {number} byteCount */
function editMuch(doc, random, byteCount) {
  const text = doc.getText("text");
  for (let word = 0; word < 400; word += 1) {
    const at = random(text.length + 1);
    for (let letter = 0; letter < 5; letter += 1) text.insert(at + letter, "letters"[letter]);
  }
  const pasteLength = Math.min(1_000_000, byteCount / 10);
  for (const share of [0.002, 0.05, 1]) {
    text.insert(
      random(text.length + 1),
      "What somebody pasted: prose of some length. ".repeat((share * pasteLength) / 44),
    );
  }
  text.delete(random(text.length / 2), Math.floor(pasteLength / 10));
  const image = Uint8Array.from({ length: pasteLength / 2 }, () => random(256));
  doc.getMap("images").set(`image ${random(1e9)}`, image);
}

/** @param {Y.Doc} doc */
function countStructs(doc) {
  return [...doc.store.clients.values()].reduce((sum, structs) => sum + structs.length, 0);
}

/** Lehmer's generator: the same document every time. @param {number} seed @returns {(bound: number) => number} */
function randomFrom(seed) {
  let state = seed;
  return (bound) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * bound);
  };
}

/** @param {Map<string, Window[]>} rows */
function table(rows) {
  const lines = [
    "| the server | longest delay ms, median | max | p99 ms | longest turn, CPU ms, median | max | took ms | CPU ms, whole process |",
    "| --- | --: | --: | --: | --: | --: | --: | --: |",
  ];
  for (const [name, windows] of rows) {
    const of = (/** @type {keyof Window} */ key) => windows.map((window) => window[key]);
    const cells = [
      median(of("maxMs")),
      Math.max(...of("maxMs")),
      median(of("p99Ms")),
      median(of("turnMs")),
      Math.max(...of("turnMs")),
    ].map((value) => value.toFixed(1));
    lines.push(
      `| ${name} | ${cells.join(" | ")} | ${median(of("wallMs")).toFixed(0)} | ${median(of("cpuMs")).toFixed(0)} |`,
    );
  }
  return lines.join("\n");
}

if (process.send) await serve(process.argv[2] ?? "");
else await measure();
