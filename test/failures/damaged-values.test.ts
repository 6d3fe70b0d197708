/** Promise 4: what is damaged in a store is set aside and said; the rest of its document, and all others, are served. */
import { afterAll, beforeAll, expect, test } from "vitest";
import * as Y from "yjs";
import { synced, synclineClient, until } from "../support/clients.js";
import { closeCode, faultyServer, listed, type FaultyServer } from "../support/faulty-server.js";
import {
  contentOnServer,
  copyOf,
  entryUpdate,
  flipByteOf,
  inDatabase,
  keysOf,
  makeStore,
  openDocument,
  put,
  remove,
  storedNames,
  wholeContent,
  type StoredName,
} from "./stored.js";
import { stockClient } from "../support/clients.js";
import type { KeyKind } from "../support/faulty-store.js";

let made: Awaited<ReturnType<typeof makeStore>>;
beforeAll(async () => {
  made = await makeStore();
});
afterAll(() => made.remove());

type Damage = "a byte changed" | "missing";

/** A server on a copy of the store in which one value is damaged. */
async function serverWithDamage(damage: Damage, kind: KeyKind, name: string, place: number): Promise<FaultyServer> {
  const directory = await copyOf(made.directory);
  await inDatabase(directory, async (store) => {
    const keys = await keysOf(store, kind, name);
    const key = keys.at(place) as Uint8Array;
    expect(key).toBeDefined();
    await (damage === "missing" ? remove(store, key) : flipByteOf(store, key));
  });
  return faultyServer({ limits: { unloadAfterMs: 0 } }, directory);
}

async function expectOthersWhole(url: string, damaged: string): Promise<void> {
  // "large" takes its time.
  const others = storedNames.filter((name) => name !== damaged && name !== "large");
  const contents = await Promise.all(others.map((name) => contentOnServer(url, name)));
  for (const [index, name] of others.entries()) expect(contents[index]).toEqual(wholeContent(name));
}

/** Edits, has it acknowledged, and finds it again after the room was let go and the server restarted. */
async function expectUsable({ url, close, directory }: FaultyServer, name: string): Promise<void> {
  const before = await contentOnServer(url, name);
  const author = synclineClient(url, name);
  await synced(author);
  author.doc.getMap("map").set("edited", true);
  await author.provider.whenDurable();
  author.destroy();
  expect(await contentOnServer(url, name)).toEqual({ ...before, edited: true });
  await close();
  const again = await faultyServer({}, directory);
  expect(await contentOnServer(again.url, name)).toEqual({ ...before, edited: true });
}

function without(name: StoredName, ...lost: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(wholeContent(name)).filter(([key]) => !lost.includes(key)));
}

interface Case {
  readonly title: string;
  readonly damage: Damage;
  readonly kind: KeyKind;
  readonly name: StoredName;
  readonly place: number;
  readonly left: () => Record<string, unknown>;
  /** What the quarantine says, of what. */
  readonly origin: RegExp;
}

