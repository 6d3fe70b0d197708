/** Providers of y-websocket as people have them, 1.5, 2.1 and 3.1, through what happens to a server and a network. */
import { MemoryStorage, startServer, type ServerOptions, type SynclineServer } from "@syncline/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import type { Awareness } from "y-protocols/awareness";
import { WebsocketProvider as Provider1 } from "y-websocket-1";
import { WebsocketProvider as Provider2 } from "y-websocket-2";
import { WebsocketProvider as Provider3 } from "y-websocket";
import * as Y from "yjs";
import { synced, synclineClient, textOnServer, until, untilPresence, type Client } from "../support/clients.js";
import { tempDirectory } from "../support/temp-directory.js";

type StockProvider = typeof Provider3;
interface StockClient extends Client {
  readonly provider: Provider3;
}
type StockOptions = NonNullable<ConstructorParameters<StockProvider>[3]>;

const stockProviders: Readonly<Record<string, StockProvider>> = {
  "y-websocket 1.5": Provider1 as unknown as StockProvider,
  "y-websocket 2.1": Provider2 as unknown as StockProvider,
  "y-websocket 3.1": Provider3,
};

async function serve(options: ServerOptions = {}): Promise<SynclineServer> {
  const server = await startServer({ port: 0, data: new MemoryStorage(), ...options });
  onTestFinished(() => server.close());
  return server;
}

function connect(
  Provider: StockProvider,
  url: string,
  documentName: string,
  { doc = new Y.Doc(), ...options }: StockOptions & { readonly doc?: Y.Doc } = {},
): StockClient {
  const provider = new Provider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
    maxBackoffTime: 500,
    ...options,
  });
  const destroy = () => {
    provider.destroy();
    provider.awareness.destroy();
  };
  onTestFinished(destroy);
  return { doc, text: doc.getText("text"), provider, destroy };
}

const socketOf = ({ provider }: StockClient) => provider.ws as unknown as WebSocket;

const disconnected = ({ provider }: StockClient) =>
  new Promise<void>((resolve) => provider.on("status", ({ status }) => status === "disconnected" && resolve()));

const untilText = ({ doc, text }: Client, wanted: string) => until(doc, () => text.toString() === wanted);

/** Resolves when it is known to `awareness` that the client is there, or that it is gone. */
const knowsOf = (awareness: Awareness, { doc }: Client, isThere: boolean) =>
  untilPresence(awareness, () => awareness.getStates().has(doc.clientID) === isThere);

const megabytes = 4;

/** In pages of 64 KiB, each an update of its own. */
function writeLargeText(doc: Y.Doc): void {
  const text = doc.getText("text");
  for (let page = 0; page < megabytes * 16; page++) {
    text.insert(text.length, `${page} `.repeat(65_536).slice(0, 65_536));
  }
}

/** What nobody has set y-protocols does not show to others: its clock is 0. */
function present({ provider }: Client, name: string): void {
  provider.awareness.setLocalState({ name });
}

