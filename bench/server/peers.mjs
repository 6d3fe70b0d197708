/** What is measured: how each peer is started, and what may be expected of it. */
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {boolean} speaksYjs It answers step1 with what it has. The bare relay does not.
 * @property {boolean} persists A document is still there after a restart.
 * @property {boolean} takesPortZero It picks a free port itself and prints it.
 * @property {(dataDirectory: string) => string[]} command Script and arguments for node.
 * @property {(dataDirectory: string, port: number) => Record<string, string>} environment
 */

const synclineBin = fileURLToPath(new URL("../../packages/server/bin/syncline.js", import.meta.url));
// The package's own bin. It takes the y-leveldb that its dependencies name (0.1.2, nested), as a user of it gets it.
const yWebsocketBin = fileURLToPath(
  new URL("./src/server.js", import.meta.resolve("@y/websocket-server/package.json")),
);
const bareRelay = fileURLToPath(new URL("./bare-relay.mjs", import.meta.url));

/** @type {(name: string, ...flags: string[]) => Peer} */
const syncline = (name, ...flags) => ({
  name,
  speaksYjs: true,
  persists: true,
  takesPortZero: true,
  command: (dataDirectory) => [synclineBin, "serve", "--port", "0", "--data", dataDirectory, ...flags],
  environment: () => ({}),
});

/** @type {Readonly<Record<string, Peer>>} */
export const peers = {
  syncline: syncline("syncline"),
  "syncline-immediate": syncline("syncline-immediate", "--relay", "immediate"),
  "y-websocket-server": {
    name: "y-websocket-server",
    speaksYjs: true,
    persists: true,
    takesPortZero: false,
    command: () => [yWebsocketBin],
    environment: (dataDirectory, port) => ({ HOST: "127.0.0.1", PORT: String(port), YPERSISTENCE: dataDirectory }),
  },
  "bare-ws": {
    name: "bare-ws",
    speaksYjs: false,
    persists: false,
    takesPortZero: true,
    command: () => [bareRelay],
    environment: () => ({}),
  },
};
