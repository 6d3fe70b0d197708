/** Documents asked for over the network: of a stock server, of our own, and of servers that misbehave. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { MemoryStorage, startServer, type Timers } from "@syncline/server";
import { setPersistence, setupWSConnection } from "@y/websocket-server/utils";
import { expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import * as Y from "yjs";
import { encodeYWebsocketMessage } from "@syncline/protocol";
import { createWebSocketSource, type WebSocketSourceOptions } from "../../packages/server/dist/migration/websocket.js";
import { stockClient, synced, synclineClient } from "../support/clients.js";
import { docOf, documentsOf, textsByName } from "./source-contents.js";

/** A WebSocket server of whatever manners; resolves with its URL. */
async function serve(connected: (socket: WebSocket, path: string) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket, request) => connected(socket, request.url ?? ""));
  onTestFinished(
    () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        server.close(() => resolve());
      }),
  );
  await once(server, "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function serveStock(): Promise<string> {
  return serve((socket, path) => setupWSConnection(socket, { url: path } as IncomingMessage));
}

function source(url: string, names: readonly string[], options: WebSocketSourceOptions = {}) {
  const made = createWebSocketSource(url, names, { lingerMs: 20, ...options });
  onTestFinished(() => made.close());
  return made;
}

/** Has a stock client put `text` into each document. */
async function fill(url: string, texts: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, text] of texts) {
    const client = stockClient(url, name);
    await synced(client);
    client.text.insert(0, text);
    // Another client sees it: the server has it.
    const other = stockClient(url, name);
    await synced(other);
    while (other.text.toString() !== text) await once(other.doc as never, "update");
    client.destroy();
    other.destroy();
  }
}

const texts = new Map([
  ["notes", "The first"],
  ["team/notes:2, v1@home", "With a slash"],
  ["zürich \u{1f600} plan", "Percent-encoded on the way"],
  ["__proto__", "placeholder"],
]);

test("a stock server: every document comes under the name its clients use", async () => {
  const url = await serveStock();
  await fill(url, texts);
  const documents = source(url, [...texts.keys()]);
  expect(documents.documentCount).toBe(4);
  expect(textsByName(await documentsOf(documents))).toEqual(texts);
});

test("our server: every document comes, also one that is sent in several messages", async () => {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  const all = new Map([...texts, ["large", "large ".repeat(500_000)], ["50% done?", "Not a valid path"]]);
  const pieceLength = 1_000_000;
  for (const [name, text] of all) {
    const client = synclineClient(server.url, name);
    await synced(client);
    // In pieces, the later before the earlier, so that they stay pieces.
    for (let end = text.length; end > 0; end -= pieceLength) {
      client.text.insert(0, text.slice(Math.max(0, end - pieceLength), end));
      await client.provider.whenDurable();
    }
    client.destroy();
  }
  // A stock client, too, would have to write a percent sign in a URL like this.
  const names = [...all.keys()].map((name) => name.replace("%", "%25"));
  const documents = await documentsOf(source(server.url, names));
  expect(textsByName(documents)).toEqual(all);
  expect(documents.find(({ name }) => name === "large")?.updates.length).toBeGreaterThan(1);
});

test("a document that the server does not have comes without updates", async () => {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  for (const url of [await serveStock(), server.url]) {
    expect(await documentsOf(source(url, ["never written"]))).toEqual([{ name: "never written", updates: [] }]);
  }
});

test("what a stock server reads from its disk after it has answered is not missed", async () => {
  const stored = new Y.Doc();
  stored.getText("text").insert(0, "on disk");
  let load: () => void = () => undefined;
  setPersistence({
    provider: undefined,
    bindState: (_, doc) => {
      load = () => Y.applyUpdate(doc, Y.encodeStateAsUpdate(stored));
    },
    writeState: async () => undefined,
  });
  onTestFinished(() => setPersistence(null));
  const timers = new HeldTimers();
  const next = documentsOf(source(await serveStock(), ["on disk"], { timers, lingerMs: 100 }));
  // The server has answered with nothing, so it is given more time; when content comes, the usual time begins.
  await timers.untilHeld(500);
  load();
  await timers.untilHeld(100);
  timers.fire(100);
  const [document] = await next;
  expect(
    docOf(document?.updates ?? [])
      .getText("text")
      .toString(),
  ).toBe("on disk");
});

test("path and query of the URL are kept", async () => {
  const paths: string[] = [];
  const url = await serve((socket, path) => {
    paths.push(path);
    socket.close(4000);
  });
  for (const [suffix, name] of [
    ["/?token=a%20b", "x"],
    ["/sync?token=t#part", "y z"],
    ["/sync/", "a?b#c/d"],
  ] as const) {
    await documentsOf(source(url + suffix, [name])).catch(() => undefined);
  }
  expect(paths).toEqual(["/x?token=a%20b", "/sync/y%20z?token=t", "/sync/a%3Fb%23c/d"]);
});

