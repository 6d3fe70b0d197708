/** Loaded into a server with --import: answers every IPC message with how long its event loop stood still since the last one. */
import { openSync, readSync } from "node:fs";
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/**
 * @typedef {object} EventLoopWindow
 * @property {number} delayMs The longest time by the clock from when a timer was due to when it ran, at a resolution of 1 ms. It holds
 *   the time without a core.
 * @property {number} delayP99Ms
 * @property {number} turnMs The most that the loop's own thread computed between two ticks of a timer of 4 ms, to about 4 ms.
 * @property {number} cpuMs Of all threads.
 * @property {number} wallMs
 */

const digits = Buffer.alloc(64);

// Worker threads inherit --import.
if (isMainThread && process.send) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let startMs = performance.now();
  let cpu = process.cpuUsage();
  let turnMs = 0;
  const schedstat = openSync(`/proc/${process.pid}/task/${process.pid}/schedstat`, "r");
  let threadCpuMs = mainThreadCpuMs(schedstat);
  setInterval(() => {
    const nowMs = mainThreadCpuMs(schedstat);
    turnMs = Math.max(turnMs, nowMs - threadCpuMs);
    threadCpuMs = nowMs;
  }, 4).unref();
  delay.enable();
  process.on("message", () => {
    delay.disable();
    const { user, system } = process.cpuUsage(cpu);
    /** @type {EventLoopWindow} */
    const window = {
      delayMs: delay.max / 1e6,
      delayP99Ms: delay.percentile(99) / 1e6,
      turnMs,
      cpuMs: (user + system) / 1000,
      wallMs: performance.now() - startMs,
    };
    process.send?.(window);
    turnMs = 0;
    cpu = process.cpuUsage();
    startMs = performance.now();
    delay.reset();
    delay.enable();
  });
  // The channel shall not keep a server alive that wants to end.
  process.channel?.unref();
}

/** Read anew from a file that stays open: this happens often. @param {number} schedstat */
function mainThreadCpuMs(schedstat) {
  const length = readSync(schedstat, digits, 0, digits.length, 0);
  return Number(digits.toString("latin1", 0, length).split(" ")[0]) / 1e6;
}
