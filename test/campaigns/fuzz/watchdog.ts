/**
 * Says which input does not come to an end, from a thread of its own, and ends the process: whoever is in an endless loop
 * cannot say so.
 */
import { Worker } from "node:worker_threads";

/** Much longer than any input takes on a busy machine. */
const limitMs = 90_000;
const labelBytes = 512;

const watching = `
  const { workerData: { shared, limitMs } } = require("node:worker_threads");
  const beats = new Int32Array(shared, 0, 1);
  const label = new Uint8Array(shared, 4);
  let last = -1;
  let sinceMs = Date.now();
  setInterval(() => {
    const now = Atomics.load(beats, 0);
    if (now !== last || now === 0) { last = now; sinceMs = Date.now(); return; }
    if (Date.now() - sinceMs < limitMs) return;
    const text = new TextDecoder().decode(label.slice(0, label.indexOf(0)));
    require("node:fs").writeSync(2, "campaign fuzz: does not come to an end: " + text + "\\n");
    process.kill(process.pid, "SIGKILL");
  }, 1000);
`;

export class Watchdog {
  readonly #beats: Int32Array;
  readonly #label: Uint8Array;
  readonly #worker: Worker;
  readonly #encoder = new TextEncoder();

  constructor() {
    const shared = new SharedArrayBuffer(4 + labelBytes);
    this.#beats = new Int32Array(shared, 0, 1);
    this.#label = new Uint8Array(shared, 4);
    this.#worker = new Worker(watching, { eval: true, workerData: { shared, limitMs } });
    this.#worker.unref();
  }

  /** An input begins. */
  begins(label: string): void {
    this.#label.set(this.#encoder.encode(`${label.slice(0, labelBytes - 2)}\0`).subarray(0, labelBytes));
    Atomics.add(this.#beats, 0, 1);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
