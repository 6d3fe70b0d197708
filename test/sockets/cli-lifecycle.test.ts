/** What clients see of commands while they are connected: backups, deletions, repairs. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LevelKeyValueStore, openLevelDatabase } from "@syncline/server/engine";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import {
  type Client,
  stockClient,
  synced,
  type SynclineClient,
  synclineClient,
  textOnServer,
  until,
  whenConnectionCloses,
} from "../support/clients.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { outputOf, syncline } from "./cli-outcome.js";

function nextClose({ provider }: Client): Promise<number | undefined> {
  return new Promise((resolve) => whenConnectionCloses(provider, resolve));
}

/** Resolves with the code of a permanent close. */
function closedForGood({ provider }: SynclineClient): Promise<number> {
  return new Promise((resolve) => provider.on("closed", ({ code }) => resolve(code)));
}

async function both(url: string, name: string): Promise<[Client, SynclineClient]> {
  const clients: [Client, SynclineClient] = [stockClient(url, name), synclineClient(url, name)];
  await Promise.all(clients.map(synced));
  return clients;
}

test("a backup that is made while two clients type is the document at one moment, and can be served", async () => {
  const data = await tempDirectory();
  const server = await startServerProcess(data);
  const [stock, own] = await both(server.url, "typed");
  stock.text.insert(0, "before. ");
  await until(own.doc, () => own.text.toString() === "before. ");
  let isDone = false;
  const copy = join(await tempDirectory(), "copy");
  const backup = outputOf(["backup", copy, "--data", data]).finally(() => (isDone = true));
  let typed = 0;
  while (!isDone) {
    stock.text.insert(stock.text.length, `s${typed}.`);
    own.doc.getText("other").insert(0, `o${typed}.`);
    typed += 1;
    await until(own.doc, () => own.text.toString().endsWith(`s${typed - 1}.`));
  }
  await backup;
  const second = await startServerProcess(copy);
  const kept = await textOnServer(second.url, "typed");
  expect(kept.startsWith("before. ")).toBe(true);
  expect(own.text.toString().startsWith(kept)).toBe(true);
  // Whoever was on the first server can go on with the second.
  const moved = synclineClient(second.url, "typed", own.doc);
  await synced(moved);
  await moved.provider.whenDurable();
  expect(await textOnServer(second.url, "typed")).toBe(own.text.toString());
  expect(await outputOf(["verify", "--data", copy])).toBe("1 document, 0 with problems\n");
});

test("what an interrupted backup left is replaced by the next", async () => {
  const data = await written(["kept"]);
  const copy = join(await tempDirectory(), "copy");
  await mkdir(`${copy}.unfinished`);
  await writeFile(join(`${copy}.unfinished`, "CURRENT"), "half of it");
  await outputOf(["backup", copy, "--data", data]);
  expect(await outputOf(["list", "--data", copy])).toBe(await outputOf(["list", "--data", data]));
});

describe("a document that is deleted", () => {
  test("is closed with 4404 for all, and stays so for who comes back", async () => {
    const data = await tempDirectory();
    const server = await startServerProcess(data);
    const [stock, own] = await both(server.url, "gone");
    const away = synclineClient(server.url, "gone");
    await synced(away);
    stock.text.insert(0, "content");
    await Promise.all([own, away].map((client) => until(client.doc, () => client.text.toString() === "content")));
    away.provider.disconnect();
    const closes = [nextClose(stock), closedForGood(own)];
    await outputOf(["delete", "gone", "--data", data, "--yes"]);
    expect(await Promise.all(closes)).toEqual([4404, 4404]);
    stock.destroy();
    expect(await nextClose(stockClient(server.url, "gone", stock.doc))).toBe(4404);
    const returned = closedForGood(away);
    away.provider.connect();
    expect(await returned).toBe(4409);
    expect(await outputOf(["list", "--data", data])).toBe("");
  });

  test("and made anew is another one: it is empty, and old content does not come back into it", async () => {
    const data = await tempDirectory();
    const server = await startServerProcess(data);
    const away = synclineClient(server.url, "again");
    await synced(away);
    away.text.insert(0, "old");
    await away.provider.whenDurable();
    away.provider.disconnect();
    await outputOf(["delete", "again", "--data", data, "--yes"]);
    await outputOf(["recreate", "again", "--data", data]);
    const [stock, own] = await both(server.url, "again");
    expect([stock.text.toString(), own.text.toString()]).toEqual(["", ""]);
    own.text.insert(0, "new");
    await until(stock.doc, () => stock.text.toString() === "new");
    const returned = closedForGood(away);
    away.provider.connect();
    expect(await returned).toBe(4409);
    expect(await textOnServer(server.url, "again")).toBe("new");
  });
});

