/** What a process has written to disk, as Linux counts it. A server that waits for a flush uses no CPU and is not idle. */
import { readFileSync } from "node:fs";

/** @type {(pid: number) => number} Bytes, of all threads, from when the process began. */
export function writtenBytes(pid) {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "latin1"))?.[1]);
}
