/** The command line as a person meets it: what it prints, what a mistake answers, how it stops. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import { expect, test } from "vitest";
import { stockClient, synced, synclineClient, whenConnectionCloses } from "../support/clients.js";
import { collectOutput, runCli, startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";

async function outcome(child: ChildProcess): Promise<{ exitCode: number | null; output: string }> {
  const output = collectOutput(child);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, output: output() };
}

const lineCount = (text: string) => text.trim().split("\n").length;

test("it prints where it listens, where documents are, and where to look", async () => {
  const data = await tempDirectory();
  const server = await startServerProcess(data);
  expect(server.output()).toContain(`syncline is listening on ${server.url}, documents are in ${data}`);
  expect(server.output()).toContain(`http://127.0.0.1:${server.port}/`);
  const page = await fetch(`http://127.0.0.1:${server.port}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<h1>Syncline</h1>");
  expect((await fetch(`http://127.0.0.1:${server.port}/ready`)).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${server.port}/health`)).status).toBe(200);
  expect((await fetch(`http://127.0.0.1:${server.port}/nothing`)).status).toBe(404);
});

test("port, host and data can come from the environment, ours before the platform's", async () => {
  const data = await tempDirectory();
  const env = { SYNCLINE_DATA: data, SYNCLINE_PORT: "0", PORT: "1", HOST: "127.0.0.1" };
  const child = runCli(["serve"], env);
  const output = collectOutput(child);
  await once(child.stdout as NodeJS.EventEmitter, "data");
  expect(output()).toContain(`documents are in ${data}`);
  expect(output()).not.toContain(":1,");
});

test("a port that is taken is one clear line and a non-zero exit", async () => {
  const taken = await startServerProcess(await tempDirectory());
  const { exitCode, output } = await outcome(
    runCli(["serve", "--data", await tempDirectory(), "--port", String(taken.port)]),
  );
  expect(exitCode).toBe(1);
  expect(output).toMatch(new RegExp(`port ${taken.port} of 127.0.0.1 is in use`));
  expect(lineCount(output)).toBe(1);
});

test("a data directory that another server uses is one clear line and a non-zero exit", async () => {
  const data = await tempDirectory();
  await startServerProcess(data);
  const { exitCode, output } = await outcome(runCli(["serve", "--data", data, "--port", "0"]));
  expect(exitCode).toBe(1);
  expect(output).toContain(`${data} is in use by another process`);
  expect(lineCount(output)).toBe(1);
});

test("a data directory that cannot be one is one clear line and a non-zero exit", async () => {
  const directory = await mkdtemp(join(tmpdir(), "syncline-test-"));
  const file = join(directory, "file");
  await writeFile(file, "text");
  const { exitCode, output } = await outcome(runCli(["serve", "--data", file, "--port", "0"]));
  await rm(directory, { recursive: true });
  expect(exitCode).toBe(1);
  expect(output).toMatch(/cannot use .* for data: .*; choose a directory/);
  expect(lineCount(output)).toBe(1);
});

test.each([
  [["serve", "--prot", "1"], /unknown option '--prot'/],
  [["serve", "--port", "99999"], /A port is a whole number from 0 to 65535/],
  [["serve", "--port", "eighty"], /A port is a whole number/],
  [["serve", "--relay", "never"], /Allowed choices are durable, immediate/],
  [["fly"], /there is no command "fly"/],
])("syncline %j says what is wrong", async (args, message) => {
  const { exitCode, output } = await outcome(runCli(args));
  expect(exitCode).toBe(1);
  expect(output).toMatch(message);
  expect(output).not.toContain("    at ");
});

test("an address that others can reach needs --insecure while nobody is asked who they are", async () => {
  const data = await tempDirectory();
  const { exitCode, output } = await outcome(runCli(["serve", "--host", "0.0.0.0", "--data", data, "--port", "0"]));
  expect(exitCode).toBe(1);
  expect(output).toMatch(/without authentication.*--insecure/);
  const server = await startServerProcess(data, ["--host", "0.0.0.0", "--insecure"]);
  expect(server.output()).toContain("anyone who can reach this address");
});

test.each(["SIGTERM", "SIGINT"] as const)("%s commits, closes clients with 4503 and exits 0", async (signal) => {
  const data = await tempDirectory();
  const server = await startServerProcess(data);
  const [stock, own] = [stockClient(server.url, "stop"), synclineClient(server.url, "stop")];
  await Promise.all([synced(stock), synced(own)]);
  const codes = [stock, own].map(
    ({ provider }) => new Promise<number | undefined>((resolve) => whenConnectionCloses(provider, resolve)),
  );
  for (let i = 0; i < 50; i++) own.text.insert(0, "x");
  await new Promise<void>((resolve) => void setImmediate(resolve));
  expect(await server.stop(signal)).toBe(0);
  expect(await Promise.all(codes)).toEqual([4503, 4503]);
});