const changed: Damage = "a byte changed";
const cases: readonly Case[] = [
  { title: "a record in the middle", damage: changed, kind: "record", name: "records", place: 4, left: () => without("records", "k4"), origin: /^record 5$/ },
  { title: "the first record", damage: changed, kind: "record", name: "records", place: 0, left: () => without("records", "k0"), origin: /^record 1$/ },
  { title: "the last record", damage: changed, kind: "record", name: "records", place: -1, left: () => without("records", "k11"), origin: /^record 12$/ },
  { title: "a record after a snapshot", damage: changed, kind: "record", name: "compacted", place: 2, left: () => without("compacted", "k8"), origin: /^record 4$/ },
  { title: "the only segment", damage: changed, kind: "segment", name: "compacted", place: 0, left: () => without("compacted", "k0", "k1", "k2", "k3", "k4", "k5"), origin: /^segment 0/ },
  { title: "the contents of a document without records", damage: changed, kind: "contents", name: "folded", place: 0, left: () => wholeContent("folded"), origin: /contents/ },
  { title: "the pointer of a document of records", damage: changed, kind: "pointer", name: "records", place: 0, left: () => wholeContent("records"), origin: /pointer/ },
  { title: "the pointer of a document with a snapshot", damage: changed, kind: "pointer", name: "compacted", place: 0, left: () => wholeContent("compacted"), origin: /pointer/ },
  { title: "the pointer of a document without records", damage: changed, kind: "pointer", name: "folded", place: 0, left: () => wholeContent("folded"), origin: /pointer/ },
  { title: "a record in the middle", damage: "missing", kind: "record", name: "records", place: 4, left: () => without("records", "k4"), origin: /^a record between 4 and 6$/ },
  { title: "the first record after a snapshot", damage: "missing", kind: "record", name: "compacted", place: 0, left: () => without("compacted", "k6"), origin: /^a record between 1 and 3$/ },
  { title: "the only segment", damage: "missing", kind: "segment", name: "folded", place: 0, left: () => ({}), origin: /^segment 0/ },
  { title: "the pointer of a document of records", damage: "missing", kind: "pointer", name: "records", place: 0, left: () => wholeContent("records"), origin: /pointer/ },
  { title: "the pointer of a document without records", damage: "missing", kind: "pointer", name: "folded", place: 0, left: () => wholeContent("folded"), origin: /pointer/ },
]; // prettier-ignore

test.each(cases)(
  "$title, $damage: the document opens with the rest, says so, and goes on",
  async ({ damage, kind, name, place, left, origin }) => {
    const running = await serverWithDamage(damage, kind, name, place);
    const { url, server, log } = running;
    // Sends it all that the server can read; a member may be sent away once, to come back to the repaired document.
    const client = stockClient(url, name);
    await until(client.doc, () => client.doc.getMap("map").size >= Object.keys(left()).length);
    await synced(client);
    client.destroy();
    const { quarantine, quarantinedCount } = await server.documents.inspect(name);
    expect(quarantinedCount).toBe(quarantine.length);
    expect(quarantine.map((entry) => entry.origin)).toEqual([expect.stringMatching(origin)]);
    for (const { reason, quarantinedAt } of quarantine) {
      expect(reason).not.toBe("");
      expect(Math.abs(Date.now() - quarantinedAt)).toBeLessThan(60_000);
    }
    expect(log.having(/was repaired/).map(({ level, fields }) => [level, fields["documentName"]])).toEqual([
      ["error", name],
    ]);
    expect(await contentOnServer(url, name)).toEqual(left());
    await expectOthersWhole(url, name);
    expect(await listed(server)).toEqual([...storedNames].sort());
    await expectUsable(running, name);
  },
);

test("missing contents lose nothing", async () => {
  const { url } = await serverWithDamage("missing", "contents", "folded", 0);
  expect(await contentOnServer(url, "folded")).toEqual(wholeContent("folded"));
});

test.each([0, 1, 2])("a damaged segment, %i of a large document, takes only what is in it", async (place) => {
  const running = await serverWithDamage(changed, "segment", "large", place);
  const { url, server } = running;
  const content = await contentOnServer(url, "large");
  const whole = wholeContent("large");
  const kept = Object.keys(content);
  expect(kept.length).toBeGreaterThanOrEqual(2);
  expect(kept.length).toBeLessThan(6);
  for (const key of kept) expect(content[key] === whole[key]).toBe(true);
  const { quarantine } = await server.documents.inspect("large");
  expect(quarantine.map(({ origin }) => origin)).toContain(`segment ${place}`);
  await expectOthersWhole(url, "large");
});

test("twenty members who meet the damage together make it repaired once, and all come back", async () => {
  const { url, log, store } = await serverWithDamage(changed, "segment", "compacted", 0);
  store.reads.hold({ kinds: ["segment"] });
  // One reads for all.
  const isRead = store.reads.met(1);
  const clients = Array.from({ length: 20 }, (_, index) =>
    (index % 2 ? stockClient : synclineClient)(url, "compacted"),
  );
  await isRead;
  await expect.poll(() => clients.every(({ provider }) => provider.wsconnected), { timeout: 30_000 }).toBe(true);
  store.heal();
  await Promise.all(clients.map(({ doc }) => until(doc, () => doc.getMap("map").size === 6)));
  await Promise.all(clients.map(synced));
  expect(log.having(/is being repaired/)).toHaveLength(1);
});

