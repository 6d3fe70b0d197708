/** Promise 2: while the store refuses writes nothing is acknowledged, what was received waits, and everybody is told. */
import { expect, test } from "vitest";
import { encodeYWebsocketMessage } from "@syncline/protocol";
import { WebSocket } from "ws";
import * as Y from "yjs";
import {
  stockClient,
  synced,
  synclineClient,
  textOnServer,
  until,
  whenConnectionCloses,
  type Client,
} from "../support/clients.js";
import { diskError } from "../support/faulty-store.js";
import { closeCode, fastTimers, faultyServer, hasAccess, serverOn } from "../support/faulty-server.js";

/** Clients of both dialects who watch, each with what it has seen. */
async function watchers(url: string, documentName: string): Promise<readonly Client[]> {
  const clients = [stockClient(url, documentName), synclineClient(url, documentName)];
  await Promise.all(clients.map(synced));
  return clients;
}

const texts = (clients: readonly Client[]) => clients.map(({ text }) => text.toString());
const see = (clients: readonly Client[], expected: string) =>
  Promise.all(clients.map((client) => until(client.doc, () => client.text.toString() === expected)));

test("an edit whose commit fails is neither acknowledged nor seen by anybody, and both happen once the store is back", async () => {
  const { url, store } = await faultyServer();
  const author = synclineClient(url, "d");
  await synced(author);
  const others = await watchers(url, "d");
  store.writes.fail(diskError("EIO"));
  const failedThrice = store.writes.met(3);
  author.text.insert(0, "kept");
  await failedThrice;
  expect(author.provider.saveState.durable).toBe(0);
  expect(author.provider.pending.count).toBe(1);
  expect(texts(others)).toEqual(["", ""]);
  store.heal();
  await see(others, "kept");
  await author.provider.whenDurable();
  expect(await textOnServer(url, "d")).toBe("kept");
});

test("members of the syncline dialect are told that they may only read, and why, and that they may write again", async () => {
  const { url, store } = await faultyServer();
  const [author, reader] = [synclineClient(url, "d"), synclineClient(url, "d")];
  await Promise.all([author, reader].map(synced));
  store.writes.fail(diskError("EIO"));
  author.text.insert(0, "x");
  for (const client of [author, reader]) {
    expect((await hasAccess(client, "read")).reason).toMatch(/takes no writes/);
  }
  store.heal();
  for (const client of [author, reader])
    expect(await hasAccess(client, "write")).toEqual({ level: "write", reason: "" });
});

test("when the disk is full the reason says so", async () => {
  const { url, store } = await faultyServer();
  const author = synclineClient(url, "d");
  await synced(author);
  store.writes.fail(diskError("ENOSPC"));
  author.text.insert(0, "x");
  expect((await hasAccess(author, "read")).reason).toMatch(/disk is full/);
  store.heal();
  await author.provider.whenDurable();
});

test("a stock client is closed with 4505 after the allowance, and comes back with what it typed meanwhile", async () => {
  const { url, store } = await faultyServer({ limits: { readOnlyAllowanceMs: 50 } });
  const [author, reader] = [stockClient(url, "d"), synclineClient(url, "d")];
  await Promise.all([author, reader].map(synced));
  const closed = closeCode(author);
  store.writes.fail(diskError("EIO"));
  author.text.insert(0, "before ");
  expect(await closed).toBe(4505);
  author.text.insert(author.text.length, "while away");
  expect(reader.text.toString()).toBe("");
  store.heal();
  await see([reader], "before while away");
});

test("who opens a document that takes no edits is told at once, and gets what is on disk but not what waits", async () => {
  const { url, store } = await faultyServer({ limits: { readOnlyAllowanceMs: 50 } });
  const author = synclineClient(url, "d");
  await synced(author);
  author.text.insert(0, "on disk");
  await author.provider.whenDurable();
  store.writes.fail(diskError("ENOSPC"));
  author.text.insert(7, ", waiting");
  await hasAccess(author, "read");
  const [late, lateStock] = [synclineClient(url, "d"), stockClient(url, "d")];
  const closed = closeCode(lateStock);
  expect((await hasAccess(late, "read")).reason).toMatch(/disk is full/);
  expect(await closed).toBe(4505);
  await see([late, lateStock], "on disk");
  store.heal();
  await see([late, lateStock], "on disk, waiting");
});

test("what waited and what clients kept to themselves is committed in order, acknowledged and relayed by itself", async () => {
  const { url, store } = await faultyServer();
  const [one, two] = [synclineClient(url, "d"), synclineClient(url, "d")];
  await Promise.all([one, two].map(synced));
  const others = await watchers(url, "d");
  one.text.insert(0, "0");
  await see([two, ...others], "0");
  store.writes.fail(diskError("EIO"));
  one.text.insert(1, "1");
  await Promise.all([hasAccess(one, "read"), hasAccess(two, "read")]);
  for (const digit of "2345") one.text.insert(one.text.length, digit);
  two.doc.getMap("two").set("said", "offline");
  expect(one.provider.pending.count).toBe(5);
  store.heal();
  await see([two, ...others], "012345");
  await Promise.all([one.provider.whenDurable(), two.provider.whenDurable()]);
  for (const { doc } of [one, ...others]) {
    await until(doc, () => doc.getMap("two").get("said") === "offline");
  }
  expect([one.provider.pending.count, two.provider.pending.count]).toEqual([0, 0]);
});

