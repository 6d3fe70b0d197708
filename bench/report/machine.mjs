/** What the figures were measured on, and of what. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(import.meta.url);

/** @param {string} dataParent Where the documents are. */
export function describeMachine(dataParent) {
  const model = cpus()[0]?.model ?? "unknown";
  const fileSystem = output("findmnt", ["-no", "FSTYPE", "-T", dataParent]) || "unknown";
  const load = loadavg()[0].toFixed(2);
  return [
    `${new Date().toISOString()} · ${cpus().length} × ${model} · ${(totalmem() / 2 ** 30).toFixed(0)} GiB · Linux ${release()} · load ${load}`,
    `node ${process.version} · documents on ${fileSystem} (${dataParent})`,
    `syncline ${commit()} · @y/websocket-server ${versionOf("@y/websocket-server")} · ws ${versionOf("ws")} · yjs ${versionOf("yjs")}`,
  ].join("\n");
}

/** Says whether packages/server/dist is what the sources say; measuring an old build is a waste of an hour. */
export function staleBuild() {
  const dryRun = output(process.execPath, [require.resolve("typescript/bin/tsc"), "-b", "--dry"]);
  return /would build|would update/i.test(dryRun) ? "the build is older than the sources: run npx tsc -b" : undefined;
}

function commit() {
  const hash = output("git", ["rev-parse", "--short", "HEAD"]) || "of no commit";
  return output("git", ["status", "--porcelain", "packages"]) ? `${hash} with changes` : hash;
}

/** @param {string} name */
function versionOf(name) {
  return JSON.parse(readFileSync(new URL(import.meta.resolve(`${name}/package.json`)), "utf8")).version;
}

/** @type {(command: string, args: string[]) => string} */
function output(command, args) {
  return (spawnSync(command, args, { cwd: root, encoding: "utf8" }).stdout ?? "").trim();
}
