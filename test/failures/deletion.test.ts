/** Promise 6: what was deleted or replaced does not come back with who still holds it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import {
  stockClient,
  synced,
  synclineClient,
  textOnServer,
  until,
  whenConnectionCloses,
  type SynclineClient,
} from "../support/clients.js";
import { diskError } from "../support/faulty-store.js";
import { tempDirectory } from "../support/temp-directory.js";
import { closeCode, faultyServer, listed, stopped } from "../support/faulty-server.js";
import { Speaker } from "../support/speaker.js";

async function author(url: string, text: string, doc = new Y.Doc()): Promise<SynclineClient> {
  const client = synclineClient(url, "d", doc);
  await synced(client);
  client.text.insert(0, text);
  await client.provider.whenDurable();
  return client;
}

test("clients of both dialects are closed with 4404, and cannot bring the document back", async () => {
  const { url, server } = await faultyServer();
  const own = await author(url, "content");
  const stock = stockClient(url, "d");
  await until(stock.doc, () => stock.text.toString() === "content");
  const codes = Promise.all([stopped(own), closeCode(stock)]);
  await server.documents.delete("d");
  expect(await codes).toEqual([4404, 4404]);
  // Stock clients before 3.1 come back by themselves, with all they have.
  const stockReturning = closeCode(stock);
  (stock.provider as WebsocketProvider).connect();
  expect(await stockReturning).toBe(4404);
  const returning = stopped(own);
  own.provider.connect();
  expect(await returning).toBe(4409);
  const fresh = stopped(synclineClient(url, "d"));
  expect(await fresh).toBe(4404);
  expect(await listed(server)).toEqual([]);
});

test("a document created anew is empty, works, and is none of those who hold the old one", async () => {
  const { url, server } = await faultyServer();
  const own = await author(url, "old");
  const { generation } = await server.documents.inspect("d");
  const gone = stopped(own);
  await server.documents.delete("d");
  await gone;
  await server.documents.recreate("d");
  const next = await author(url, "new");
  expect(next.text.toString()).toBe("new");
  const returning = stopped(own);
  own.provider.connect();
  expect(await returning).toBe(4409);
  expect(own.text.toString()).toBe("old");
  expect(await textOnServer(url, "d")).toBe("new");
  expect((await server.documents.inspect("d")).generation).not.toBe(generation);
  await expect(server.documents.recreate("d")).rejects.toMatchObject({ code: "document-exists" });
});

test("a deletion while a commit is under way waits for it, and nothing of the commit is left", async () => {
  const { url, server, store } = await faultyServer();
  const own = await author(url, "content");
  const gone = stopped(own);
  store.writes.hold({ kinds: ["record"], times: 1 });
  const isHeld = store.writes.met();
  own.text.insert(0, "in flight ");
  await isHeld;
  let isDeleted = false;
  const deleted = server.documents.delete("d").then(() => (isDeleted = true));
  const late = stockClient(url, "d");
  const lateCode = closeCode(late);
  // Long enough for a deletion that did not wait.
  expect(await textOnServer(url, "other")).toBe("");
  expect(isDeleted).toBe(false);
  store.heal();
  await deleted;
  expect([await gone, await lateCode]).toEqual([4404, 4404]);
  await server.documents.recreate("d");
  expect(await textOnServer(url, "d")).toBe("");
  expect((await server.documents.inspect("d")).seq).toBe(0);
});

test("a deletion that the store refuses says so, and the document goes on with everything, for everybody", async () => {
  const { url, server, store } = await faultyServer({ limits: { readOnlyAllowanceMs: 60_000 } });
  const own = await author(url, "content");
  const stock = stockClient(url, "d");
  await until(stock.doc, () => stock.text.toString() === "content");
  let isStopped = false;
  void stopped(own).then(() => (isStopped = true));
  const codes: (number | undefined)[] = [];
  whenConnectionCloses(stock.provider, (code) => codes.push(code));
  store.writes.fail(diskError("EIO"));
  const failed = store.writes.met();
  own.text.insert(7, ", edited");
  await failed;
  await expect(server.documents.delete("d")).rejects.toThrow();
  store.heal();
  await own.provider.whenDurable();
  await until(stock.doc, () => stock.text.toString() === "content, edited");
  expect(isStopped).toBe(false);
  expect(codes).not.toContain(4404);
  expect(await textOnServer(url, "d")).toBe("content, edited");
});

test("a deletion while the document is compacted leaves nothing of it", async () => {
  const { url, server, store, log } = await faultyServer({ limits: { compactAboveBytes: 500 } });
  store.writes.hold({ kinds: ["segment"] });
  const isHeld = store.writes.met();
  const own = synclineClient(url, "d");
  await synced(own);
  for (let index = 0; index < 30; index++) {
    own.text.insert(0, `${index} `);
    await own.provider.whenDurable();
  }
  await isHeld;
  const gone = stopped(own);
  const deleted = server.documents.delete("d");
  store.heal();
  await deleted;
  expect(await gone).toBe(4404);
  await log.says(/compact/);
  await server.documents.recreate("d");
  expect(await textOnServer(url, "d")).toBe("");
  expect(await server.documents.inspect("d")).toMatchObject({ seq: 0, segments: [], quarantine: [] });
});

test("a deletion while the document is being loaded reaches who was waiting for it", async () => {
  const first = await faultyServer();
  const own = await author(first.url, "content");
  await first.close();
  own.destroy();
  const { url, server, store } = await faultyServer({}, first.directory);
  store.reads.hold({ kinds: ["record"] });
  const isHeld = store.reads.met();
  const [stock, fresh] = [stockClient(url, "d"), synclineClient(url, "d")];
  const codes = Promise.all([closeCode(stock), stopped(fresh)]);
  await isHeld;
  const deleted = server.documents.delete("d");
  store.heal();
  await deleted;
  expect(await codes).toEqual([4404, 4404]);
  expect(await listed(server)).toEqual([]);
});

test("a client with the old generation is refused before anything is merged, deleted or created anew", async () => {
  const { url, server } = await faultyServer();
  await author(url, "content");
  const { generation } = await server.documents.inspect("d");
  await server.documents.delete("d");
  const whileDeleted = await Speaker.open(url, "d", { generation });
  expect((await whileDeleted.hears("refused")).code).toBe(4409);
  await server.documents.recreate("d");
  const afterwards = await Speaker.open(url, "d", { generation });
  expect((await afterwards.hears("refused")).code).toBe(4409);
});

test("a deletion that was reported survives kill -9 in the same moment, three times of three", async () => {
  const data = await tempDirectory();
  for (let round = 0; round < 3; round++) {
    const child = fork(fileURLToPath(new URL("deleting-server.mjs", import.meta.url)), [data, `d${round}`]);
    onTestFinished(() => void child.kill("SIGKILL"));
    const [said] = (await once(child, "message")) as [string];
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(said).toBe("deleted");
  }
  const { url, server } = await faultyServer({}, data);
  expect(await listed(server)).toEqual(["kept"]);
  for (let round = 0; round < 3; round++) expect(await closeCode(stockClient(url, `d${round}`))).toBe(4404);
}, 60_000);

test("after the data directory was wiped a client that holds the old generation is refused; nothing is doubled or blanked", async () => {
  const before = await faultyServer();
  const own = await author(before.url, "content");
  const { port } = before.server;
  await before.close();
  own.text.insert(7, ", offline");
  const refused = stopped(own);
  const { url, server } = await faultyServer({ port });
  expect(await refused).toBe(4409);
  expect(own.text.toString()).toBe("content, offline");
  expect(await textOnServer(url, "d")).toBe("");
  expect(await listed(server)).toEqual([]);
  // Somebody else begins a new document under that name: the old content does not get in.
  const other = await author(url, "other");
  const again = stopped(own);
  own.provider.connect();
  expect(await again).toBe(4409);
  expect([own.text.toString(), other.text.toString()]).toEqual(["content, offline", "other"]);
  expect(await textOnServer(url, "d")).toBe("other");
});

test("an import that replaces a document sends its members away with 4409; who comes anew gets the import alone", async () => {
  const { url, server } = await faultyServer();
  const own = await author(url, "before");
  const gone = stopped(own);
  const source = new Y.Doc();
  source.getText("text").insert(0, "imported");
  const updates = [Y.encodeStateAsUpdate(source)];
  await expect(server.documents.import("d", updates)).rejects.toMatchObject({ code: "document-exists" });
  await server.documents.import("d", updates, { replace: true });
  expect(await gone).toBe(4409);
  own.text.insert(0, "offline ");
  const again = stopped(own);
  own.provider.connect();
  expect(await again).toBe(4409);
  expect(own.text.toString()).toBe("offline before");
  expect(await textOnServer(url, "d")).toBe("imported");
});

test("an import that dies half-way leaves no document, also when somebody looks, and can be run again", async () => {
  const { url, server, store } = await faultyServer();
  const source = new Y.Doc();
  source.getText("text").insert(0, "imported");
  const updates = [Y.encodeStateAsUpdate(source)];
  store.writes.fail(diskError("EIO"), { kinds: ["pointer"] });
  await expect(server.documents.import("d", updates)).rejects.toThrow();
  store.heal();
  expect(await textOnServer(url, "d")).toBe("");
  expect(await listed(server)).toEqual([]);
  await server.documents.import("d", updates);
  const reader = stockClient(url, "d");
  await until(reader.doc, () => reader.text.toString() === "imported");
  expect((await server.documents.inspect("d")).quarantine).toEqual([]);
});

test("an import that dies while it replaces a document leaves the document as it was", async () => {
  const { url, server, store } = await faultyServer();
  const own = await author(url, "before");
  const { generation } = await server.documents.inspect("d");
  const source = new Y.Doc();
  source.getText("text").insert(0, "imported");
  const updates = [Y.encodeStateAsUpdate(source)];
  let isStopped = false;
  void stopped(own).then(() => (isStopped = true));
  store.writes.fail(diskError("ENOSPC"), { kinds: ["pointer"] });
  await expect(server.documents.import("d", updates, { replace: true })).rejects.toThrow();
  store.heal();
  own.text.insert(6, " and after");
  await own.provider.whenDurable();
  expect(isStopped).toBe(false);
  expect(await textOnServer(url, "d")).toBe("before and after");
  expect(await server.documents.inspect("d")).toMatchObject({ generation, quarantine: [] });
});
