/** The types of the packages as they are published, as TypeScript finds them in each kind of project. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installPackages, type InstalledPackages } from "./installed-packages.js";

let installed: InstalledPackages;
beforeAll(async () => {
  installed = await installPackages();
});
afterAll(() => installed.remove());

const { ModuleKind, ModuleResolutionKind } = ts;
const nodeNext = { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext };
const bundler = { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler };

/** The kind of project, its file, its options, and with which ending types are found there. */
const projects: [string, string, ts.CompilerOptions, string][] = [
  ["an ES module of Node", "esm.mts", nodeNext, ".d.ts"],
  ["a CommonJS module of Node", "commonjs.cts", nodeNext, ".d.cts"],
  ["a project with a bundler", "bundled.ts", bundler, ".d.ts"],
];

const useProvider = `
  import * as Y from "yjs";
  import { SynclineProvider, type ProviderOptions } from "@syncline/client";
  import { SynclineProvider as Component, useProvider } from "@syncline/client/react";
  import { createElement, type ReactElement } from "react";
  const doc = new Y.Doc();
  const options: ProviderOptions = { connect: false, token: async () => "secret" };
  const provider = new SynclineProvider("wss://sync.example.org", "minutes", doc, options);
  export const own: Y.Doc = provider.doc;
  provider.on("sync", (isSynced: boolean) => void isSynced);
  export const inReact: SynclineProvider = useProvider();
  export const element: ReactElement = createElement(Component, { url: "wss://sync.example.org", name: "minutes" });
  // @ts-expect-error -- so that this file is known to be checked
  new SynclineProvider("wss://sync.example.org", "minutes", doc, { connect: "yes" });
`;

test.each(projects)("%s finds the types of every entry point", async (_, file, options, ending) => {
  const program = await programOf(file, importsOf(installed.entryPoints) + useProvider, options);
  expect(complaintsOf(program)).toEqual([]);
  const found = program.getSourceFiles().filter(({ fileName }) => fileName.includes("/@syncline/"));
  expect(found.length).toBeGreaterThanOrEqual(installed.entryPoints.length);
  expect(found.filter(({ fileName }) => !fileName.endsWith(ending))).toEqual([]);
});

function importsOf(entryPoints: readonly string[]): string {
  const imports = entryPoints.map((name, index) => `import * as entry${index} from "${name}";`);
  const uses = entryPoints.map((_, index) => `entry${index}`);
  return `${imports.join("\n")}\nexport const all: readonly object[] = [${uses.join(", ")}];\n`;
}

async function programOf(file: string, source: string, options: ts.CompilerOptions): Promise<ts.Program> {
  const path = join(installed.directory, file);
  await writeFile(path, source);
  const common = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
  };
  return ts.createProgram([path], { ...common, types: [], exactOptionalPropertyTypes: true, ...options });
}

/** What is wrong in the project's file or in our declarations; others' declarations are others' business. */
function complaintsOf(program: ts.Program): string[] {
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => !file || !/\/node_modules\/(?!@syncline\/)/.test(file.fileName))
    .map(({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
}
