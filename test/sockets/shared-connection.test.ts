/** Several documents on one socket. */
import { SynclineClient, type SynclineProvider } from "@syncline/client";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { stockClient, synced, until } from "../support/clients.js";
import { faultyServer } from "../support/faulty-server.js";

async function setUp() {
  const { url, server } = await faultyServer();
  let socketCount = 0;
  class Counted extends WebSocket {
    constructor(address: string) {
      super(address);
      socketCount += 1;
    }
  }
  const client = new SynclineClient({ url, WebSocketPolyfill: Counted as never, maxBackoffTime: 500 });
  onTestFinished(() => client.destroy());
  return { url, server, client, socketCount: () => socketCount };
}

const isSynced = (provider: SynclineProvider) =>
  new Promise<void>((resolve) => {
    if (provider.synced) return resolve();
    provider.once("synced", () => resolve());
  });

test("documents on one socket are edited, saved and left independently", async () => {
  const { url, client, socketCount } = await setUp();
  const providers = ["a", "b", "c"].map((name) => client.open(name));
  await Promise.all(providers.map(isSynced));
  for (const provider of providers) provider.doc.getText("text").insert(0, provider.roomname);
  await Promise.all(providers.map((provider) => provider.whenDurable()));
  expect(socketCount()).toBe(1);
  const [a, b] = providers as [SynclineProvider, SynclineProvider];
  await a.destroy();
  const reader = stockClient(url, "b");
  await synced(reader);
  b.doc.getText("text").insert(1, " goes on");
  await until(reader.doc, () => reader.text.toString() === "b goes on");
  expect([a.wsconnected, b.wsconnected, socketCount()]).toEqual([false, true, 1]);
});

test("a document opened twice is one membership: both see it, and it stays until both have left", async () => {
  const { url, client } = await setUp();
  const doc = new Y.Doc();
  const [first, second] = [client.open("a", doc), client.open("a")];
  expect([second.doc, second.awareness]).toEqual([doc, first.awareness]);
  await Promise.all([isSynced(first), isSynced(second)]);
  await first.destroy();
  expect([first.wsconnected, second.wsconnected, second.synced]).toEqual([false, true, true]);
  doc.getText("text").insert(0, "still here");
  await second.whenDurable();
  const reader = stockClient(url, "a");
  await until(reader.doc, () => reader.text.toString() === "still here");
  expect(() => client.open("a", new Y.Doc())).toThrow(expect.objectContaining({ code: "invalid-option" }));
});

test("one of two that disconnects leaves the other connected, and hears that it is not", async () => {
  const { client } = await setUp();
  const [first, second] = [client.open("a"), client.open("a")];
  await isSynced(first);
  first.disconnect();
  expect([first.status.connection, second.status.connection]).toEqual(["disconnected", "connected"]);
  first.connect();
  expect(first.status.connection).toBe("connected");
});

test("a document that is deleted closes for who has it, and only that document", async () => {
  const { server, client, socketCount } = await setUp();
  const [gone, other] = [client.open("gone"), client.open("other")];
  await Promise.all([isSynced(gone), isSynced(other)]);
  gone.doc.getText("text").insert(0, "x");
  await gone.whenDurable();
  const closed = new Promise<number>((resolve) => gone.on("closed", ({ code }) => resolve(code)));
  await server.documents.delete("gone");
  expect(await closed).toBe(4404);
  expect([gone.shouldConnect, other.wsconnected, other.synced]).toEqual([false, true, true]);
  other.doc.getText("text").insert(0, "goes on");
  await other.whenDurable();
  expect(socketCount()).toBe(1);
  // What it held can be taken along, and the document left empty behind.
  const copy = new Y.Doc();
  Y.applyUpdate(copy, gone.exportRejected() as Uint8Array);
  expect(copy.getText("text").toString()).toBe("x");
  await gone.revertRejected();
  expect(gone.doc.getText("text").toString()).toBe("");
});

test("a document that is replaced is fetched anew by revertRejected, over the same socket", async () => {
  const { server, client, socketCount } = await setUp();
  const provider = client.open("a");
  await isSynced(provider);
  const text = provider.doc.getText("text");
  text.insert(0, "old");
  await provider.whenDurable();
  const other = client.open("other");
  await isSynced(other);
  const replacement = new Y.Doc();
  replacement.getText("text").insert(0, "new");
  const closed = new Promise((resolve) => provider.on("closed", resolve));
  await server.documents.import("a", [Y.encodeStateAsUpdate(replacement)], { replace: true });
  await closed;
  expect(provider.status.rejected?.code).toBe(4409);
  await provider.revertRejected();
  expect(text.toString()).toBe("new");
  await isSynced(provider);
  text.insert(3, "er");
  await provider.whenDurable();
  expect([socketCount(), text.toString()]).toEqual([1, "newer"]);
});

test("the socket is closed when no document is wanted, and opened again when one is", async () => {
  const { client, socketCount } = await setUp();
  const provider = client.open("a");
  await isSynced(provider);
  const closed = new Promise((resolve) => provider.once("connection-close", resolve));
  provider.disconnect();
  await closed;
  provider.connect();
  await isSynced(provider);
  expect(socketCount()).toBe(2);
});
