/** Limits that a scenario needs raised, as somebody who expects so many would: in Syncline's configuration file. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * A peer that has no such limits is returned as it is.
 *
 * @param {import("./peers.mjs").Peer} peer
 * @param {string} directory Where the file goes.
 * @param {Readonly<Record<string, number>>} limits As in `[limits]` of syncline.toml.
 * @returns {Promise<import("./peers.mjs").Peer>}
 */
export async function withLimits(peer, directory, limits) {
  if (!peer.name.startsWith("syncline")) return peer;
  const file = join(directory, "syncline.toml");
  const lines = Object.entries(limits).map(([key, value]) => `${key} = ${value}\n`);
  await writeFile(file, `[limits]\n${lines.join("")}`);
  return { ...peer, command: (dataDirectory) => [...peer.command(dataDirectory), "--config", file] };
}
