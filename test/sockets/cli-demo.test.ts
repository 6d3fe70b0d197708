/** `syncline demo`: the server that its page can kill, in real processes: what dies, what comes back, who may ask for it. */
import { request } from "node:http";
import { SynclineProvider } from "@syncline/client";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { stockClient, synced, synclineClient, textOnServer, until, whenConnectionCloses } from "../support/clients.js";
import { startDemoProcess, type DemoProcess } from "../support/demo-process.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { syncline } from "./cli-outcome.js";

/** Asks again until it is as expected. */
const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 60_000 });

async function serverPid({ http }: DemoProcess): Promise<number> {
  const { pid } = (await (await fetch(`${http}/.syncline/demo`)).json()) as { readonly pid: number };
  return pid;
}

/** As the page sends it, unless told otherwise. */
function askForCrash(
  { port, http }: DemoProcess,
  headers: Record<string, string> = {},
  method = "POST",
): Promise<number> {
  return new Promise((resolve, reject) => {
    const all = { origin: http, "content-type": "application/json", ...headers };
    request({ host: "127.0.0.1", port, path: "/.syncline/demo/crash", method, headers: all }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end("{}");
  });
}

const count = (text: string, part: string) => text.split(part).length - 1;

test("the page's wish kills the server, which is back on its port with all that was durable", async () => {
  const demo = await startDemoProcess(await tempDirectory());
  const before = await serverPid(demo);
  const writer = synclineClient(demo.url, "crash");
  writer.text.insert(0, "on disk. ");
  await writer.provider.whenDurable();
  // From now on nobody can repair what the server has.
  writer.provider.disconnect();

  expect(await askForCrash(demo)).toBe(202);
  await eventually(() => demo.output()).toContain("killed with SIGKILL, as the page asked, and is back after");
  expect(await serverPid(demo)).not.toBe(before);
  expect(await textOnServer(demo.url, "crash")).toBe("on disk. ");

  writer.text.insert(0, "Typed while it was down; ");
  writer.provider.connect();
  await writer.provider.whenDurable();
  expect(await textOnServer(demo.url, "crash")).toBe("Typed while it was down; on disk. ");
  expect(count(demo.output(), "open the demo")).toBe(1);
});

test("whoever kills the server with -9, it is started again, and clients come back by themselves", async () => {
  const demo = await startDemoProcess(await tempDirectory());
  const client = stockClient(demo.url, "kill");
  await synced(client);
  for (const round of [1, 2]) {
    process.kill(await serverPid(demo), "SIGKILL");
    await eventually(() => count(demo.output(), "ended by SIGKILL, and is back after")).toBe(round);
  }
  const other = stockClient(demo.url, "kill");
  other.text.insert(0, "after");
  await until(client.doc, () => client.text.toString() === "after");
});

test("what another page sends kills nothing", async () => {
  const demo = await startDemoProcess(await tempDirectory());
  const before = await serverPid(demo);
  const others: [string, Record<string, string>][] = [
    ["a page of another site", { origin: "http://evil.example" }],
    ["a page of another port", { origin: `http://127.0.0.1:${demo.port + 1}` }],
    ["a sandboxed frame", { origin: "null" }],
    ["a form", { "content-type": "text/plain" }],
    ["a name that was made to point here", { origin: "http://evil.example", host: "evil.example" }],
  ];
  for (const [who, headers] of others) expect([who, await askForCrash(demo, headers)]).toEqual([who, 403]);
  expect(await askForCrash(demo, {}, "GET")).toBe(405);
  expect((await fetch(`${demo.http}/.syncline/demo`, { method: "DELETE" })).status).toBe(405);
  // Not from a script that is no page's, either: that can kill it itself.
  const { status } = await fetch(`${demo.http}/.syncline/demo/crash`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
  });
  expect(status).toBe(403);
  expect(await serverPid(demo)).toBe(before);

  const named = { origin: `http://localhost:${demo.port}`, host: `localhost:${demo.port}` };
  expect(await askForCrash(demo, named)).toBe(202);
});

