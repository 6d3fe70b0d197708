/** The control endpoint: who may use it, what is there of it and when it goes. */
import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import * as Y from "yjs";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { outputOf, syncline } from "./cli-outcome.js";

interface ControlFile {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
}

async function controlFile(data: string): Promise<ControlFile> {
  return JSON.parse(await readFile(join(data, "control.json"), "utf8")) as ControlFile;
}

async function served(args: readonly string[] = []) {
  const data = await tempDirectory();
  return { data, server: await startServerProcess(data, args) };
}

test("a token is needed, and no page in a browser can use it", async () => {
  const { data } = await served();
  const { url, token } = await controlFile(data);
  const ask = async (headers: Record<string, string>) => (await fetch(`${url}/list`, { headers })).status;
  const authorization = `Bearer ${token}`;
  expect(await ask({})).toBe(401);
  expect(await ask({ authorization: "Bearer " })).toBe(401);
  expect(await ask({ authorization: `Bearer ${token.slice(1)}` })).toBe(401);
  expect(await ask({ authorization, origin: "http://127.0.0.1:1234" })).toBe(403);
  expect(await ask({ authorization })).toBe(200);
  expect(Buffer.from(token, "base64url").length).toBe(32);
});

test("only its owner can read the token; it is of this run, and gone with the server", async () => {
  const { data, server } = await served();
  const first = await controlFile(data);
  expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect((await stat(join(data, "control.json"))).mode & 0o777).toBe(0o600);
  await server.stop("SIGTERM");
  await expect(controlFile(data)).rejects.toThrow("ENOENT");
  await startServerProcess(data);
  expect((await controlFile(data)).token).not.toBe(first.token);
});

test.each([
  ["GET", "/nothing", 404, "refused"],
  ["GET", "//", 404, "refused"],
  ["GET", "/constructor", 404, "refused"],
  ["GET", "/delete?name=a", 404, "refused"],
  ["GET", "/inspect?name=a", 404, "document-not-found"],
  ["GET", "/inspect", 400, "invalid-option"],
  ["POST", "/recreate?name=a%00b", 400, "invalid-option"],
  ["POST", "/import?name=a", 400, "invalid-option"],
  ["POST", "/backup", 400, "invalid-option"],
])("%s %s is answered with %i", async (method, path, status, code) => {
  const { data } = await served();
  const { url, token } = await controlFile(data);
  const body = path.startsWith("/import")
    ? Uint8Array.of(200)
    : path === "/backup"
      ? '{"directory":"relative"}'
      : undefined;
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body && { body }),
  });
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual({ code, message: expect.any(String) });
});

test("what is larger than an import may be is refused by its length, before it is sent", async () => {
  const { data } = await served();
  const { url, token } = await controlFile(data);
  // 2^31 as a varint.
  const body = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x08);
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/import?name=a`, { method: "POST", headers, body });
  expect(await response.json()).toEqual({ code: "invalid-option", message: expect.stringContaining("larger than") });
});

test("a large document goes through in pieces of any size", async () => {
  const { data } = await served();
  const doc = new Y.Doc();
  for (let i = 0; i < 300; i++) doc.getArray("numbers").push([new Uint8Array(10_000 + i)]);
  const input = Y.encodeStateAsUpdate(doc);
  await outputOf(["import", "large", "-", "--data", data], { input });
  expect((await syncline(["export", "large", "--data", data])).bytes).toEqual(Buffer.from(input));
});

test("without an endpoint the directory is in use, and the server works all the same", async () => {
  const { data, server } = await served(["--no-control"]);
  await expect(controlFile(data)).rejects.toThrow("ENOENT");
  const { exitCode, errors } = await syncline(["list", "--data", data]);
  expect(exitCode).toBe(1);
  expect(errors).toContain(`${data} is in use by another process that has no control endpoint`);
  expect((await fetch(`http://127.0.0.1:${server.port}/ready`)).status).toBe(200);
});

test("a file that a killed server left is not believed, whoever listens there now", async () => {
  const { data, server } = await served();
  const left = await controlFile(data);
  await server.stop("SIGKILL");
  // Nobody has it open: the file does not matter.
  expect(await outputOf(["list", "--data", data])).toBe("");
  await startServerProcess(data, ["--no-control"]);
  const asked: (string | undefined)[] = [];
  const answers = ['"something else"', '{"syncline":"anything"}'];
  const urls = [left.url];
  for (const answer of answers) {
    const other = createServer(({ headers }, response) => {
      asked.push(headers.host);
      response.end(answer);
    });
    other.listen(0, "localhost");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    urls.push(`http://${answer.startsWith("{") ? "localhost" : "127.0.0.1"}:${port}`);
  }
  for (const url of urls) {
    await writeFile(join(data, "control.json"), JSON.stringify({ ...left, url }));
    const { exitCode, errors } = await syncline(["list", "--data", data]);
    expect([exitCode, errors]).toEqual([1, expect.stringContaining("no control endpoint")]);
  }
  // The token goes to no other address than that of a server's endpoint.
  expect(asked.filter((host) => host?.startsWith("localhost"))).toEqual([]);
});

test("a server that cannot have an endpoint says so in its log, and serves", async () => {
  const data = await tempDirectory();
  await outputOf(["import", "a", "-", "--data", data], { input: Uint8Array.of(0, 0) });
  // Nothing can take the place of a directory.
  await mkdir(join(data, "control.json", "x"), { recursive: true });
  const server = await startServerProcess(data);
  expect(server.output()).toContain("no control endpoint");
  expect((await fetch(`http://127.0.0.1:${server.port}/ready`)).status).toBe(200);
});

test("a server answers Prometheus, and says that it is ready", async () => {
  const { server } = await served();
  const http = `http://127.0.0.1:${server.port}`;
  const response = await fetch(`${http}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const values = [...(await response.text()).matchAll(/^(\w+) (\d+)$/gm)].map(([, name, value]) => [name, value]);
  expect(Object.fromEntries(values)).toEqual({
    syncline_connections: "0",
    syncline_http_sessions: "0",
    syncline_rooms: "0",
    syncline_rooms_degraded: "0",
    syncline_rooms_read_only: "0",
    syncline_backlog_bytes: "0",
    syncline_store_healthy: "1",
  });
  expect(await (await fetch(`${http}/ready`)).text()).toBe("ready\n");
});
