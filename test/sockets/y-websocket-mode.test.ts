/** Our provider with `protocol: "y-websocket"` on the stock server of y-websocket, beside stock providers. */
import { SynclineProvider, type ProviderOptions } from "@syncline/client";
import { MemoryStorage, startServer } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import {
  stockClient,
  synced,
  textOnServer,
  until,
  untilPresence,
  whenConnectionCloses,
  type SynclineClient,
} from "../support/clients.js";
import { startYWebsocketServer } from "../support/y-websocket-server.js";

function connect(url: string, documentName: string, options: ProviderOptions = {}): SynclineClient {
  const doc = new Y.Doc();
  const provider = new SynclineProvider(url, documentName, doc, {
    ...{ protocol: "y-websocket", WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 500 },
    ...options,
  });
  const destroy = () => void provider.destroy();
  onTestFinished(destroy);
  return { doc, text: doc.getText("text"), provider, destroy };
}

/** Resolves when `holds` is true, looking again after each change of the provider's status. */
async function untilStatus({ provider }: SynclineClient, holds: () => boolean): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve) => {
    const stop = provider.subscribe(() => {
      if (!holds()) return;
      stop();
      resolve();
    });
  });
}

const untilSaved = (client: SynclineClient) => untilStatus(client, () => client.provider.pending.count === 0);
const closed = ({ provider }: SynclineClient) =>
  new Promise<number | undefined>((resolve) => whenConnectionCloses(provider, resolve));

test("edits, deletions and what was typed offline go both ways between it and a stock provider", async () => {
  const { url } = await startYWebsocketServer();
  const [stock, own] = [stockClient(url, "both"), connect(url, "both")];
  await Promise.all([synced(stock), synced(own)]);
  stock.text.insert(0, "from stock");
  await until(own.doc, () => own.text.toString() === "from stock");
  own.text.insert(0, "from own, ");
  await until(stock.doc, () => stock.text.toString() === "from own, from stock");
  own.text.delete(0, 5);
  await until(stock.doc, () => stock.text.toString() === "own, from stock");
  own.provider.disconnect();
  own.text.insert(0, "offline, ");
  stock.text.insert(stock.text.length, " meanwhile");
  own.provider.connect();
  const merged = "offline, own, from stock meanwhile";
  await until(own.doc, () => own.text.toString() === merged);
  await until(stock.doc, () => stock.text.toString() === merged);
  await untilSaved(own);
});

test("presence goes both ways, and who leaves is gone", async () => {
  const { url } = await startYWebsocketServer();
  const [stock, own] = [stockClient(url, "presence"), connect(url, "presence")];
  await Promise.all([synced(stock), synced(own)]);
  const sees = (viewer: typeof stock | typeof own, seen: typeof stock | typeof own, name: string | undefined) => {
    const { awareness } = viewer.provider;
    return untilPresence(awareness, () => awareness.getStates().get(seen.doc.clientID)?.["name"] === name);
  };
  stock.provider.awareness.setLocalState({ name: "Stock" });
  own.provider.awareness.setLocalState({ name: "Own" });
  await Promise.all([sees(own, stock, "Stock"), sees(stock, own, "Own")]);
  own.provider.disconnect();
  await sees(stock, own, undefined);
  own.provider.connect();
  await Promise.all([sees(own, stock, "Stock"), sees(stock, own, "Own")]);
  stock.destroy();
  await sees(own, stock, undefined);
});

test("the name, the parameters and the token make the same URL as with y-websocket", async () => {
  const { url, requests } = await startYWebsocketServer();
  const documentName = "team/notes for ü \u{1f600}";
  const stock = stockClient(url, documentName);
  await synced(stock);
  const own = connect(`${url}/`, documentName, { params: { v: "1 2" }, token: () => Promise.resolve("a&b") });
  await synced(own);
  stock.text.insert(0, "same document");
  await until(own.doc, () => own.text.length > 0);
  const [path] = requests;
  expect(requests).toEqual([path, `${path}?v=1%202&token=a%26b`]);
});