test("a server without a supervisor has no such button, one without the demo not even the question", async () => {
  const alone = await startServerProcess(await tempDirectory(), ["--demo"]);
  const question = await fetch(`http://127.0.0.1:${alone.port}/.syncline/demo`);
  expect([question.status, await question.json()]).toMatchObject([200, { canCrash: false }]);
  const plain = await startServerProcess(await tempDirectory());
  expect((await fetch(`http://127.0.0.1:${plain.port}/.syncline/demo`)).status).toBe(404);
  for (const { port } of [alone, plain]) {
    const headers = { Origin: `http://127.0.0.1:${port}`, "Content-Type": "application/json" };
    const answer = await fetch(`http://127.0.0.1:${port}/.syncline/demo/crash`, { method: "POST", headers });
    expect(answer.status).toBe(405);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  }
});

test.each([
  ["SIGTERM to the supervisor", "SIGTERM", ({ supervisor }: DemoProcess) => Number(supervisor.pid)],
  ["Ctrl+C, which comes to both,", "SIGINT", ({ group }: DemoProcess) => group],
] as const)("%s ends both, once what is queued is committed", async (_, signal, whom) => {
  const data = await tempDirectory();
  const demo = await startDemoProcess(data);
  const client = synclineClient(demo.url, "stop");
  await synced(client);
  const closeCode = new Promise<number | undefined>((resolve) => whenConnectionCloses(client.provider, resolve));
  process.kill(whom(demo), signal);
  expect(await demo.closed).toEqual([0, null]);
  expect(await closeCode).toBe(4503);
  expect(count(demo.output(), "committing what is queued")).toBe(1);
  expect(demo.output()).not.toContain("again");
});

test("without its supervisor the server stops as if it had been told to", async () => {
  const data = await tempDirectory();
  const demo = await startDemoProcess(data);
  const client = synclineClient(demo.url, "orphan");
  client.text.insert(0, "kept");
  await client.provider.whenDurable();
  const closeCode = new Promise<number | undefined>((resolve) => whenConnectionCloses(client.provider, resolve));
  demo.supervisor.kill("SIGKILL");
  expect(await closeCode).toBe(4503);
  expect(await demo.closed).toEqual([null, "SIGKILL"]);
  const next = await startServerProcess(data);
  expect(await textOnServer(next.url, "orphan")).toBe("kept");
});

test.each([
  [["--port", "eighty"], /A port is a whole number from 0 to 65535/g],
  [["--prot", "1"], /unknown option '--prot'/g],
  [["--port", "0", "--host", "0.0.0.0"], /without authentication.*--insecure/g],
  [["--port", "0", "--data", "/dev/null/nowhere"], /cannot use .* for data/g],
])("syncline demo %j says once what is wrong, and gives up", async (args, message) => {
  const { exitCode, errors, output } = await syncline(["demo", "--data", await tempDirectory(), ...args]);
  expect(exitCode).toBe(1);
  expect(`${errors}${output}`.match(message)).toHaveLength(1);
  expect(errors).not.toContain("    at ");
});

test("a port that is taken is one clear line, and no second attempt", async () => {
  const taken = await startServerProcess(await tempDirectory());
  const args = ["demo", "--data", await tempDirectory(), "--port", String(taken.port)];
  const { exitCode, errors, output } = await syncline(args);
  expect([exitCode, output]).toEqual([1, ""]);
  expect(errors.trim().split("\n")).toEqual([expect.stringContaining(`port ${taken.port} of 127.0.0.1 is in use`)]);
});

test("the demo takes a reader at their word, and is no less exposed for that", async () => {
  const server = await startServerProcess(await tempDirectory(), ["--demo"]);
  const writer = synclineClient(server.url, "read-only");
  writer.text.insert(0, "to be read");
  await writer.provider.whenDurable();

  const doc = new Y.Doc();
  const options = { token: "read-only", WebSocketPolyfill: WebSocket };
  const reader = new SynclineProvider(server.url, "read-only", doc, options);
  onTestFinished(() => reader.destroy());
  await eventually(() => reader.synced).toBe(true);
  expect(doc.getText("text").toString()).toBe("to be read");
  expect(reader.access).toEqual({ level: "read", reason: "" });
  const refused = new Promise((resolve) => reader.on("rejected", resolve));
  doc.getText("text").insert(0, "not ");
  await refused;
  expect(await textOnServer(server.url, "read-only")).toBe("to be read");

  const exposed = await syncline([
    "serve",
    "--demo",
    "--data",
    await tempDirectory(),
    "--port",
    "0",
    "--host",
    "0.0.0.0",
  ]);
  expect(exposed).toMatchObject({ exitCode: 1, errors: expect.stringMatching(/without authentication.*--insecure/) });
});
