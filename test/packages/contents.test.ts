/** What is in the packages as they are published. */
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installPackages, type InstalledPackages } from "./installed-packages.js";

let installed: InstalledPackages;
let files: readonly string[];
beforeAll(async () => {
  installed = await installPackages();
  const ours = join(installed.directory, "node_modules/@syncline");
  const entries = await readdir(ours, { recursive: true, withFileTypes: true });
  files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
});
afterAll(() => installed.remove());

test("each file of code has its source map, and the map its sources", async () => {
  let mapped = 0;
  for (const file of files.filter((file) => /\/dist\/.*\.(js|cjs|ts|cts)$/.test(file))) {
    // What the bundler adds of its own is made of no source.
    if (!(await readFile(file, "utf8")).includes("sourceMappingURL=")) continue;
    mapped += 1;
    const map = JSON.parse(await readFile(`${file}.map`, "utf8")) as { readonly sources: readonly string[] };
    // What the client brings along of the protocol has its sources in the protocol's package.
    const own = map.sources.filter((source) => !source.includes("../protocol/"));
    for (const source of own) await expect(stat(join(dirname(file), source))).resolves.toBeTruthy();
  }
  expect(mapped).toBeGreaterThanOrEqual(8);
});

test("tests and build files are not published", () => {
  expect(files.filter((file) => /\.test\.|tsconfig|tsbuildinfo|test-support/.test(file))).toEqual([]);
});

test("what uses React's hooks says that it is for the browser, before all else, and only that", async () => {
  const client = join(installed.directory, "node_modules/@syncline/client/dist");
  const modules = files.filter((file) => file.startsWith(client) && /\.c?js$/.test(file));
  const forBrowsers = await Promise.all(
    modules.map(async (file) => ((await readFile(file, "utf8")).startsWith('"use client";') ? [file] : [])),
  );
  expect(forBrowsers.flat().sort()).toEqual(["index.cjs", "index.js"].map((name) => join(client, "react", name)));
});

test("Yjs, y-protocols and lib0 are asked of the application, and nothing else is needed", async () => {
  for (const name of ["client", "protocol"]) {
    const path = join(installed.directory, "node_modules/@syncline", name, "package.json");
    const manifest = JSON.parse(await readFile(path, "utf8")) as Record<string, Record<string, string> | undefined>;
    expect(manifest["dependencies"]).toBeUndefined();
    const foreign = Object.keys(manifest["peerDependencies"] ?? {});
    expect(["lib0", "react", "y-protocols", "yjs"]).toEqual(expect.arrayContaining(foreign));
  }
});
