import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

/** Of the thread that reads it: the 19th field of its `stat`, whose second is a name in parentheses. */
const niceness = (stat: string) => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
const ownStat = () => readFileSync("/proc/thread-self/stat", "latin1");

test.runIf(process.platform === "linux")("a worker that steps back does not take others with it", async () => {
  const before = niceness(ownStat());
  const source = `
    import { readFileSync } from "node:fs";
    import { parentPort } from "node:worker_threads";
    import { stepBack } from ${JSON.stringify(new URL("../../dist/worker/thread-priority.js", import.meta.url).href)};
    stepBack();
    parentPort.postMessage(readFileSync("/proc/thread-self/stat", "latin1"));
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const [stat] = (await once(worker, "message")) as [string];
  expect(niceness(stat)).toBe(Math.min(before + 5, 19));
  expect(niceness(ownStat())).toBe(before);
  await worker.terminate();
});
