/** examples/node: a script that edits a document, run as a person would, against the real server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MemoryStorage, NotAuthorized, startServer, type Authorization } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { synced, synclineClient, textOnServer } from "../support/clients.js";
import { LogLines } from "../support/faulty-server.js";
import { collectOutput, startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";

const script = fileURLToPath(new URL("../../examples/node/edit-document.mjs", import.meta.url));

interface Run {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Resolves when the process has ended by itself. */
async function editDocument(...args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void (child.exitCode === null && child.kill("SIGKILL")));
  const output = collectOutput(child);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, output: output() };
}

async function startPrivateServer(): Promise<string> {
  const { url } = await startServerProcess(await tempDirectory());
  return url;
}

test("appends to a document, says when that is on disk, and ends", async () => {
  const url = await startPrivateServer();
  const first = await editDocument(url, "minutes", "first line");
  const second = await editDocument(url, "minutes", "second");
  expect([first.exitCode, second.exitCode]).toEqual([0, 0]);
  expect(first.output).toBe('On the server\'s disk: "first line" in minutes, which has 11 characters now.\n');
  expect(second.output).toContain("has 18 characters now");
  expect(await textOnServer(url, "minutes")).toBe("first line\nsecond\n");
  const reader = synclineClient(url, "minutes");
  await synced(reader);
  expect(reader.doc.getMap("about").get("edited")).toMatch(/^\d{4}-\d\d-\d\dT/);
});

test("what it said is on disk survives a server that is killed the moment it was said", async () => {
  const data = await tempDirectory();
  const server = await startServerProcess(data);
  const { exitCode } = await editDocument(server.url, "minutes", "kept");
  await server.stop("SIGKILL");
  expect(exitCode).toBe(0);
  const { url } = await startServerProcess(data);
  expect(await textOnServer(url, "minutes")).toBe("kept\n");
});

test("without its arguments it says how it is used", async () => {
  const { exitCode, output } = await editDocument("ws://127.0.0.1:9", "minutes");
  expect([exitCode, output]).toEqual([1, expect.stringMatching(/^usage: node edit-document\.mjs ws:.*\n$/)]);
});

test("an address that is none is named in a sentence", async () => {
  const { exitCode, output } = await editDocument("sync.example.org", "minutes", "text");
  expect([exitCode, output]).toEqual([
    1,
    expect.stringMatching(/^The server's URL must look like .*sync\.example\.org"\n$/),
  ]);
});

test("a server that is not there ends it with a sentence, after a few seconds", async () => {
  const server = await startServerProcess(await tempDirectory());
  await server.stop("SIGKILL");
  const { exitCode, output } = await editDocument(server.url, "minutes", "text");
  expect([exitCode, output]).toEqual([1, expect.stringMatching(/^no answer from ws:\/\/127\.0\.0\.1:\d+: .+\n$/)]);
});

/** A server that answers everybody, or nobody. */
async function startGuardedServer(authorize: () => Authorization): Promise<string> {
  const server = await startServer({ port: 0, data: new MemoryStorage(), logger: new LogLines(), authorize });
  onTestFinished(() => server.close());
  return server.url;
}

test("who may only read is told so, and the script ends", async () => {
  const url = await startGuardedServer(() => ({ access: "read" }));
  const { exitCode, output } = await editDocument(url, "minutes", "text");
  expect([exitCode, output]).toEqual([1, "An edit was rejected: you may read this document, not write it\n"]);
});

test("who may not come in is told so, and the script ends", async () => {
  const url = await startGuardedServer(() => {
    throw new NotAuthorized("nobody knows you");
  });
  const { exitCode, output } = await editDocument(url, "minutes", "text");
  expect([exitCode, output]).toEqual([1, expect.stringMatching(/^the server closed the document: .+ \(4401\)\n$/)]);
});