describe.each(Object.entries(stockProviders))("%s", (_, Provider) => {
  test("is synced again after a restart, with what was typed meanwhile", async () => {
    const data = await tempDirectory();
    const first = await serve({ data });
    const [author, reader] = [connect(Provider, first.url, "plan"), connect(Provider, first.url, "plan")];
    await Promise.all([author, reader].map(synced));
    author.text.insert(0, "before, ");
    await untilText(reader, "before, ");
    const syncs: boolean[] = [];
    author.provider.on("sync", (isSynced) => syncs.push(isSynced));
    const lost = Promise.all([author, reader].map(disconnected));
    const { port } = first;
    await first.close();
    await lost;
    expect(author.provider.synced).toBe(false);
    author.text.insert(author.text.length, "meanwhile");
    const second = await serve({ data, port });
    await Promise.all([author, reader].map(synced));
    await untilText(reader, "before, meanwhile");
    expect(syncs).toEqual([false, true]);
    expect(await textOnServer(second.url, "plan")).toBe("before, meanwhile");
  });

  test("converges through deletions, undo and redo, with ours", async () => {
    const { url } = await serve();
    const [stock, own] = [connect(Provider, url, "plan"), synclineClient(url, "plan")];
    await Promise.all([stock, own].map(synced));
    const undo = new Y.UndoManager(stock.text, { captureTimeout: 0 });
    stock.text.insert(0, "one two three");
    stock.text.delete(3, 4);
    await untilText(own, "one three");
    own.text.insert(9, " four");
    await untilText(stock, "one three four");
    // Only its own deletion.
    undo.undo();
    await untilText(own, "one two three four");
    undo.redo();
    await untilText(own, "one three four");
    own.text.delete(0, 3);
    undo.undo();
    await Promise.all([stock, own].map((client) => untilText(client, " two three four")));
  });

  test(`a document of ${megabytes} MiB goes up as one message, and comes down`, async () => {
    const { url } = await serve({ limits: { maxUpdateBytes: 2 * megabytes * 2 ** 20 } });
    const doc = new Y.Doc();
    writeLargeText(doc);
    await synced(connect(Provider, url, "large", { doc }));
    const reader = connect(Provider, url, "large");
    await until(reader.doc, () => reader.text.length === doc.getText("text").length);
    expect(reader.text.toString()).toBe(doc.getText("text").toString());
  });

  test(`a document of ${megabytes} MiB that was written bit by bit comes in pieces, and then synced`, async () => {
    const { url } = await serve();
    const [author, witness] = [connect(Provider, url, "large"), synclineClient(url, "large")];
    await Promise.all([author, witness].map(synced));
    writeLargeText(author.doc);
    await until(witness.doc, () => witness.text.length === author.text.length);

    const reader = connect(Provider, url, "large", { connect: false });
    const sizes: number[] = [];
    reader.doc.on("update", (update: Uint8Array) => sizes.push(update.length));
    reader.provider.connect();
    await synced(reader);
    expect(reader.text.toString()).toBe(author.text.toString());
    expect(sizes.length).toBeGreaterThanOrEqual(megabytes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2 ** 20);
  });

  test("presence goes when the link is cut, and comes back with it", async () => {
    const { url } = await serve();
    const [guest, watcher] = [connect(Provider, url, "plan"), connect(Provider, url, "plan")];
    await Promise.all([guest, watcher].map(synced));
    const { awareness } = watcher.provider;
    present(guest, "here");
    await knowsOf(awareness, guest, true);
    socketOf(guest).terminate();
    await knowsOf(awareness, guest, false);
    present(guest, "back");
    await untilPresence(awareness, () => awareness.getStates().get(guest.doc.clientID)?.["name"] === "back");
  });

  test("presence goes when the link is dead but up", async () => {
    const { url } = await serve({ limits: { heartbeatMs: 250 } });
    const [guest, watcher] = [connect(Provider, url, "plan"), connect(Provider, url, "plan")];
    await Promise.all([guest, watcher].map(synced));
    present(guest, "here");
    await knowsOf(watcher.provider.awareness, guest, true);
    const socket = socketOf(guest);
    socket.pause();
    await knowsOf(watcher.provider.awareness, guest, false);
    // It has not noticed.
    expect(guest.provider.wsconnected).toBe(true);
    guest.provider.shouldConnect = false;
    socket.resume();
  });

  test("asks again with resyncInterval, and so gets what was lost on the way", async () => {
    // Its timer looks for the browser's class, whatever it was given: Node has none before 22.
    vi.stubGlobal("WebSocket", WebSocket);
    onTestFinished(() => void vi.unstubAllGlobals());
    const { url } = await serve();
    const [author, reader] = [connect(Provider, url, "plan"), connect(Provider, url, "plan", { resyncInterval: 100 })];
    await Promise.all([author, reader].map(synced));
    let lostCount = 0;
    const handler = reader.provider.messageHandlers[0] as StockProvider["prototype"]["messageHandlers"][number];
    const loseOne = () => {
      lostCount += 1;
      reader.provider.messageHandlers[0] = handler;
    };
    author.text.insert(0, "a");
    await untilText(reader, "a");
    reader.provider.messageHandlers[0] = (...args) => {
      // Answers are a step2; an edit is an update.
      if (args[1].arr[args[1].pos] === 2) return loseOne();
      handler(...args);
    };
    author.text.insert(1, "b");
    await untilText(reader, "ab");
    expect(lostCount).toBe(1);
    expect(reader.provider.synced).toBe(true);
    // Answers that bring nothing change nothing.
    author.text.insert(2, "c");
    await untilText(reader, "abc");
    expect(reader.doc.store.pendingStructs).toBeNull();
  });
});

test("1.5 and 2.1 share a room without ours", async () => {
  const { url } = await serve();
  const names = ["y-websocket 1.5", "y-websocket 2.1", "y-websocket 1.5"] as const;
  const clients = names.map((name) => connect(stockProviders[name] as StockProvider, url, "plan"));
  await Promise.all(clients.map(synced));
  clients.forEach(({ text, provider }, index) => {
    text.insert(0, `${index}`);
    provider.awareness.setLocalState({ index });
  });
  const [first] = clients as [StockClient];
  await Promise.all(clients.map(({ doc, text }) => until(doc, () => text.length === 3)));
  for (const { text, provider } of clients) {
    expect(text.toString()).toBe(first.text.toString());
    const { awareness } = provider;
    const indexes = () => [...awareness.getStates().values()].map(({ index }) => index as number).sort();
    await untilPresence(awareness, () => indexes().join() === "0,1,2");
  }
  first.text.delete(0, 3);
  await Promise.all(clients.map((client) => untilText(client, "")));
  expect(await textOnServer(url, "plan")).toBe("");
});

test("who is closed with 44xx: 3.1 stops, older ones come again and again, and are let in once they may", async () => {
  const askedCounts = new Map<string, number>();
  let isOpen = true;
  let look = () => {};
  const server = await serve({
    authorize: ({ token }) => {
      askedCounts.set(token, (askedCounts.get(token) ?? 0) + 1);
      look();
      return { access: isOpen || token === "visitor" ? "write" : "none" };
    },
  });
  const clients = Object.entries(stockProviders).map(([token, Provider]) =>
    connect(Provider, server.url, token, { params: { token } }),
  );
  const [oldest, older, newest] = clients as [StockClient, StockClient, StockClient];
  await Promise.all(clients.map(synced));
  isOpen = false;
  const closed = new Promise((resolve) => newest.provider.on("closed", resolve));
  for (const client of clients) socketOf(client).terminate();
  expect(await closed).toEqual({ code: 4403, reason: "you may not open this document" });
  const cameBack = (times: number) =>
    Object.keys(stockProviders)
      .slice(0, 2)
      .every((name) => (askedCounts.get(name) ?? 0) >= 1 + times);
  await new Promise<void>((resolve) => {
    look = () => cameBack(4) && resolve();
    look();
  });
  expect(askedCounts.get("y-websocket 3.1")).toBe(2);
  expect(clients.map(({ provider }) => provider.shouldConnect)).toEqual([true, true, false]);
  isOpen = true;
  await Promise.all([oldest, older].map(synced));
  expect(newest.provider.ws).toBeNull();
  newest.provider.connect();
  await synced(newest);
});