test("a tombstone of which a byte changed says deleted all the same", async () => {
  const { url, server } = await serverWithDamage(changed, "tombstone", "gone", 0);
  expect(await closeCode(stockClient(url, "gone"))).toBe(4404);
  await expectOthersWhole(url, "gone");
  expect(await listed(server)).toEqual([...storedNames].sort());
  await server.documents.recreate("gone");
  expect(await contentOnServer(url, "gone")).toEqual({});
});

test("a document with a damaged pointer is listed, does not hide others, and can be deleted", async () => {
  const { server, url } = await serverWithDamage(changed, "pointer", "folded", 0);
  expect(await listed(server)).toEqual([...storedNames].sort());
  await server.documents.delete("folded");
  expect(await closeCode(stockClient(url, "folded"))).toBe(4404);
});

test("a record under a key with a wild seq does not take the server", async () => {
  const directory = await copyOf(made.directory);
  await inDatabase(directory, async (store) => {
    const key = (await keysOf(store, "record", "records")).at(5) as Uint8Array;
    const stored = (await store.get(key)) as Uint8Array;
    const wild = Uint8Array.from(key);
    wild[wild.length - 7] = 0xff;
    await remove(store, key);
    await put(store, wild, stored);
  });
  const { url, server } = await faultyServer({}, directory);
  expect(await contentOnServer(url, "records")).toEqual(without("records", "k5"));
  expect((await server.documents.inspect("records")).quarantine.length).toBeLessThan(5);
  await expectOthersWhole(url, "records");
});

test("who still holds what was lost brings it back by coming again", async () => {
  const before = await faultyServer({}, await copyOf(made.directory));
  const holder = await openDocument(before.url, "records");
  const own = synclineClient(before.url, "compacted");
  await synced(own);
  const { port } = before.server;
  await before.close();
  await inDatabase(before.directory, async (store) => {
    await flipByteOf(store, (await keysOf(store, "record", "records")).at(4) as Uint8Array);
    await flipByteOf(store, (await keysOf(store, "segment", "compacted")).at(0) as Uint8Array);
  });
  const { url, server } = await faultyServer({ port }, before.directory);
  const [reader, other] = [stockClient(url, "records"), stockClient(url, "compacted")];
  await until(reader.doc, () => reader.doc.getMap("map").size === 12);
  await until(other.doc, () => other.doc.getMap("map").size === 12);
  expect(reader.doc.getMap("map").toJSON()).toEqual(wholeContent("records"));
  expect(other.doc.getMap("map").toJSON()).toEqual(wholeContent("compacted"));
  expect(holder.provider.synced).toBe(true);
  // What was set aside stays to be looked at.
  for (const name of ["records", "compacted"]) {
    expect((await server.documents.inspect(name)).quarantinedCount).toBe(1);
  }
});

test("check finds the damage and changes nothing", async () => {
  const { server, store } = await serverWithDamage(changed, "record", "records", 4);
  const writesBefore = store.writeCount;
  expect((await server.documents.check("records")).problems.map(({ origin }) => origin)).toEqual(["record 5"]);
  expect((await server.documents.check("folded")).problems).toEqual([]);
  expect(store.writeCount).toBe(writesBefore);
});

test("a snapshot that is replaced while it is looked at is no damage", async () => {
  const { server, store } = await faultyServer({}, await copyOf(made.directory));
  store.reads.hold({ kinds: ["contents"], times: 1 });
  const isHeld = store.reads.met();
  const report = server.documents.inspect("compacted");
  await isHeld;
  await server.documents.import("compacted", [entryUpdate("folded", 0)], { replace: true });
  store.heal();
  expect((await report).stateVector).toEqual([{ client: 1_000, clock: 1 }]);
});

test("an empty update of a reader does not count as damage", async () => {
  const { url, server } = await faultyServer({}, await copyOf(made.directory));
  const doc = new Y.Doc();
  await openDocument(url, "folded", doc);
  expect((await server.documents.inspect("folded")).quarantinedCount).toBe(0);
});
