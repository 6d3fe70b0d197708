/**
 * `npm run smoke:runtimes`: the published client in Bun and Deno, two providers against a real server. Both runtimes come
 * from npm, about 100 MB each, into a directory that is removed afterwards: hence a script and not a test. Build first.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));

const runtimes = {
  bun: { version: "1.4.5", command: ["bun", "smoke.mjs"] },
  deno: { version: "2.9.6", command: ["deno", "run", "--allow-all", "smoke.mjs"] },
};

/** Two writers, one document: each has what the other wrote, on the server's disk, and sees the other's presence. */
const program = `
import * as Y from "yjs";
import { SynclineProvider } from "@syncline/client";

const [url, documentName] = process.argv.slice(2);
const until = (emitter, event, isDone) => new Promise((resolve) => {
  const look = () => isDone() && (emitter.off(event, look), resolve());
  emitter.on(event, look);
  look();
});
const open = () => {
  const doc = new Y.Doc();
  return { doc, text: doc.getText("text"), provider: new SynclineProvider(url, documentName, doc) };
};
const [one, other] = [open(), open()];
one.text.insert(0, "one ");
other.text.insert(0, "other ");
one.provider.awareness.setLocalStateField("user", { name: "one" });
const both = ({ text }) => text.length === "one other ".length;
await Promise.all([one, other].map((writer) => until(writer.doc, "update", () => both(writer))));
await Promise.all([one, other].map(({ provider }) => provider.whenDurable()));
const seesUser = () => [...other.provider.awareness.getStates().values()].some(({ user }) => user?.name === "one");
await until(other.provider.awareness, "change", seesUser);
if (one.text.toString() !== other.text.toString()) throw new Error("the documents differ");
for (const { provider } of [one, other]) provider.destroy();
console.log("synced, durable, present");
`;

async function install(directory) {
  const pack = ["pack", "--json", "--loglevel", "error", "--pack-destination", directory];
  const { stdout } = await run("npm", [...pack, "-w", "packages/protocol", "-w", "packages/client"], { cwd: root });
  const tarballs = JSON.parse(stdout).map(({ filename }) => `./${filename}`);
  const wanted = Object.entries(runtimes).map(([name, { version }]) => `${name}@${version}`);
  await writeFile(join(directory, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const foreground = { cwd: directory, env: { ...process.env, npm_config_loglevel: "error" } };
  await run(
    "npm",
    ["install", "--no-audit", "--no-fund", ...tarballs, "yjs@13", "y-protocols@1", ...wanted],
    foreground,
  );
}

async function startServer(directory) {
  const server = fileURLToPath(new URL("../packages/server/bin/syncline.js", import.meta.url));
  const args = [server, "serve", "--port", "0", "--data", join(directory, "data")];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /ws:\/\/\S+:\d+/.exec(line)?.[0];
    if (url) return { url, child };
  }
  throw new Error("the server did not start");
}

async function smoke(name, directory, url) {
  const [binary, ...args] = [...runtimes[name].command, url, `written in ${name}`];
  const options = { cwd: directory, timeout: 30_000 };
  const path = join(directory, "node_modules/.bin", binary);
  const { stdout, stderr } = await run(path, args, options).catch((error) => ({
    stdout: error.stdout,
    stderr: `${error}\n${error.stderr}`,
  }));
  const isFine = stdout.includes("synced, durable, present") && !stderr.includes("already imported");
  console.log(`${name} ${runtimes[name].version}: ${isFine ? stdout.trim() : `FAILED\n${stdout}${stderr}`}`);
  if (!isFine) process.exitCode = 1;
}

const directory = await mkdtemp(join(tmpdir(), "syncline-smoke-"));
try {
  await install(directory);
  await writeFile(join(directory, "smoke.mjs"), program);
  const { url, child } = await startServer(directory);
  try {
    for (const name of Object.keys(runtimes)) await smoke(name, directory, url);
  } finally {
    const exited = once(child, "exit");
    child.kill();
    await exited;
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
