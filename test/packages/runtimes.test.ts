/** The packages as they are published, in Node: both module systems, workers, no globals of a browser, one Yjs. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { installPackages, type InstalledPackages } from "./installed-packages.js";

let installed: InstalledPackages;
beforeAll(async () => {
  installed = await installPackages();
});
afterAll(() => installed.remove());

/** Makes a provider that stays at home, edits, and leaves nothing behind that would keep the process alive. */
const useProvider = `
  const doc = new Y.Doc();
  const provider = new SynclineProvider("ws://127.0.0.1:9", "minutes", doc, { connect: false });
  doc.getText("text").insert(0, "hello");
  if (!(provider.doc instanceof Y.Doc) || !(provider.awareness instanceof Awareness)) throw new Error("two copies");
  if (provider.pending.count !== 1) throw new Error("the edit was not seen");
  provider.destroy();
`;
const importAll = `
  import * as Y from "yjs";
  import { Awareness } from "y-protocols/awareness";
  import { SynclineProvider } from "@syncline/client";
`;
const requireAll = `
  const Y = require("yjs");
  const { Awareness } = require("y-protocols/awareness");
  const { SynclineProvider } = require("@syncline/client");
`;

const twoCopies = /Yjs was already imported/;

test("an ES module and the client it imports share one Yjs", async () => {
  const { stderr } = await installed.runProgram("app.mjs", importAll + useProvider);
  expect(stderr).toBe("");
});

test("a CommonJS module and the client it requires share one Yjs", async () => {
  const countCopies = `
    const copies = Object.keys(require.cache).filter((path) => /[\\\\/]yjs[\\\\/]dist[\\\\/]/.test(path));
    if (copies.length !== 1) throw new Error("loaded: " + copies);
  `;
  const { stderr } = await installed.runProgram("app.cjs", requireAll + useProvider + countCopies);
  expect(stderr).toBe("");
});

test("Yjs itself tells when it is there twice, which the tests above would see", async () => {
  const both = `import { createRequire } from "node:module"; import "yjs"; createRequire(import.meta.url)("@syncline/client");`;
  const { stderr } = await installed.runProgram("both.mjs", both);
  expect(stderr).toMatch(twoCopies);
});

test("a worker thread of either kind can use the client", async () => {
  const source = `
    import { Worker } from "node:worker_threads";
    import { once } from "node:events";
    const sources = ${JSON.stringify({ "worker.mjs": importAll + useProvider, "worker.cjs": requireAll + useProvider })};
    import { writeFile } from "node:fs/promises";
    for (const [name, source] of Object.entries(sources)) {
      await writeFile(new URL(name, import.meta.url), source);
      const [exitCode] = await once(new Worker(new URL(name, import.meta.url)), "exit");
      if (exitCode !== 0) throw new Error(name + " failed");
    }
  `;
  const { stderr } = await installed.runProgram("workers.mjs", source);
  expect(stderr).toBe("");
});

/** Renders a document whose provider nobody ever mounts: the process ends by itself, soon. */
const renderPage = `
  const component = () => {
    const provider = react.useProvider();
    return [provider instanceof SynclineProvider, provider.doc instanceof Y.Doc, provider.shouldConnect].join();
  };
  const document = createElement(react.SynclineProvider, { url: "ws://127.0.0.1:9", name: "a" }, createElement(component));
  console.log(renderToString(document));
`;

test.each([
  [
    "an ES module",
    "page.mjs",
    `
      import * as Y from "yjs";
      import { createElement } from "react";
      import { renderToString } from "react-dom/server";
      import { SynclineProvider } from "@syncline/client";
      import * as react from "@syncline/client/react";
    `,
  ],
  [
    "a CommonJS module",
    "page.cjs",
    `
      const Y = require("yjs");
      const { createElement } = require("react");
      const { renderToString } = require("react-dom/server");
      const { SynclineProvider } = require("@syncline/client");
      const react = require("@syncline/client/react");
    `,
  ],
])("%s renders a page with React, with the same classes, and ends by itself", async (_, name, imports) => {
  const { stdout, stderr } = await installed.runProgram(name, imports + renderPage);
  expect([stdout, stderr]).toEqual(["true,true,false\n", ""]);
});

/** What a server that renders pages does not have, or should not use unasked. */
const browserGlobals = [
  ...["window", "document", "navigator", "location", "localStorage", "sessionStorage", "indexedDB", "caches"],
  ...["WebSocket", "EventSource", "XMLHttpRequest", "fetch", "BroadcastChannel", "Worker", "SharedWorker"],
  ...["addEventListener", "requestAnimationFrame"],
];

/** Loads what is not ours first: lib0 asks for a `window` by itself. */
const forbidGlobals = `
  for (const name of ${JSON.stringify(browserGlobals)}) {
    const get = () => { throw new Error("touched " + name); };
    Object.defineProperty(globalThis, name, { get, configurable: true });
  }
`;
const foreign = [
  "yjs",
  "y-protocols/awareness",
  "y-protocols/sync",
  "lib0/encoding",
  "lib0/decoding",
  "lib0/observable",
];

test("importing any entry point touches nothing of a browser", async () => {
  const importForeign = foreign.map((name) => `await import("${name}");`).join("");
  const importOurs = installed.entryPoints.map((name) => `await import("${name}");`).join("");
  await expect(installed.runProgram("ssr.mjs", importForeign + forbidGlobals + importOurs)).resolves.toBeTruthy();
});

test("requiring any entry point touches nothing of a browser", async () => {
  const requireForeign = foreign.map((name) => `require("${name}");`).join("");
  const requireOurs = installed.entryPoints.map((name) => `require("${name}");`).join("");
  await expect(installed.runProgram("ssr.cjs", requireForeign + forbidGlobals + requireOurs)).resolves.toBeTruthy();
});

test("a global that is touched by an import would be noticed", async () => {
  const touching = `${forbidGlobals} await import("data:text/javascript,typeof window");`;
  await expect(installed.runProgram("touching.mjs", touching)).rejects.toThrow("touched window");
});
