/** How many files a process may have open, as Linux says. A connection is one. Node takes all that its shell may give it. */
import { readFileSync } from "node:fs";

/** @type {(pid: number) => number} */
export function maxOpenFiles(pid) {
  const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, "latin1")) ?? [];
  return soft === "unlimited" ? Infinity : Number(soft);
}

/**
 * Why so many connections cannot be, in words; `undefined` if they can.
 *
 * @param {number} pid
 * @param {number} connectionCount
 */
export function whyTooFewFiles(pid, connectionCount) {
  // What else a server has open: its store, its log, its own sockets.
  const neededCount = connectionCount + 500;
  const maxCount = maxOpenFiles(pid);
  if (maxCount >= neededCount) return undefined;
  return `${maxCount} files may be open, ${neededCount} are needed: raise it with ulimit -n ${neededCount}`;
}
