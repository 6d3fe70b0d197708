/** Connections that the system dropped because a server did not accept fast enough, as Linux counts them, of all processes. */
import { readFileSync } from "node:fs";

/** SYNs that got no answer; their clients try again a second later. @returns {number} */
export function countListenDrops() {
  const lines = readFileSync("/proc/net/netstat", "latin1").split("\n");
  const [names, values] = lines.filter((line) => line.startsWith("TcpExt:")).map((line) => line.split(" "));
  return Number(values[names.indexOf("ListenDrops")]);
}
