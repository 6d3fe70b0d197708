/** Who floods one document does not keep others from theirs, and loses nothing; who has agreed on a rate is read no faster. */
import { encodeYWebsocketMessage } from "@syncline/protocol";
import { MemoryStorage, startServer, type Authorization } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { buildUpdate, contents } from "../fixtures/update-builder.js";
import { synced, synclineClient, textOnServer, type SynclineClient } from "../support/clients.js";
import { patiently } from "../support/patience.js";
import { Speaker } from "../support/speaker.js";

async function serve(authorization: Authorization = { access: "write" }) {
  const server = await startServer({ port: 0, data: new MemoryStorage(), authorize: () => authorization });
  onTestFinished(() => server.close());
  return server;
}

/** A letter behind the one before, by one client: 20 bytes each. */
function letter(index: number): Uint8Array {
  const place = index === 0 ? { parent: "text" } : { origin: { client: 9, clock: index - 1 } };
  return buildUpdate([{ client: 9, clock: index, structs: [{ content: contents.string("x"), ...place }] }]);
}

async function refusedFor({ url }: { readonly url: string }, kind: string): Promise<number> {
  const text = await (await fetch(`${url.replace("ws", "http")}/metrics`)).text();
  return Number(new RegExp(`{kind="${kind}"} (\\d+)`).exec(text)?.[1]);
}

async function allSaved({ provider }: SynclineClient): Promise<void> {
  while (provider.pending.count > 0) {
    await new Promise<void>((resolve) => provider.once("pending", () => resolve()));
  }
}

/** Lets what has come be read. */
const aTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Sends `count` letters one by one, from number `from` on, in as many frames. */
function flood(speaker: Speaker, room: number, from: number, count: number): void {
  for (let index = from; index < from + count; index++) {
    speaker.say({ type: "update", room, n: index + 1, update: letter(index) });
  }
}

test("while one member floods its document, another's edits elsewhere become durable; all of the flood is there after it", async () => {
  const server = await serve();
  const innocent = synclineClient(server.url, "innocent");
  await synced(innocent);
  const flooder = await Speaker.open(server.url, "flooded", { clientId: 9 });
  const { room } = await flooder.hears("opened");
  const acked = () => Math.max(0, ...flooder.heard.flatMap((message) => (message.type === "ack" ? [message.n] : [])));
  let sentCount = 0;
  for (let round = 0; round < 5; round++) {
    flood(flooder, room, sentCount, 3_000);
    sentCount += 3_000;
    innocent.text.insert(0, "i");
    await allSaved(innocent);
    // It did not have to wait for the end of the flood.
    expect(acked()).toBeLessThan(sentCount);
    await aTurn();
  }
  await flooder.hears("ack", ({ n, level }) => n === sentCount && level === 2);
  expect(await textOnServer(server.url, "flooded")).toBe("x".repeat(sentCount));
  expect(await textOnServer(server.url, "innocent")).toBe("i".repeat(5));
});

test("a flood of small frames over the stock dialect loses nothing either, and keeps its order", async () => {
  const server = await serve();
  const socket = new WebSocket(`${server.url}/flooded`);
  onTestFinished(() => socket.terminate());
  await new Promise((resolve) => socket.once("open", resolve));
  for (let index = 0; index < 5_000; index++) {
    socket.send(encodeYWebsocketMessage({ type: "update", update: letter(index) }));
  }
  // It hangs up at once: what it has sent was sent.
  socket.close();
  await new Promise((resolve) => socket.once("close", resolve));
  await expect.poll(async () => (await textOnServer(server.url, "flooded")).length, patiently).toBe(5_000);
});

test("edits above an agreed rate are read later, all of them, and it is counted", async () => {
  const server = await serve({ access: "write", rates: { updatesPerSecond: 20 } });
  const speaker = await Speaker.open(server.url, "agreed", { clientId: 9 });
  const { room } = await speaker.hears("opened");
  const startMs = performance.now();
  flood(speaker, room, 0, 20);
  await speaker.hears("ack", ({ n, level }) => n === 20 && level === 2);
  expect(await refusedFor(server, "rate")).toBe(0);
  flood(speaker, room, 20, 20);
  await speaker.hears("ack", ({ n, level }) => n === 40 && level === 2);
  speaker.say({ type: "ping", n: 1 });
  await speaker.hears("pong");
  // What is owed for the second twenty comes in within a second; the first were free.
  expect(performance.now() - startMs).toBeGreaterThan(800);
  expect(await refusedFor(server, "rate")).toBeGreaterThan(0);
  expect(await textOnServer(server.url, "agreed")).toBe("x".repeat(40));
});

test("who leaves the document and opens it anew is read no faster than agreed", async () => {
  const server = await serve({ access: "write", tokenId: "card", rates: { updatesPerSecond: 20 } });
  const speaker = await Speaker.open(server.url, "agreed", { clientId: 9 });
  const { room } = await speaker.hears("opened");
  const startMs = performance.now();
  flood(speaker, room, 0, 40);
  speaker.say({ type: "close", room, code: 1000, reason: "" });
  speaker.say({ type: "ping", n: 1 });
  await speaker.hears("pong");
  const again = await Speaker.open(server.url, "agreed", { clientId: 9 });
  await again.hears("opened");
  again.say({ type: "ping", n: 1 });
  await again.hears("pong");
  // The second twenty of the first socket.
  expect(performance.now() - startMs).toBeGreaterThan(800);
  expect(await textOnServer(server.url, "agreed")).toBe("x".repeat(40));
});

test("a rate below one update lets it in all the same, from stock clients, too", async () => {
  const server = await serve({ access: "write", rates: { bytesPerSecond: 50 } });
  const socket = new WebSocket(`${server.url}/slow`);
  onTestFinished(() => socket.terminate());
  await new Promise((resolve) => socket.once("open", resolve));
  const update = buildUpdate([
    { client: 9, clock: 0, structs: [{ content: contents.string("y".repeat(60)), parent: "text" }] },
  ]);
  socket.send(encodeYWebsocketMessage({ type: "update", update }));
  await expect.poll(() => textOnServer(server.url, "slow"), patiently).toBe("y".repeat(60));
});
