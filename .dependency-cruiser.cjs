/**
 * The layer table, and who owns which third-party module. Imports point the way an update travels; type imports count.
 * docs/ARCHITECTURE.md explains the layers; test/workspace/layers.test.ts proves that a wrong import fails.
 */

/** Server folders from the outside in: each may import those after it, never those before it. */
const serverLayers = ["cli", "adapters", "documents", "auth", "connection", "room", "storage", "worker", "update"];
const server = "(^|/)packages/server/src";

/** Third-party module → the only files that may import it. */
const owners = {
  ws: "(adapters/websocket|migration/document-pull)\\.ts$",
  "classic-level|abstract-level": "(storage/level|migration/leveldb-copy)\\.ts$",
  "node-sqlite3-wasm": "migration/hocuspocus-sqlite\\.ts$",
  "crc-32": "storage/crc32c\\.ts$",
  "lru-cache": "(storage|room)/",
  sirv: "adapters/http\\.ts$",
  commander: "cli/",
  ora: "cli/progress\\.ts$",
  pino: "cli/",
  "prom-client": "adapters/metrics\\.ts$",
  zod: "(options|cli/[a-z-]+)\\.ts$",
  jose: "auth/",
  "smol-toml": "cli/",
  yjs: "(worker/|update/trim\\.ts$)",
};

const layerRules = serverLayers.slice(1).map((layer, index) => ({
  name: `${layer}-does-not-look-up`,
  comment: `${layer}/ is below ${serverLayers.slice(0, index + 1).join(", ")}: it answers through promises and callbacks.`,
  severity: "error",
  from: { path: `${server}/${layer}/`, pathNot: "\\.test\\.ts$" },
  to: { path: `${server}/(${serverLayers.slice(0, index + 1).join("|")}|server\\.ts|engine\\.ts|options\\.ts)` },
}));

const ownerRules = Object.entries(owners).map(([module, owner]) => ({
  name: `owner-of-${module.split("|")[0]}`,
  comment: `${module} is imported by ${owner} only.`,
  severity: "error",
  from: { path: `${server}/`, pathNot: [`${server}/${owner}`, "\\.test\\.ts$"] },
  to: { path: `(^|/)node_modules/(@types/)?(${module})/` },
}));

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: { pathNot: "node_modules" }, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "protocol-knows-lib0-only",
      severity: "error",
      from: { path: "(^|/)packages/protocol/src/", pathNot: "\\.test\\.ts$" },
      to: { pathNot: "(^|/)packages/protocol/src/|(^|/)node_modules/lib0/" },
    },
    {
      name: "client-knows-protocol-and-yjs-only",
      severity: "error",
      from: { path: "(^|/)packages/client/src/", pathNot: "\\.test\\.ts$" },
      to: { pathNot: "(^|/)packages/(client/src|protocol)/|(^|/)node_modules/(lib0|yjs|y-protocols|(@types/)?react)/" },
    },
    {
      name: "only-react-knows-react",
      comment: "React is in packages/client/src/react/, and who has no React never loads that.",
      severity: "error",
      from: { path: "(^|/)packages/client/src/", pathNot: ["(^|/)packages/client/src/react/", "\\.test\\.ts$"] },
      to: { path: "(^|/)packages/client/src/react/|(^|/)node_modules/(@types/)?react(-dom)?/" },
    },
    {
      name: "server-does-not-know-the-client",
      severity: "error",
      from: { path: "(^|/)packages/server/" },
      to: { path: "(^|/)packages/client/" },
    },
    {
      name: "tests-use-public-names",
      comment: "What crosses packages is tested through what a user can import.",
      severity: "error",
      from: { path: "^(test|bench|demo)/" },
      to: { path: "(^|/)packages/[^/]+/src/" },
    },
    {
      name: "only-adapters-know-node-http",
      severity: "error",
      from: { path: `${server}/`, pathNot: [`${server}/(adapters|cli)/`, "\\.test\\.ts$"] },
      to: { path: "^(node:)?(http|https|net|tls)$" },
    },
    {
      name: "migration-stands-alone",
      comment: "Readers of other systems' data know errors, time and the protocol, not how Syncline keeps it.",
      severity: "error",
      from: { path: `${server}/migration/`, pathNot: "\\.test\\.ts$" },
      to: { path: `${server}/`, pathNot: `${server}/(migration/|error\\.ts|timers\\.ts)` },
    },
    {
      name: "only-cli-knows-migration",
      severity: "error",
      from: { path: `${server}/`, pathNot: `${server}/(cli|migration)/` },
      to: { path: `${server}/migration/` },
    },
    ...layerRules,
    ...ownerRules,
  ],
  options: {
    doNotFollow: { path: ["node_modules", "(^|/)dist/"] },
    exclude: { path: ["demo-page", "(^|/)bench/out/", "(^|/)bench/hocuspocus/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default", "types"] },
  },
};
