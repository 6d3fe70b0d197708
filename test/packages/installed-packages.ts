/**
 * A project in which the packages are installed as from the registry: packed, unpacked, beside the application's own Yjs.
 * Only what the packed package.json names can be found from there.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(import.meta.url);

/** The part of a package.json that is looked at. */
interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface InstalledPackages {
  readonly directory: string;
  /** What an application may import, by package: `@syncline/client`, `@syncline/client/offline` … */
  readonly entryPoints: readonly string[];
  /** Runs a program in the project; rejects when it fails, or does not end by itself. */
  runProgram(name: string, source: string): Promise<{ readonly stdout: string; readonly stderr: string }>;
  remove(): Promise<void>;
}

export async function installPackages(): Promise<InstalledPackages> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "syncline-installed-")));
  const entryPoints: string[] = [];
  // What renders, and the types that React does not bring along.
  for (const name of ["react-dom", "@types/react"]) await link(name, directory);
  for (const name of ["protocol", "client"]) {
    const packageDirectory = join(directory, "node_modules/@syncline", name);
    const { exports, dependencies, peerDependencies } = await unpack(name, packageDirectory);
    for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) await link(needed, directory);
    entryPoints.push(...Object.keys(exports).map((path) => `@syncline/${name}${path.slice(1)}`));
  }
  return {
    directory,
    entryPoints,
    async runProgram(name, source) {
      await writeFile(join(directory, name), source);
      return run(process.execPath, [name], { cwd: directory, timeout: 30_000, env: {} });
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

async function unpack(name: string, to: string): Promise<Manifest> {
  await mkdir(to, { recursive: true });
  const pack = ["pack", "--json", "--loglevel", "error", "--pack-destination", to, "-w", `packages/${name}`];
  const { stdout } = await run("npm", pack, { cwd: root });
  const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
  await run("tar", ["-xzf", filename, "--strip-components", "1"], { cwd: to });
  return JSON.parse(await readFile(join(to, "package.json"), "utf8")) as Manifest;
}

/** The workspace's copy of a package, as the application's. */
async function link(name: string, directory: string): Promise<void> {
  const to = join(directory, "node_modules", name);
  await mkdir(dirname(to), { recursive: true });
  const [modules = "", rest] = require.resolve(`${name}/package.json`).split(/(?<=node_modules)\//);
  if (rest === undefined) throw new Error(`${name} is not in a node_modules`);
  await symlink(join(modules, name), to, "dir").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
