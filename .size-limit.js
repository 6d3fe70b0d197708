/** What `npm run check` lets the client weigh, minified and gzipped, without Yjs, y-protocols and lib0, which are the application's. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const dist = "packages/client/dist";

/**
 * What an application loads at once, by entry point. The aims are 8 kB and, for the offline copy, 3 kB: missed, for the reasons
 * in docs/decisions/0015-size.md. The limits keep it from growing unnoticed.
 */
const entryLimits = {
  "index.js": { import: "{ SynclineProvider }", limit: "15 kB" },
  "offline/index.js": { limit: "4 kB" },
  "fallback/index.js": { limit: "4 kB" },
  // On top of the class.
  "react/index.js": { limit: "2.4 kB", isOnTop: true },
};

/** What is loaded when it is needed, on top of that: files that others import by `import()`. */
const laterLimits = {
  "y-websocket.js": "2.8 kB",
  "fallback/index.js": "4 kB",
  "shared-socket.js": "2.3 kB",
  "revert.js": "1.1 kB",
  "split-update.js": "2.2 kB",
  "tabs.js": "2.1 kB",
};

const ignore = ["react", "yjs", "y-protocols/*", "lib0/*"];

/** Leaves out what `decide` says, given how a file is imported. */
const leavingOut = (decide) => (config) => ({
  ...config,
  format: "esm",
  target: "es2022",
  plugins: [
    {
      name: "leave-out",
      setup: ({ onResolve }) =>
        onResolve({ filter: /^\./ }, ({ kind, path }) => (decide(kind) ? { path, external: true } : undefined)),
    },
  ],
});

/** The files that others import by `import()`, relative to dist. */
function filesLoadedLater() {
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));
  const imported = files.flatMap((file) =>
    Array.from(readFileSync(join(dist, file), "utf8").matchAll(/\bimport\("(\.[^"]+)"\)/g), ([, path]) =>
      relative(dist, join(dist, dirname(file), path)),
    ),
  );
  return Array.from(new Set(imported)).sort();
}

const later = filesLoadedLater();
const unlimited = later.filter((file) => !(file in laterLimits));
if (unlimited.length > 0) throw new Error(`.size-limit.js gives no limit for ${unlimited.join(", ")}`);

export default [
  ...Object.entries(entryLimits).map(([file, { isOnTop = false, ...entry }]) => ({
    name: file,
    path: join(dist, file),
    ...entry,
    ignore,
    gzip: true,
    modifyEsbuildConfig: leavingOut((kind) => kind === "dynamic-import" || (isOnTop && kind !== "entry-point")),
  })),
  ...later.map((file) => ({
    name: file,
    path: join(dist, file),
    limit: laterLimits[file],
    ignore,
    gzip: true,
    modifyEsbuildConfig: leavingOut((kind) => kind !== "entry-point"),
  })),
];