test("an edit counts as received when the server has it, and durable never", async () => {
  const { url } = await startYWebsocketServer();
  const own = connect(url, "received");
  await synced(own);
  const received = new Promise<void>((resolve) => own.provider.once("received", () => resolve()));
  own.text.insert(0, "kept in memory");
  expect(own.provider.saveState).toEqual({ inThisBrowser: 1, received: 0, durable: 0 });
  await received;
  expect(await textOnServer(url, "received")).toBe("kept in memory");
  await untilSaved(own);
  expect(own.provider.saveState).toEqual({ inThisBrowser: 1, received: 1, durable: 0 });
  await expect(own.provider.whenDurable()).rejects.toMatchObject({ code: "not-supported" });
});

test("an edit the server never read is not received; the server that takes its place gets all", async () => {
  const first = await startYWebsocketServer();
  const own = connect(first.url, "restart");
  await synced(own);
  own.text.insert(0, "before, ");
  await untilSaved(own);
  first.pause();
  own.text.insert(own.text.length, "after");
  const lost = closed(own);
  await first.kill();
  expect(await lost).toBe(1006);
  expect(own.provider.pending.count).toBe(1);
  const second = await startYWebsocketServer({ port: first.port });
  await untilSaved(own);
  expect(await textOnServer(second.url, "restart")).toBe("before, after");
});

test("a link that is up but dead is noticed within 10 s while an edit waits, and the edit arrives later", async () => {
  const server = await startYWebsocketServer();
  const own = connect(server.url, "half-open");
  await synced(own);
  server.pause();
  const startMs = performance.now();
  const lost = closed(own);
  own.text.insert(0, "into the void");
  await lost;
  expect(performance.now() - startMs).toBeLessThan(10_000);
  expect(own.provider.pending.count).toBe(1);
  server.resume();
  await untilSaved(own);
  expect(await textOnServer(server.url, "half-open")).toBe("into the void");
});

test("permission denied is read access with the server's reason; what is typed stays pending", async () => {
  const { url } = await startYWebsocketServer({ denial: "members only" });
  const own = connect(url, "denied");
  await untilStatus(own, () => own.provider.access.level === "read");
  expect(own.provider.access).toEqual({ level: "read", reason: "members only" });
  own.text.insert(0, "not taken");
  expect(await textOnServer(url, "denied")).toBe("");
  expect(own.provider.pending.count).toBe(1);
  expect(own.provider.wsconnected).toBe(true);
});

test("a server that drops edits without a word is found out", async () => {
  const { url } = await startYWebsocketServer({ dropsEdits: true });
  const own = connect(url, "dropped");
  await synced(own);
  own.text.insert(0, "not taken");
  await untilStatus(own, () => own.provider.access.level === "read");
  expect(own.provider.access.reason).toBe("The server does not keep the edits");
  expect(own.provider.pending.count).toBe(1);
});

test("a close with 44xx is for good", async () => {
  const { url, requests } = await startYWebsocketServer({ closeCode: 4403 });
  const own = connect(url, "closed");
  const end = await new Promise((resolve) => own.provider.on("closed", resolve));
  expect(end).toEqual({ code: 4403, reason: "closed by the test" });
  expect(own.provider.shouldConnect).toBe(false);
  expect(requests).toHaveLength(1);
});

test("on a Syncline server, which sends nobody's edits back, the answer to a question says what was received", async () => {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  const [stock, own] = [stockClient(server.url, "own server"), connect(server.url, "own server")];
  await Promise.all([synced(stock), synced(own)]);
  own.text.insert(0, "one");
  await untilSaved(own);
  own.text.delete(0, 1);
  await untilSaved(own);
  await until(stock.doc, () => stock.text.toString() === "ne");
});
