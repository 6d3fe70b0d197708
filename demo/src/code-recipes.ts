/** The recipes of examples/, as they are there: what is shown is what runs and is tested. */
import type { ViewName } from "./document.js";

export const flavours = ["vanilla", "react"] as const;
export type Flavour = (typeof flavours)[number];

export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

export interface Recipe {
  /** Below the repository's root. */
  readonly folder: string;
  readonly packageJson: string;
  /** In the order in which to read them. */
  readonly files: readonly SourceFile[];
}

const folders: Readonly<Record<ViewName, string>> = {
  code: "examples/codemirror",
  text: "examples/tiptap",
  board: "examples/board",
  todo: "examples/todo",
};

const pages: Readonly<Record<Flavour, string>> = { vanilla: "main.ts", react: "react.tsx" };

/** By path. The build reads them: the patterns have to stand here as they are. */
const sources: Readonly<Record<string, string>> = import.meta.glob(
  [
    "../../examples/{codemirror,tiptap,board,todo}/*.{ts,tsx}",
    "../../examples/{codemirror,tiptap,board,todo}/package.json",
    "!**/vite.config.ts",
  ],
  { query: "?raw", import: "default", eager: true },
);

/** @throws {Error} when a file of it is missing, which a test of this file would have noticed */
export function recipeOf(view: ViewName, flavour: Flavour): Recipe {
  const folder = folders[view];
  return { folder, packageJson: sourceOf(folder, "package.json"), files: filesFrom(folder, pages[flavour]) };
}

/** A page, and then what it imports of its own folder. */
function filesFrom(folder: string, page: string): readonly SourceFile[] {
  const names = [page];
  const files: SourceFile[] = [];
  for (const name of names) {
    const text = sourceOf(folder, name);
    files.push({ name, text });
    for (const [, imported = ""] of text.matchAll(/\bfrom "\.\/([^"]+)\.js"/g)) {
      const next = [`${imported}.ts`, `${imported}.tsx`].find((candidate) => pathOf(folder, candidate) in sources);
      if (next === undefined) throw new Error(`${folder}/${name} imports ./${imported}.js, which is not there`);
      if (!names.includes(next)) names.push(next);
    }
  }
  return files;
}

function sourceOf(folder: string, name: string): string {
  const text = sources[pathOf(folder, name)];
  if (text === undefined) throw new Error(`${folder} has no ${name}`);
  return text;
}

function pathOf(folder: string, name: string): string {
  return `../../${folder}/${name}`;
}

/** With the versions that are known to work together. */
export function installLine({ packageJson }: Pick<Recipe, "packageJson">, flavour: Flavour): string {
  const { dependencies } = JSON.parse(packageJson) as { readonly dependencies: Readonly<Record<string, string>> };
  const packages = Object.entries(dependencies).filter(([name]) => flavour === "react" || !/\breact\b/.test(name));
  return ["npm install", ...packages.map(([name, version]) => `${name}@${version}`)].join(" ");
}

/** What the address of a recipe's page ends in to join this room. */
export function roomQuery(serverUrl: string, room: string): string {
  const query = new URLSearchParams({ server: serverUrl, room }).toString();
  // Neither has to be escaped there, and so it can be read.
  return `?${query.replaceAll("%3A", ":").replaceAll("%2F", "/")}`;
}