test("while a store fails again and again every digit typed arrives once, in order", async () => {
  const { url, store } = await faultyServer({ timers: fastTimers, limits: { commitIntervalMs: 0 } });
  const author = synclineClient(url, "d");
  const others = await watchers(url, "d");
  await synced(author);
  let typed = "";
  for (let round = 0; round < 6; round++) {
    const failed = store.writes.met();
    store.writes.fail(diskError("EIO"), { times: 1 });
    for (let i = 0; i < 5; i++) {
      typed += `${typed.length % 10}`;
      author.text.insert(author.text.length, typed.slice(-1));
    }
    await failed;
    if (round % 2 === 0) await author.provider.whenDurable();
  }
  await author.provider.whenDurable();
  await see(others, typed);
  expect(await textOnServer(url, "d")).toBe(typed);
});

test("of many rooms only those whose commit failed take no edits; one that is only read goes on, also for who opens it anew", async () => {
  const { url, store, server } = await faultyServer({ limits: { unloadAfterMs: 0 } });
  const authors = ["a", "b", "quiet", "unloaded"].map((name) => synclineClient(url, name));
  await Promise.all(authors.map(synced));
  for (const { text } of authors) text.insert(0, "content");
  await Promise.all(authors.map(({ provider }) => provider.whenDurable()));
  const [a, b, quiet, unloaded] = authors as [
    (typeof authors)[0],
    (typeof authors)[0],
    (typeof authors)[0],
    (typeof authors)[0],
  ];
  unloaded.destroy();
  store.writes.fail(diskError("EIO"));
  for (const { text } of [a, b]) text.insert(0, "more ");
  await Promise.all([hasAccess(a, "read"), hasAccess(b, "read")]);
  expect(quiet.provider.access.level).toBe("write");
  const reader = stockClient(url, "quiet");
  await see([reader], "content");
  expect(await textOnServer(url, "unloaded")).toBe("content");
  expect((await fetch(`http://127.0.0.1:${server.port}/ready`)).status).toBe(503);
  store.heal();
  await Promise.all([a, b].map(({ provider }) => provider.whenDurable()));
  expect((await fetch(`http://127.0.0.1:${server.port}/ready`)).status).toBe(200);
});

test("a write that failed but was written is neither doubled nor lost", async () => {
  const { url, store, directory, close } = await faultyServer();
  const [author, stock] = [synclineClient(url, "d"), stockClient(url, "d")];
  await Promise.all([author, stock].map(synced));
  let expected = "";
  for (const letter of "abcde") {
    const unanswered = store.answers.met();
    store.answers.fail(diskError("EIO"), { times: 1 });
    author.text.insert(author.text.length, letter);
    expected += letter;
    await unanswered;
    await author.provider.whenDurable();
  }
  await see([stock], expected);
  author.destroy();
  stock.destroy();
  await close();
  const again = await faultyServer({}, directory);
  expect(await textOnServer(again.url, "d")).toBe(expected);
  expect((await again.server.documents.inspect("d")).seq).toBe(5);
});

test("a write that failed but was written and was followed by a crash gives the edit once, when its author returns", async () => {
  const first = await faultyServer();
  const author = synclineClient(first.url, "d");
  await synced(author);
  const unanswered = first.store.answers.met();
  first.store.answers.fail(diskError("EIO"));
  author.text.insert(0, "once");
  await unanswered;
  const after = await serverOn(await first.store.afterPowerCut());
  expect(author.provider.saveState.durable).toBe(0);
  expect(await textOnServer(after.url, "d")).toBe("once");
  // It asks with no generation: nothing was durable for it, so that it may come back.
  const returned = synclineClient(after.url, "d", author.doc);
  await returned.provider.whenDurable();
  expect(await textOnServer(after.url, "d")).toBe("once");
});

test("an edit that was acknowledged, or that somebody saw, survives a power cut; one that was neither may not", async () => {
  const { url, store } = await faultyServer({ limits: { compactAboveBytes: 500 } });
  const [author, reader] = [synclineClient(url, "d"), stockClient(url, "d")];
  await Promise.all([author, reader].map(synced));
  for (let i = 0; i < 40; i++) {
    author.text.insert(author.text.length, `${i} `);
    await until(reader.doc, () => reader.text.length === author.text.length);
  }
  store.writes.hold();
  author.text.insert(0, "not on disk");
  const seen = reader.text.toString();
  const after = await serverOn(await store.afterPowerCut());
  store.heal();
  expect(await textOnServer(after.url, "d")).toBe(seen);
});

