/** What is nothing new costs nothing, and a history does not make opening slow. */
import { MemoryStorage, startServer, type AppendEntry, type SynclineServer } from "@syncline/server";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import * as Y from "yjs";
import { stockClient, synced, synclineClient, until, whenConnectionCloses } from "../support/clients.js";
import { tempDirectory } from "../support/temp-directory.js";

/** Counts what is written. */
class CountingStorage extends MemoryStorage {
  appendedBytes = 0;
  snapshotCount = 0;
  #onSnapshot: (() => void)[] = [];

  override append(entries: readonly AppendEntry[]): Promise<number[]> {
    for (const { updates } of entries) for (const update of updates) this.appendedBytes += update.length;
    return super.append(entries);
  }

  override async replaceSnapshot(...args: Parameters<MemoryStorage["replaceSnapshot"]>) {
    const pointer = await super.replaceSnapshot(...args);
    this.snapshotCount += 1;
    for (const resolve of this.#onSnapshot.splice(0)) resolve();
    return pointer;
  }

  async nextSnapshot(): Promise<void> {
    await new Promise<void>((resolve) => this.#onSnapshot.push(resolve));
  }
}

async function start(data: MemoryStorage, limits = {}): Promise<SynclineServer> {
  const server = await startServer({ port: 0, data, limits });
  onTestFinished(() => server.close());
  return server;
}

/** A document as people leave it: typed, corrected, formatted, with a map. */
function usedDocument(): Y.Doc {
  const doc = new Y.Doc();
  const text = doc.getText("text");
  for (let i = 0; i < 300; i++) text.insert(text.length, `word ${i} `);
  for (let i = 0; i < 100; i++) text.delete(i * 3, 2);
  text.format(5, 50, { bold: true });
  for (let i = 0; i < 50; i++) doc.getMap("map").set(`key ${i % 7}`, i);
  return doc;
}

test("200 opens by clients that already have the document, and 200 by readers, write nothing", async () => {
  const storage = new CountingStorage();
  const server = await start(storage);
  const author = synclineClient(server.url, "read", usedDocument());
  await author.provider.whenDurable();
  const written = storage.appendedBytes;
  expect(written).toBeGreaterThan(0);
  for (let i = 0; i < 100; i++) {
    for (const open of [stockClient, synclineClient]) {
      const copy = new Y.Doc();
      Y.applyUpdate(copy, Y.encodeStateAsUpdate(author.doc));
      const [returning, reader] = [open(server.url, "read", copy), open(server.url, "read")];
      await Promise.all([synced(returning), synced(reader)]);
      expect(reader.text.toString()).toBe(author.text.toString());
      if ("whenDurable" in returning.provider) await returning.provider.whenDurable();
      returning.destroy();
      reader.destroy();
    }
  }
  // All that any of them sent has been handled: what comes after it is written.
  author.text.insert(0, "!");
  await author.provider.whenDurable();
  const oneEdit = storage.appendedBytes - written;
  expect(oneEdit).toBeGreaterThan(0);
  expect(oneEdit).toBeLessThan(40);
});

test("a client that returns with one new letter has one letter stored, not its whole delete set", async () => {
  const storage = new CountingStorage();
  const server = await start(storage);
  const author = synclineClient(server.url, "letter", usedDocument());
  await author.provider.whenDurable();
  const written = storage.appendedBytes;
  const returning = new Y.Doc();
  Y.applyUpdate(returning, Y.encodeStateAsUpdate(author.doc));
  returning.getText("text").insert(0, "x");
  stockClient(server.url, "letter", returning);
  await until(author.doc, () => author.text.toString().startsWith("x"));
  expect(storage.appendedBytes - written).toBeLessThan(40);
});

test("a long history is folded into a snapshot while people type, and a later reader gets all of it", async () => {
  const storage = new CountingStorage();
  const server = await start(storage, { compactAboveBytes: 10_000, tailCacheBytes: 4_000, segmentCacheBytes: 1 });
  const author = synclineClient(server.url, "folded");
  const reader = stockClient(server.url, "folded");
  await Promise.all([synced(author), synced(reader)]);
  const snapshots = storage.nextSnapshot();
  for (let i = 0; i < 2_000; i++) {
    author.text.insert(i % 2 === 0 ? author.text.length : 0, String(i % 10));
    if (i % 50 === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  await author.provider.whenDurable();
  await snapshots;
  const late = stockClient(server.url, "folded");
  await synced(late);
  expect(late.text.toString()).toBe(author.text.toString());
  await until(reader.doc, () => reader.text.length === 2_000);
  expect(reader.text.toString()).toBe(author.text.toString());
  expect(storage.snapshotCount).toBeGreaterThan(0);

  // One that has an early part of it gets the rest, whether the server works out a difference or sends all.
  const early = new Y.Doc();
  early.clientID = author.doc.clientID;
  const half = synclineClient(server.url, "folded");
  await synced(half);
  half.provider.disconnect();
  for (let i = 0; i < 100; i++) author.text.insert(0, "z");
  await author.provider.whenDurable();
  half.provider.connect();
  await until(half.doc, () => half.text.length === author.text.length);
  expect(half.text.toString()).toBe(author.text.toString());
});

test("a heavy edit passes, also when the log was folded since the worker last saw it", async () => {
  const storage = new CountingStorage();
  const server = await start(storage, { compactAboveBytes: 1_000 });
  const [author, reader] = [stockClient(server.url, "heavy"), stockClient(server.url, "heavy")];
  await Promise.all([synced(author), synced(reader)]);
  let lostConnections = 0;
  whenConnectionCloses(author.provider, () => (lostConnections += 1));
  const arrives = (text: string) => {
    author.text.insert(author.text.length, text);
    return until(reader.doc, () => reader.text.length === author.text.length);
  };
  const folded = storage.nextSnapshot();
  await arrives("x".repeat(70_000));
  await folded;
  // With this commit the room lets go of what is in the snapshot now.
  await arrives("light");
  await arrives("y".repeat(70_000));
  expect(reader.text.toString()).toBe(author.text.toString());
  expect(lostConnections).toBe(0);
});

test("100,000 single characters come to at most 1.5 times what Yjs needs for the document, on the disk too", async () => {
  const data = await tempDirectory();
  const server = await startServer({ port: 0, data, limits: { unloadAfterMs: 0 } });
  onTestFinished(() => server.close());
  const author = synclineClient(server.url, "grown");
  await synced(author);
  for (let i = 0; i < 100_000; i++) {
    author.text.insert(i % 7 === 0 ? 0 : author.text.length, String(i % 10));
    if (i % 500 === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  await author.provider.whenDurable();
  author.destroy();
  const needed = Y.encodeStateAsUpdate(author.doc).length;
  // It is folded in the background, the last time when the room is let go.
  const stored = await folded(server, "grown");
  expect(stored).toBeLessThanOrEqual(1.5 * needed);
  await server.close();
  // LevelDB keeps a log of up to 4 MiB besides.
  expect(await bytesIn(data)).toBeLessThan(1.5 * needed + 5 * 1024 * 1024);
  expect((await readBack(data, "grown")).toString()).toBe(author.text.toString());
});

/** Bytes of snapshot and log, once no more of it is being folded. */
async function folded(server: SynclineServer, name: string): Promise<number> {
  const bytesOf = async () => {
    const { snapshotBytes, recordBytes } = await server.documents.inspect(name);
    return snapshotBytes + recordBytes;
  };
  const before = await bytesOf();
  return vi.waitUntil(async () => (await bytesOf()) < before && bytesOf(), { timeout: 20_000, interval: 50 });
}

async function bytesIn(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function readBack(data: string, name: string): Promise<Y.Text> {
  const server = await startServer({ port: 0, data });
  onTestFinished(() => server.close());
  const doc = new Y.Doc();
  Y.applyUpdate(doc, await server.documents.export(name));
  return doc.getText("text");
}

test("a room that everybody has left is let go, and opened again as it was", async () => {
  const server = await start(new CountingStorage(), { unloadAfterMs: 0 });
  for (let round = 0; round < 20; round++) {
    const client = synclineClient(server.url, "come and go");
    await synced(client);
    expect(client.text.length).toBe(round);
    client.text.insert(0, "x");
    await client.provider.whenDurable();
    client.destroy();
  }
});
