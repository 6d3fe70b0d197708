/** TLS without a proxy: what is spoken, and certificates that are renewed while the server runs. */
import { once } from "node:events";
import { copyFile, rename, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect, type ConnectionOptions } from "node:tls";
import { fileURLToPath } from "node:url";
import { MemoryStorage, startServer, type Logger, type ServerOptions } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { patiently } from "../support/patience.js";
import { tempDirectory } from "../support/temp-directory.js";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const filesOf = (name: string) => ({ cert: fixture(`${name}.cert.pem`), key: fixture(`${name}.key.pem`) });

async function serve(options: ServerOptions = {}) {
  const server = await startServer({ port: 0, data: new MemoryStorage(), tls: filesOf("first"), ...options });
  onTestFinished(() => server.close());
  return server;
}

/** Whose certificate is shown on `port`. */
async function shownOn(port: number, options: ConnectionOptions = {}): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { rejectUnauthorized: false });
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

test("sockets, pages and what a load balancer asks are served over TLS, and nothing without", async () => {
  const server = await serve();
  expect(server.url).toBe(`wss://127.0.0.1:${server.port}`);
  const socket = await openSocket(`${server.url}/notes`);
  const [first] = (await once(socket, "message")) as [Buffer];
  expect(first[0]).toBe(0);
  await expect(fetch(`http://127.0.0.1:${server.port}/health`)).rejects.toThrow();
});

test("TLS 1.2 and 1.3 are spoken, and nothing before", async () => {
  const { port } = await serve();
  const old = "DEFAULT@SECLEVEL=0";
  expect(await shownOn(port, { maxVersion: "TLSv1.2" })).toBe("first.syncline.test");
  expect(await shownOn(port, { minVersion: "TLSv1.3" })).toBe("first.syncline.test");
  await expect(shownOn(port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: old })).rejects.toThrow();
});

test("a renewed certificate is shown to who comes then; one that cannot be used changes nothing, and is logged", async () => {
  const directory = await tempDirectory();
  const tls = { cert: join(directory, "cert.pem"), key: join(directory, "key.pem") };
  const renew = async (name: string) => {
    for (const part of ["cert", "key"] as const) {
      await copyFile(filesOf(name)[part], `${tls[part]}.new`);
      await rename(`${tls[part]}.new`, tls[part]);
    }
  };
  await renew("first");
  const errors: string[] = [];
  const note = () => undefined;
  const logger: Logger = { debug: note, info: note, warn: note, error: (_, message) => void errors.push(message) };
  // It looks every 10 s.
  const timers = {
    now: () => performance.now(),
    soon: (run: () => void) => void setImmediate(run),
    after: (ms: number, run: () => void) => {
      const timer = setTimeout(run, ms === 10_000 ? 50 : ms);
      return () => clearTimeout(timer);
    },
  };
  const { port, url } = await serve({ tls, logger, timers });
  const before = await openSocket(`${url}/notes`);

  await renew("second");
  await expect.poll(() => shownOn(port), patiently).toBe("second.syncline.test");
  expect(before.readyState).toBe(before.OPEN);

  // Between the two of a pair that is renewed they may not fit, which is an error of its own.
  errors.length = 0;
  await writeFile(tls.cert, "not a certificate\n");
  await expect.poll(() => errors, patiently).toEqual(["the changed certificate cannot be used; the one before stays"]);
  expect(await shownOn(port)).toBe("second.syncline.test");

  await renew("first");
  await expect.poll(() => shownOn(port), patiently).toBe("first.syncline.test");
});

test.each([
  ["a file that is not there", { ...filesOf("first"), key: "/nowhere/key.pem" }],
  ["a key of another certificate", { ...filesOf("first"), key: filesOf("second").key }],
  ["a certificate that is none", { ...filesOf("first"), cert: fixture("README.md") }],
])("with %s the server does not start, and says where to look", async (_, tls) => {
  await expect(startServer({ port: 0, data: new MemoryStorage(), tls })).rejects.toMatchObject({
    code: "invalid-option",
    message: expect.stringMatching(/certificate cannot be used.*--tls-cert and --tls-key/) as string,
  });
});

test("a handshake that does not go on is cut off within 12 s", async () => {
  const { port } = await serve();
  const silent = connectTcp(port, "127.0.0.1");
  const begun = connectTcp(port, "127.0.0.1");
  onTestFinished(() => [silent, begun].forEach((socket) => socket.destroy()));
  // The head of a record that does not come.
  begun.write(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00));
  const late = new Promise((resolve) => setTimeout(() => resolve("still there"), 15_000));
  const gone = Promise.all(
    [silent, begun].map(async (socket) => {
      socket.on("error", () => undefined).resume();
      await once(socket, "close");
    }),
  );
  expect(await Promise.race([gone.then(() => "gone"), late])).toBe("gone");
});
