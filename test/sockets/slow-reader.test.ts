/** A client that does not read costs its budget and nobody else's time. */
import type { Socket } from "node:net";
import { MemoryStorage, startServer } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import type { WebSocket } from "ws";
import {
  stockClient,
  synced,
  synclineClient,
  until,
  untilPresence,
  whenConnectionCloses,
  type Client,
} from "../support/clients.js";

/** The stock provider's TCP socket, to stop reading from it as a phone in a tunnel does. */
function tcpSocketOf({ provider }: Client): Socket {
  const { ws } = provider as unknown as { readonly ws: WebSocket };
  return (ws as unknown as { readonly _socket: Socket })._socket;
}

const overwriteBytes = 100_000;

/** Replaces a large value again and again: more than sockets hold, far less in the end. */
async function overwrite(author: Client, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    author.doc.getMap("map").set("large", `${i} ${"x".repeat(overwriteBytes)}`);
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

const largeIn = (client: Client) => String(client.doc.getMap("map").get("large") ?? "").split(" ")[0];

test("it is left behind, others go on, and when it reads again it gets what is there now", async () => {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  const author = synclineClient(server.url, "slow");
  const [slow, quick] = [stockClient(server.url, "slow"), stockClient(server.url, "slow")];
  await Promise.all([author, slow, quick].map(synced));
  let lostConnections = 0;
  whenConnectionCloses(slow.provider, () => (lostConnections += 1));
  let updatesOfSlow = 0;
  slow.doc.on("update", () => (updatesOfSlow += 1));

  tcpSocketOf(slow).pause();
  const times = 300;
  await overwrite(author, times);
  await until(quick.doc, () => largeIn(quick) === String(times - 1));
  await author.provider.whenDurable();
  tcpSocketOf(slow).resume();
  await until(slow.doc, () => largeIn(slow) === String(times - 1));
  expect(lostConnections).toBe(0);
  expect(slow.doc.store.pendingStructs).toBeNull();

  // And it is live again.
  author.text.insert(0, "after");
  await until(slow.doc, () => slow.text.toString() === "after");
});

test("one that does not read for longer than its allowance is closed with 4508", async () => {
  const limits = { lagAllowanceMs: 50, slowestReadBytesPerSecond: 1e9 };
  const server = await startServer({ port: 0, data: new MemoryStorage(), limits });
  onTestFinished(() => server.close());
  const author = synclineClient(server.url, "stalled");
  const stalled = stockClient(server.url, "stalled");
  await Promise.all([author, stalled].map(synced));
  const closed = new Promise<number | undefined>((resolve) => whenConnectionCloses(stalled.provider, resolve));
  stalled.provider.awareness.setLocalStateField("user", { name: "Stalled" });
  const isThere = () => author.provider.awareness.getStates().has(stalled.doc.clientID);
  await untilPresence(author.provider.awareness, isThere);
  tcpSocketOf(stalled).pause();
  await overwrite(author, 300);
  // The server has given it up, and tells the others; it hears so itself when it reads again.
  await untilPresence(author.provider.awareness, () => !isThere());
  tcpSocketOf(stalled).resume();
  expect([4508, 1006]).toContain(await closed);
  await until(stalled.doc, () => largeIn(stalled) === "299");
});