/** Changes one bit in the last record of a document: what a failing disk does. */
async function damage(data: string, name: string): Promise<void> {
  const db = await openLevelDatabase(data);
  const store = new LevelKeyValueStore(db);
  const prefix = Buffer.from(`r${name}\0`);
  let last: readonly [Uint8Array, Uint8Array] | undefined;
  for await (const entries of store.entries({ gte: prefix, lt: Buffer.from(`r${name}\u0001`) }, 100))
    last = entries.at(-1);
  if (!last) throw new Error(`${name} has no record`);
  const [key, value] = last;
  value[value.length - 1] = (value.at(-1) ?? 0) ^ 0x10;
  const batch = store.batch();
  batch.put(key, value);
  await batch.write({ sync: true });
  await db.close();
}

/** Each document has a record a word. */
async function written(names: readonly string[]): Promise<string> {
  const data = await tempDirectory();
  const server = await startServerProcess(data);
  for (const name of names) {
    const author = synclineClient(server.url, name);
    await synced(author);
    for (const word of ["one ", "two ", "three "]) {
      author.text.insert(author.text.length, word);
      await author.provider.whenDurable();
    }
    author.destroy();
  }
  await server.stop("SIGTERM");
  return data;
}

describe("a record in which a bit has changed", () => {
  test.each([
    ["with no server", false],
    ["through a server", true],
  ])("is found and set aside by verify, %s", async (_, isServed) => {
    const data = await written(["broken", "sound"]);
    await damage(data, "broken");
    if (isServed) await startServerProcess(data);
    const list = await outputOf(["list", "--data", data]);
    expect(list).toMatch(/^broken\t-\t-\t-\tdamaged\nsound\t3\t0\t\d+\tok\n$/);
    const found = await syncline(["verify", "--data", data]);
    const problem = "record 3: a stored value does not match its checksum\n";
    expect(found.output).toBe(`broken: ${problem}2 documents, 1 with problems\n`);
    expect(found.errors).toContain("--repair");
    expect(found.exitCode).toBe(1);
    const repaired = await outputOf(["verify", "--repair", "--data", data]);
    expect(repaired).toBe(`broken: set aside ${problem}2 documents, 0 with problems, 1 repaired\n`);
    expect(await outputOf(["verify", "--data", data])).toBe("2 documents, 0 with problems\n");
    expect(await outputOf(["list", "--data", data])).toMatch(/^broken\t.*\tdegraded\nsound\t.*\tok\n$/);
    expect(await outputOf(["inspect", "broken", "--data", data])).toMatch(
      /1 piece set aside\n {2}\S+Z record 3: a stored/,
    );
    const { bytes } = await syncline(["export", "broken", "--data", data]);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, bytes);
    expect(doc.getText("text").toString()).toBe("one two ");
  });

  test("shows in the metrics and at /ready while somebody has the document open", async () => {
    const data = await written(["broken"]);
    await damage(data, "broken");
    const server = await startServerProcess(data);
    const client = stockClient(server.url, "broken");
    await synced(client);
    expect(client.text.toString()).toBe("one two ");
    const http = `http://127.0.0.1:${server.port}`;
    expect(await (await fetch(`${http}/metrics`)).text()).toContain("syncline_rooms_degraded 1\n");
    const ready = await fetch(`${http}/ready`);
    expect([ready.status, await ready.text()]).toEqual([
      200,
      expect.stringMatching(/^ready\ndegraded documents in use: 1;/),
    ]);
    expect(await (await fetch(http)).text()).toContain("degraded documents in use: 1;");
  });
});
