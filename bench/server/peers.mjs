/** What is measured: how each peer is started, and what may be expected of it. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hocuspocus, yWebsocket } from "../client/dialects.mjs";

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {boolean} speaksYjs It answers step1 with what it has. The bare relay does not.
 * @property {import("../client/dialects.mjs").Dialect} dialect
 * @property {boolean} persists A document is still there after a restart.
 * @property {number} writesWithinMs So long after an edit it may begin to write it: quiet until then does not mean done.
 * @property {string} [missing] What has to be run before it can be measured, if anything.
 * @property {boolean} takesPortZero It picks a free port itself and prints it.
 * @property {(dataDirectory: string) => string[]} command Script and arguments for node.
 * @property {(dataDirectory: string, port: number) => Record<string, string>} environment
 */

const synclineBin = fileURLToPath(new URL("../../packages/server/bin/syncline.js", import.meta.url));
// The package's own bin. It takes the y-leveldb that its dependencies name (0.1.2, nested), as a user of it gets it.
const yWebsocketBin = fileURLToPath(
  new URL("./src/server.js", import.meta.resolve("@y/websocket-server/package.json")),
);
const hocuspocusScript = fileURLToPath(new URL("../hocuspocus/server.mjs", import.meta.url));
const hocuspocusPackages = new URL("../hocuspocus/node_modules/@hocuspocus/server/", import.meta.url);

/** @type {(name: string, ...flags: string[]) => Peer} */
const syncline = (name, ...flags) => ({
  name,
  speaksYjs: true,
  dialect: yWebsocket,
  persists: true,
  writesWithinMs: 0,
  takesPortZero: true,
  command: (dataDirectory) => [synclineBin, "serve", "--port", "0", "--data", dataDirectory, ...flags],
  environment: () => ({}),
});

/** @type {(name: string, script: string) => Peer} */
const relay = (name, script) => ({
  name,
  speaksYjs: false,
  dialect: yWebsocket,
  persists: false,
  writesWithinMs: 0,
  takesPortZero: true,
  command: () => [fileURLToPath(new URL(script, import.meta.url))],
  environment: () => ({}),
});

/** @type {Readonly<Record<string, Peer>>} */
export const peers = {
  syncline: syncline("syncline"),
  "syncline-immediate": syncline("syncline-immediate", "--relay", "immediate"),
  "y-websocket-server": {
    name: "y-websocket-server",
    speaksYjs: true,
    dialect: yWebsocket,
    persists: true,
    writesWithinMs: 0,
    takesPortZero: false,
    command: () => [yWebsocketBin],
    environment: (dataDirectory, port) => ({ HOST: "127.0.0.1", PORT: String(port), YPERSISTENCE: dataDirectory }),
  },
  hocuspocus: {
    name: "hocuspocus",
    speaksYjs: true,
    dialect: hocuspocus,
    persists: true,
    // It waits 2 s for more; `maxDebounce`, which is longer, only counts while edits come.
    writesWithinMs: 2_000,
    missing: existsSync(hocuspocusPackages) ? undefined : "npm ci --prefix bench/hocuspocus",
    takesPortZero: true,
    command: (dataDirectory) => [hocuspocusScript, dataDirectory],
    environment: () => ({}),
  },
  "bare-ws": relay("bare-ws", "./bare-relay.mjs"),
  "bare-batching": relay("bare-batching", "./bare-batching-relay.mjs"),
};
