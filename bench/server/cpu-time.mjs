/**
 * CPU time of a process as Linux counts it. /proc/<pid>/stat covers all threads, also those that have ended, in ticks of
 * 10 ms. The schedstat of each thread is exact, but forgets threads that end: it refines the first where they agree.
 */
import { readdirSync, readFileSync } from "node:fs";

const ticksPerSecond = 100;

/**
 * @typedef {object} CpuSample
 * @property {number} atMs
 * @property {number} statMs
 * @property {number} threadsMs
 * @property {number} mainWaitMs How long the main thread was ready to run and had no core.
 */

/** @type {(pid: number) => CpuSample} */
export function sampleCpu(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name of the program is in parentheses and may hold spaces; utime and stime are fields 14 and 15 of all.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  let threadsMs = 0;
  let mainWaitMs = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [runMs, waitMs] = schedstat(`/proc/${pid}/task/${task}/schedstat`);
    threadsMs += runMs;
    if (Number(task) === pid) mainWaitMs = waitMs;
  }
  const statMs = ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  return { atMs: performance.now(), statMs, threadsMs, mainWaitMs };
}

/** @type {(path: string) => [runMs: number, waitMs: number]} */
function schedstat(path) {
  try {
    const [run, wait] = readFileSync(path, "latin1").split(" ");
    return [Number(run) / 1e6, Number(wait) / 1e6];
  } catch {
    // The thread ended since the directory was read.
    return [0, 0];
  }
}

/** @type {(from: CpuSample, to: CpuSample) => { cpuMs: number, wallMs: number, mainWaitMs: number, share: number }} */
export function cpuBetween(from, to) {
  const coarseMs = to.statMs - from.statMs;
  const exactMs = to.threadsMs - from.threadsMs;
  const cpuMs = Math.abs(exactMs - coarseMs) <= 20 ? exactMs : coarseMs;
  const wallMs = to.atMs - from.atMs;
  return { cpuMs, wallMs, mainWaitMs: to.mainWaitMs - from.mainWaitMs, share: cpuMs / wallMs };
}
