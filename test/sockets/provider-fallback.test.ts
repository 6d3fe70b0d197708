/** Where WebSockets are blocked, the provider finds a way by itself, says which it is, and leaves it when it can. */
import { SynclineProvider, type ProviderOptions } from "@syncline/client";
import { MemoryStorage, startServer } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { stockClient, synced, until } from "../support/clients.js";
import { bufferingProxy, idleCuttingProxy, refusingProxy } from "../support/proxies.js";

async function newServer() {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  return server;
}

function providerAt(url: string, options: ProviderOptions = {}): SynclineProvider {
  const settings = { WebSocketPolyfill: WebSocket, maxBackoffTime: 200, ...options };
  const provider = new SynclineProvider(url, "notes", new Y.Doc(), settings);
  onTestFinished(() => provider.destroy());
  return provider;
}

const reaches = (provider: SynclineProvider, holds: () => boolean) =>
  new Promise<void>((resolve) => {
    if (holds()) return resolve();
    const unsubscribe = provider.subscribe(() => {
      if (!holds()) return;
      unsubscribe();
      resolve();
    });
  });

async function editsBothWays(provider: SynclineProvider, serverUrl: string): Promise<void> {
  const other = stockClient(serverUrl, "notes");
  await synced(other);
  provider.doc.getText("text").insert(0, "from behind the proxy");
  await provider.whenDurable();
  await until(other.doc, () => other.text.toString() === "from behind the proxy");
  other.text.insert(0, "and back, ");
  await until(provider.doc, () => provider.doc.getText("text").toString() === "and back, from behind the proxy");
}

test("a proxy that refuses upgrades: server-sent events, with the same promises", async () => {
  const server = await newServer();
  const provider = providerAt((await refusingProxy(server.url)).url);
  await reaches(provider, () => provider.synced);
  expect(provider.status.transport).toBe("sse");
  expect(provider.ws === null || provider.ws.readyState === 3).toBe(true);
  await editsBothWays(provider, server.url);
});

test("a proxy that holds answers back as well: long polling", async () => {
  const server = await newServer();
  const provider = providerAt((await bufferingProxy(server.url)).url);
  await reaches(provider, () => provider.synced);
  expect(provider.status.transport).toBe("poll");
  await editsBothWays(provider, server.url);
});

test("a proxy that cuts idle connections: edits made after a cut arrive, the document stays", async () => {
  const server = await newServer();
  const proxy = await idleCuttingProxy(server.url);
  const provider = providerAt(proxy.url);
  await reaches(provider, () => provider.synced);
  await proxy.hasCut(1);
  provider.doc.getText("text").insert(0, "after the cut");
  await provider.whenDurable();
  expect(provider.status.transport).toBe("websocket");
});

test("a server that is down for a while is no reason to leave WebSockets, once one has opened", async () => {
  const first = await startServer({ port: 0, data: new MemoryStorage() });
  const { port } = first;
  const provider = providerAt(first.url);
  await reaches(provider, () => provider.synced);
  let failureCount = 0;
  const hasFailed = new Promise<void>((resolve) =>
    provider.on("connection-close", () => ++failureCount === 5 && resolve()),
  );
  await first.close();
  await hasFailed;
  const again = await startServer({ port, data: new MemoryStorage() });
  onTestFinished(() => again.close());
  await reaches(provider, () => provider.synced);
  expect(provider.status.transport).toBe("websocket");
});

test("without fallback, it goes on trying WebSockets", async () => {
  const server = await newServer();
  const provider = providerAt((await refusingProxy(server.url)).url, { fallback: false });
  let failureCount = 0;
  await new Promise<void>((resolve) => provider.on("connection-close", () => ++failureCount === 6 && resolve()));
  expect([provider.synced, provider.status.transport]).toEqual([false, "websocket"]);
});