test("commits of seconds: the author hears that its edits were received, readers go on, nothing is lost", async () => {
  const { url, store } = await faultyServer();
  const [author, reader] = [synclineClient(url, "d"), stockClient(url, "d")];
  await Promise.all([author, reader].map(synced));
  author.text.insert(0, "fast ");
  await author.provider.whenDurable();
  await see([reader], "fast ");
  store.writes.hold();
  const received = new Promise<void>((resolve) => author.provider.on("received", () => resolve()));
  author.text.insert(5, "slow ");
  await received;
  expect(author.provider.saveState).toMatchObject({ received: 2, durable: 1 });
  // Slow is not refused: nobody is told to stop writing, and who joins gets what is on disk.
  expect(author.provider.access.level).toBe("write");
  const late = stockClient(url, "d");
  await see([late], "fast ");
  author.text.insert(10, "slower");
  store.heal();
  await see([reader, late], "fast slow slower");
  await author.provider.whenDurable();
});

test("with relay immediate others see an edit that the store refuses, but its author waits for the ack", async () => {
  const { url, store } = await faultyServer({ relay: "immediate" });
  const author = synclineClient(url, "d");
  await synced(author);
  const others = await watchers(url, "d");
  store.writes.fail(diskError("EIO"));
  const failedTwice = store.writes.met(2);
  author.text.insert(0, "seen");
  await see(others, "seen");
  await failedTwice;
  expect(author.provider.pending.count).toBe(1);
  expect((await hasAccess(author, "read")).reason).not.toBe("");
  store.heal();
  await author.provider.whenDurable();
  expect(await textOnServer(url, "d")).toBe("seen");
});

/** The most that Node reads from a socket at once. */
const socketReadBytes = 64 * 1024;

test("past the byte budget nothing more is read from writers; readers go on; all of it arrives once the store is back", async () => {
  const budget = 400_000;
  const { url, store } = await faultyServer({
    timers: fastTimers,
    limits: { maxBacklogBytes: budget, readOnlyAllowanceMs: 600_000 },
  });
  const size = 10_000;
  const writers = Array.from({ length: 3 }, () => stockClient(url, "d"));
  const reader = stockClient(url, "other");
  await Promise.all([...writers, reader].map(synced));
  reader.text.insert(0, "content");
  const watcher = stockClient(url, "other");
  await see([watcher], "content");
  let lostConnections = 0;
  for (const { provider } of [...writers, reader]) whenConnectionCloses(provider, () => (lostConnections += 1));
  store.writes.fail(diskError("ENOSPC"));
  for (let i = 0; i < 30; i++) for (const { text } of writers) text.insert(0, "x".repeat(size));
  await store.writes.met(4);
  // What one read from a socket gives is taken whole, no more.
  expect(store.lastWriteBytes).toBeGreaterThan(budget / 2);
  expect(store.lastWriteBytes).toBeLessThan(budget + writers.length * (size + socketReadBytes));
  watcher.provider.awareness.setLocalStateField("here", true);
  expect(await textOnServer(url, "other")).toBe("content");
  // Not read from is not thrown out.
  expect(lostConnections).toBe(0);
  store.heal();
  await Promise.all(writers.map(({ doc, text }) => until(doc, () => text.length === 90 * size)));
  expect((await textOnServer(url, "d")).length).toBe(90 * size);
});

/** Comes, sends an edit of its own, and goes once the server has read it, or does not read. */
async function visit(url: string, bytes: number): Promise<void> {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "x".repeat(bytes));
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send(encodeYWebsocketMessage({ type: "update", update: Y.encodeStateAsUpdate(doc) }));
  socket.ping();
  const isRead = new Promise<void>((resolve) => socket.once("pong", () => resolve()));
  await Promise.race([isRead, new Promise((resolve) => setTimeout(resolve, 50))]);
  socket.terminate();
}

test("writers who come back again and again while the store refuses do not get past the byte budget", async () => {
  const budget = 100_000;
  const { url, store } = await faultyServer({
    timers: fastTimers,
    limits: { maxBacklogBytes: budget, readOnlyAllowanceMs: 600_000 },
  });
  const first = stockClient(url, "d");
  await synced(first);
  store.writes.fail(diskError("EIO"));
  first.text.insert(0, "x");
  await store.writes.met();
  for (let i = 0; i < 20; i++) await visit(`${url}/d`, 40_000);
  await store.writes.met(1);
  expect(store.lastWriteBytes).toBeLessThan(budget + 2 * socketReadBytes);
  store.heal();
});

for (const fault of ["fails", "hangs"] as const) {
  test(`a server whose store ${fault} stops within its limit, and nothing that was not written was acknowledged`, async () => {
    const { url, store, server } = await faultyServer({ timers: fastTimers });
    const author = synclineClient(url, "d");
    await synced(author);
    author.text.insert(0, "written");
    await author.provider.whenDurable();
    if (fault === "fails") store.writes.fail(diskError("EIO"));
    else store.writes.hold();
    const met = store.writes.met();
    author.text.insert(7, " not written");
    await met;
    const limit = new Promise<string>((resolve) => setTimeout(() => resolve("too late"), 1_500).unref());
    expect(await Promise.race([server.close().then(() => "closed"), limit])).toBe("closed");
    expect(author.provider.saveState.durable).toBe(1);
    const after = await serverOn(await store.afterPowerCut());
    expect(await textOnServer(after.url, "d")).toBe("written");
  });
}
