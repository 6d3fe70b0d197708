/** Memory of a process as Linux counts it, in bytes: what is resident now, and at most. */
import { readFileSync, writeFileSync } from "node:fs";

/** @type {(pid: number) => number} */
export const residentBytes = (pid) => field(pid, "VmRSS");

/** Since the process began, or since `forgetPeak`. @type {(pid: number) => number} */
export const peakResidentBytes = (pid) => field(pid, "VmHWM");

/** From here on the peak is what is resident now, or more. @param {number} pid */
export function forgetPeak(pid) {
  // proc(5), /proc/pid/clear_refs: 5 resets the high-water mark.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** @type {(pid: number, name: string) => number} */
function field(pid, name) {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "latin1"));
  return Number(line?.[1]) * 1024;
}