/** Timers that go off when the test says so. */
class HeldTimers implements Timers {
  readonly #held = new Map<number, () => void>();
  #look: () => void = () => undefined;
  now(): number {
    return 0;
  }
  soon(callback: () => void): void {
    setImmediate(callback);
  }
  after(delayMs: number, callback: () => void): () => void {
    this.#held.set(delayMs, callback);
    this.#look();
    return () => {
      if (this.#held.get(delayMs) === callback) this.#held.delete(delayMs);
    };
  }
  fire(delayMs: number): void {
    const callback = this.#held.get(delayMs);
    this.#held.delete(delayMs);
    callback?.();
  }
  async untilHeld(delayMs: number): Promise<void> {
    while (!this.#held.has(delayMs)) await new Promise<void>((resolve) => (this.#look = resolve));
  }
  get heldCount(): number {
    return this.#held.size;
  }
}

test("a server that does not answer is left after the time limit", async () => {
  const closed: Promise<unknown>[] = [];
  const url = await serve((socket) => closed.push(once(socket, "close")));
  const timers = new HeldTimers();
  const reading = documentsOf(source(url, ["silent"], { timers }));
  await timers.untilHeld(30_000);
  timers.fire(30_000);
  await expect(reading).rejects.toMatchObject({
    code: "invalid-option",
    message: `${url}/silent did not send the document within 30 s; is it a server for y-websocket clients?`,
  });
  await Promise.all(closed);
  expect(timers.heldCount).toBe(0);
});

test("closing the source ends what is under way and leaves no socket", async () => {
  const sockets: WebSocket[] = [];
  let connected: () => void = () => undefined;
  const isConnected = new Promise<void>((resolve) => (connected = resolve));
  const url = await serve((socket) => {
    sockets.push(socket);
    connected();
  });
  const timers = new HeldTimers();
  const asked = source(url, ["a", "b"], { timers });
  const documents = asked.documents()[Symbol.asyncIterator]();
  const next = documents.next();
  const outcome = expect(next).rejects.toMatchObject({ code: "closed" });
  await isConnected;
  const gone = once(sockets[0] as WebSocket, "close");
  await asked.close();
  await Promise.all([outcome, gone]);
  expect((await documents.next()).done).toBe(true);
  await expect(documentsOf(asked)).rejects.toMatchObject({ code: "closed" });
  expect(timers.heldCount).toBe(0);
  expect(sockets.length).toBe(1);
});

test("a consumer that stops in the middle asks for no more, and no socket is open meanwhile", async () => {
  let openCount = 0;
  const paths: string[] = [];
  const url = await serve((socket, path) => {
    paths.push(path);
    openCount += 1;
    socket.on("close", () => (openCount -= 1));
    setupWSConnection(socket, { url: path } as IncomingMessage);
  });
  await fill(url, new Map([["first", "content"]]));
  paths.length = 0;
  for await (const document of source(url, ["first", "second"]).documents()) {
    expect(document.name).toBe("first");
    break;
  }
  expect(paths).toEqual(["/first"]);
});

const answers: [string, (socket: WebSocket) => void, string][] = [
  [
    "hangs up with a code and a reason",
    (socket) => socket.close(4401, "no token"),
    'closed before the document had come (4401, "no token")',
  ],
  ["hangs up without a word", (socket) => socket.terminate(), "closed before the document had come (1006)"],
  [
    "denies permission",
    (socket) => socket.send(encodeYWebsocketMessage({ type: "permission-denied", reason: "not yours" })),
    "refused: not yours",
  ],
  ["sends text", (socket) => socket.send("hello"), "does not speak y-websocket: it sent text"],
  ["sends something else", (socket) => socket.send(Uint8Array.of(0, 9, 0)), "does not speak y-websocket: "],
  [
    "sends a message above the limit",
    (socket) => socket.send(new Uint8Array(2000)),
    "sent more than 1000 bytes, the limit for one document",
  ],
  [
    "sends many messages that are together above the limit",
    (socket) => {
      const message = encodeYWebsocketMessage({ type: "update", update: new Uint8Array(300) });
      for (let count = 0; count < 5; count += 1) socket.send(message);
    },
    "sent more than 1000 bytes, the limit for one document",
  ],
];

test.each(answers)("a server that %s: the error says so", async (_, answer, message) => {
  const url = await serve(answer);
  await expect(documentsOf(source(`${url}?token=secret`, ["a"], { maxDocumentBytes: 1000 }))).rejects.toSatisfy(
    (error: { code: string; message: string }) => {
      expect(error.code).toBe("invalid-option");
      expect(error.message).toContain(`${url}/a `);
      expect(error.message).toContain(message);
      expect(error.message).not.toContain("secret");
      return true;
    },
  );
});

test("a message above the limit is refused before it is read", async () => {
  let closed: Promise<unknown[]> = Promise.resolve([]);
  const url = await serve((socket) => {
    closed = once(socket, "close");
    socket.send(new Uint8Array(2000));
  });
  await expect(documentsOf(source(url, ["a"], { maxDocumentBytes: 1000 }))).rejects.toThrow("1000 bytes");
  expect((await closed)[0]).toBe(1009);
});

test("a server that is not there, or answers with plain HTTP: the error says so", async () => {
  const http = createServer((_, response) => response.writeHead(403).end());
  http.on("upgrade", (_, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  await expect(documentsOf(source(url, ["a"]))).rejects.toMatchObject({
    code: "invalid-option",
    message: `cannot get ${url}/a: Unexpected server response: 403; is the server running?`,
  });
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
  await expect(documentsOf(source(url, ["a"]))).rejects.toMatchObject({
    code: "invalid-option",
    message: expect.stringContaining("ECONNREFUSED") as string,
  });
});

test("a URL or a name that cannot be used is refused before anything is asked", () => {
  for (const [url, name] of [
    ["not a url", "a"],
    ["http://127.0.0.1", "a"],
    ["ws://127.0.0.1", ""],
    ["ws://127.0.0.1/sync", ".."],
  ] as const) {
    expect(() => createWebSocketSource(url, [name])).toThrow(
      expect.objectContaining({ code: "invalid-option" }) as Error,
    );
  }
});
