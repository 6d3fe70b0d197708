/** What the figures were measured on, and of what. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, loadavg, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(import.meta.url);

/**
 * @typedef {object} Circumstances Under which something was measured.
 * @property {string} at ISO 8601.
 * @property {string} commit Of Syncline, and whether its packages had changes.
 * @property {number} load Of the machine before it began: processes that wanted a core, over a minute.
 * @property {string} machine
 * @property {string} versions
 */

/** @param {string} dataParent Where the documents are. @returns {Circumstances} */
export function circumstances(dataParent) {
  const model = cpus()[0]?.model ?? "unknown";
  const fileSystem = output("findmnt", ["-no", "FSTYPE", "-T", dataParent]) || "an unknown file system";
  const kernel = release().split(".").slice(0, 2).join(".");
  const ofWebsocketServer = createRequire(import.meta.resolve("@y/websocket-server/package.json"));
  const ofHocuspocus = createRequire(new URL("../hocuspocus/package.json", import.meta.url));
  const versions = {
    node: process.version.slice(1),
    "@y/websocket-server": versionOf("@y/websocket-server"),
    "y-leveldb": versionOf("y-leveldb", ofWebsocketServer),
    "@hocuspocus/server": versionOf("@hocuspocus/server", ofHocuspocus),
    "@hocuspocus/extension-sqlite": versionOf("@hocuspocus/extension-sqlite", ofHocuspocus),
    "better-sqlite3": versionOf("better-sqlite3", ofHocuspocus),
    ws: versionOf("ws"),
    yjs: versionOf("yjs"),
  };
  return {
    at: new Date().toISOString(),
    commit: commit(),
    load: loadavg()[0],
    machine: `${cpus().length} × ${model} · ${(totalmem() / 2 ** 30).toFixed(0)} GiB · Linux ${kernel} · documents on ${fileSystem}`,
    versions: Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(" · "),
  };
}

/** @param {string} dataParent */
export function describeMachine(dataParent) {
  const { at, commit, load, machine, versions } = circumstances(dataParent);
  return [`${at} · load ${load.toFixed(2)} · ${machine}`, `syncline ${commit} · ${versions}`].join("\n");
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

/**
 * Of a package as the file of `from` gets it. Not every package lets its package.json be imported.
 *
 * @param {string} name
 * @param {NodeJS.Require} from
 * @returns {string}
 */
function versionOf(name, from = require) {
  for (const directory of from.resolve.paths(name) ?? []) {
    const file = `${directory}/${name}/package.json`;
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")).version;
  }
  return "not installed";
}

/** @type {(command: string, args: string[]) => string} */
function output(command, args) {
  return (spawnSync(command, args, { cwd: root, encoding: "utf8" }).stdout ?? "").trim();
}
