/** A document thread's entry point: wires its port to the jobs. Loaded by worker-pool.ts, imported by nobody. */
import { parentPort } from "node:worker_threads";
import { JobRunner } from "./job-runner.js";
import type { Request } from "./jobs.js";
import { stepBack } from "./thread-priority.js";

if (parentPort !== null) {
  stepBack();
  const port = parentPort;
  const runner = new JobRunner((response, transfer = []) => port.postMessage(response, [...transfer]));
  port.on("message", (request: Request) => runner.handle(request));
}
