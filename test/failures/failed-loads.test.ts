/** Promise 3: a load that fails, or takes long, never becomes an empty document. */
import { expect, test } from "vitest";
import { stockClient, synced, synclineClient, textOnServer, until, type Client } from "../support/clients.js";
import { diskError, type KeyKind } from "../support/faulty-store.js";
import { closeCode, faultyServer, type FaultyServer } from "../support/faulty-server.js";
import { Speaker } from "../support/speaker.js";

const whole = `${Array.from({ length: 40 }, (_, index) => `${index} `).join("")}and the tail`;

/** A server with nothing in memory, on a store in which the document "d" is compacted and has records after that. */
async function serverWithDocument(): Promise<FaultyServer> {
  const before = await faultyServer({ limits: { compactAboveBytes: 500 } });
  const author = synclineClient(before.url, "d");
  await synced(author);
  for (let index = 0; index < 40; index++) {
    author.text.insert(author.text.length, `${index} `);
    await author.provider.whenDurable();
  }
  await before.log.says(/^compacted/);
  author.text.insert(author.text.length, "and the tail");
  await author.provider.whenDurable();
  author.destroy();
  await before.close();
  return faultyServer({ limits: { unloadAfterMs: 0 } }, before.directory);
}

/** What a client held at the moment it first took itself to be in step. */
function textWhenSynced({ provider, text }: Client): Promise<string> {
  return new Promise((resolve) => {
    const look = (isSynced: boolean) => isSynced && resolve(text.toString());
    if ("whenDurable" in provider) provider.on("sync", look);
    else provider.on("sync", look);
  });
}

test.each<KeyKind>(["pointer", "contents", "record", "segment"])(
  "when the %s cannot be read clients are sent away for a while, see nothing, and get everything when it can",
  async (kind) => {
    const { url, store, server } = await serverWithDocument();
    const before = await server.documents.inspect("d");
    const writesBefore = store.writeCount;
    store.reads.fail(diskError("EIO"), { kinds: [kind] });
    const stock = stockClient(url, "d");
    const stockText = textWhenSynced(stock);
    expect(await closeCode(stock)).toBe(4500);
    const speaker = await Speaker.open(url, "d");
    const { code } = await Promise.race([speaker.hears("refused"), speaker.hears("close")]);
    expect(code).toBe(4500);
    expect(speaker.heard.some(({ type }) => type === "synced")).toBe(false);
    const own = synclineClient(url, "d");
    const ownText = textWhenSynced(own);
    await store.reads.met(2);
    expect([own.provider.synced, stock.provider.synced]).toEqual([false, false]);
    expect(store.writeCount).toBe(writesBefore);
    store.heal();
    expect(await Promise.all([stockText, ownText])).toEqual([whole, whole]);
    expect(await server.documents.inspect("d")).toEqual(before);
  },
);

test("of twenty clients who come at once to a document that loads slowly none sees it empty", async () => {
  const { url, store } = await serverWithDocument();
  store.reads.hold({ kinds: ["pointer"] });
  const isMet = store.reads.met();
  const clients = Array.from({ length: 20 }, (_, index) => (index % 2 ? stockClient : synclineClient)(url, "d"));
  const seen = clients.map(textWhenSynced);
  await isMet;
  const late = Array.from({ length: 4 }, (_, index) => (index % 2 ? stockClient : synclineClient)(url, "d"));
  seen.push(...late.map(textWhenSynced));
  await Promise.all([...clients, ...late].map(connected));
  expect([...clients, ...late].some(({ provider, text }) => provider.synced || text.length > 0)).toBe(false);
  store.heal();
  expect(new Set(await Promise.all(seen))).toEqual(new Set([whole]));
  // One load for all of them.
  expect(store.reads.heldCount).toBe(1);
});

async function connected({ provider }: Client): Promise<void> {
  if (provider.wsconnected) return;
  await new Promise<void>((resolve) => {
    const look = ({ status }: { readonly status: string }) => status === "connected" && resolve();
    if ("whenDurable" in provider) provider.on("status", look);
    else provider.on("status", look);
  });
}

test("edits that clients sent to a document whose load then failed are kept by them, and not made the start of an empty log", async () => {
  const { url, store, server } = await serverWithDocument();
  const { generation, seq } = await server.documents.inspect("d");
  store.reads.hold();
  const isMet = store.reads.met();
  const [stock, own] = [stockClient(url, "d"), synclineClient(url, "d")];
  stock.text.insert(0, "stock ");
  own.text.insert(0, "own ");
  await Promise.all([isMet, connected(stock), connected(own)]);
  const writesBefore = store.writeCount;
  const closed = closeCode(stock);
  store.reads.fail(diskError("EIO"));
  expect(await closed).toBe(4500);
  await store.reads.met(2);
  expect(store.writeCount).toBe(writesBefore);
  expect(own.provider.pending.count).toBe(1);
  store.heal();
  await own.provider.whenDurable();
  await until(own.doc, () => own.text.length === whole.length + 10);
  const text = await textOnServer(url, "d");
  for (const part of [whole, "stock ", "own "]) expect(text).toContain(part);
  const after = await server.documents.inspect("d");
  expect(after.generation).toBe(generation);
  expect(after.seq).toBeGreaterThan(seq);
});

test("a document whose existence cannot be made out is not taken for a new one", async () => {
  const { url, store, server } = await faultyServer();
  const writesBefore = store.writeCount;
  store.reads.fail(diskError("EIO"), { kinds: ["tombstone"] });
  const stock = stockClient(url, "new");
  stock.text.insert(0, "first");
  expect(await closeCode(stock)).toBe(4500);
  expect(store.writeCount).toBe(writesBefore);
  store.heal();
  const reader = stockClient(url, "new");
  await until(reader.doc, () => reader.text.toString() === "first");
  expect((await server.documents.inspect("new")).seq).toBe(1);
});

test("a read that fails while a client is being sent the document does not leave it half empty and in step", async () => {
  const { url, store } = await serverWithDocument();
  const first = stockClient(url, "d");
  await synced(first);
  store.reads.fail(diskError("EIO"), { kinds: ["segment"], times: 1 });
  const [one, two] = [stockClient(url, "d"), synclineClient(url, "d")];
  expect(await Promise.all([one, two].map(textWhenSynced))).toEqual([whole, whole]);
});
