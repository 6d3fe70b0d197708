/**
 * Builds the packages that browsers load, each as ESM and CommonJS with types of its own. (The server is what tsc writes.)
 * Types are checked by `tsc -b`, not here. tsdown is called from here because its command warns about Node 20 at each run.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";

const root = fileURLToPath(new URL("..", import.meta.url));
const packages = `${root}/packages`;

const shape = {
  config: false,
  // Reads the protocol's sources: nothing has to be built before.
  tsconfig: `${root}/tsconfig.bundle.json`,
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2022",
  // `.js` and `.cjs`: the packages are `"type": "module"`.
  fixedExtension: false,
  hash: false,
  // Whoever runs from dist meanwhile keeps what is there: what is out of date goes last.
  clean: false,
  // With maps to the sources, which are published, too: an editor that is asked for a definition shows the real one.
  dts: { eager: true },
  sourcemap: true,
  // Folds what is constant, across files; names, lines and documentation stay readable.
  minify: { compress: true, mangle: false, codegen: false },
  report: false,
  logLevel: "warn",
  // A package test sees to it that the directive of React is kept.
  checks: { pluginTimings: false, moduleLevelDirective: false },
};

/** The protocol is brought along: one package to install, and no two versions to match. */
const client = {
  cwd: `${packages}/client`,
  entry: ["src/index.ts", "src/offline/index.ts", "src/fallback/index.ts", "src/react/index.ts"],
  deps: { alwaysBundle: ["@syncline/protocol"] },
};
const protocol = { cwd: `${packages}/protocol`, entry: ["src/index.ts"] };

async function bundle(package_) {
  const startedAtMs = Date.now();
  await build({ ...shape, ...package_ });
  for (const file of await readdir(`${package_.cwd}/dist`, { recursive: true, withFileTypes: true })) {
    const path = `${file.parentPath}/${file.name}`;
    if (file.isFile() && (await stat(path)).mtimeMs < startedAtMs) await rm(path);
  }
}

await Promise.all([protocol, client].map(bundle));
