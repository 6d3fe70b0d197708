/** A provider with everything around it fake: a server, a network, a clock; and a log of its events. For tests. */
import { onTestFinished } from "vitest";
import * as Y from "yjs";
import { SynclineProvider, type ProviderOptions } from "../src/index.js";
import { FakeServer } from "./fake-server.js";
import { FakeTiming } from "./fake-timing.js";

export type ProviderWorld = ReturnType<typeof setUp>;

/** The provider is destroyed when the test has finished. */
export function setUp(options: ProviderOptions = {}, doc = new Y.Doc(), server = new FakeServer()) {
  const timing = new FakeTiming();
  const { network } = server;
  const provider = destroyedLater(
    new SynclineProvider("ws://host:1", "notes", doc, {
      WebSocketPolyfill: network.WebSocket,
      timing,
      pageEvents: null,
      fallback: false,
      ...options,
    }),
  );
  const log: string[] = [];
  provider.on("status", ({ status }) => log.push(status));
  provider.on("synced", (isSynced) => log.push(isSynced ? "synced" : "not synced"));
  provider.on("access", ({ level, reason }) => log.push(`access ${level} ${reason}`.trim()));
  provider.on("rejected", ({ code }) => log.push(`rejected ${code}`));
  provider.on("closed", ({ code, reason }) => log.push(`closed ${code} ${reason}`));
  provider.on("connection-close", (event) => log.push(`connection-close ${event?.code ?? "by us"}`));
  provider.on("connection-error", (error) => log.push(`error ${error.code}`));
  const text = doc.getText("t");
  const settle = () => network.settle();
  return { provider, server, network, timing, doc, text, log, settle };
}

export function destroyedLater(provider: SynclineProvider): SynclineProvider {
  onTestFinished(() => {
    void provider.destroy();
    provider.awareness.destroy();
  });
  return provider;
}
