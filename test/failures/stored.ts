/**
 * A store with documents of every shape, made once and copied for each test that damages it; and the hands that damage it.
 * Each document is a map, each entry of it written by a client of its own, so that what is lost takes nothing with it.
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStorage, startServer } from "@syncline/server";
import { LevelKeyValueStore, openLevelDatabase, type KeyValueStore } from "@syncline/server/engine";
import * as Y from "yjs";
import { stockClient, synced, type Client } from "../support/clients.js";
import { kindOf, type KeyKind } from "../support/faulty-store.js";
import { tempDirectory } from "../support/temp-directory.js";

/** What each document holds: entry `k<n>` is `storedValue(name, n)`. */
export const entryCounts = { records: 12, compacted: 12, folded: 8, large: 6, untouched: 5 } as const;

export type StoredName = keyof typeof entryCounts;

export const storedNames = Object.keys(entryCounts) as StoredName[];

/** Larger than a block of LevelDB in a few entries; those of "large" as large that nearly each has a segment of its own. */
export function storedValue(name: StoredName, index: number): string {
  return `${name} ${index} `.repeat(name === "large" ? 60_000 : 60);
}

export function wholeContent(name: StoredName): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: entryCounts[name] }, (_, index) => [`k${index}`, storedValue(name, index)]),
  );
}

/** The update that writes one entry, by a client of its own. */
export function entryUpdate(name: StoredName, index: number): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 1_000 + index;
  doc.getMap("map").set(`k${index}`, storedValue(name, index));
  return Y.encodeStateAsUpdate(doc);
}

/** Makes the store: "compacted" has records after its snapshot, "folded" and "large" have none, "gone" was deleted. */
export async function makeStore(): Promise<{ readonly directory: string; readonly remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "syncline-stored-"));
  const server = await startServer({ port: 0, data: directory });
  const updates = (name: StoredName, count: number) => Array.from({ length: count }, (_, i) => entryUpdate(name, i));
  await server.documents.import("compacted", updates("compacted", 6));
  await server.documents.import("folded", updates("folded", 8));
  await server.documents.import("large", updates("large", 6));
  await server.documents.import("gone", updates("folded", 2));
  await server.documents.delete("gone");
  await server.close();
  const storage = await LevelStorage.open(directory);
  await append(storage, "compacted", 1, updates("compacted", 12).slice(6));
  await append(storage, "records", 0, updates("records", 12));
  await append(storage, "untouched", 0, updates("untouched", 5));
  await storage.close();
  return { directory, remove: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }) };
}

/** One record each. */
export async function append(
  storage: LevelStorage,
  documentName: string,
  afterSeq: number,
  updates: readonly Uint8Array[],
): Promise<void> {
  for (const [index, update] of updates.entries()) {
    await storage.append([
      { documentName, generation: `generation of ${documentName}`, previousSeq: afterSeq + index, updates: [update] },
    ]);
  }
}

/** A copy that is removed when the test is over. */
export async function copyOf(directory: string): Promise<string> {
  const copy = await tempDirectory();
  await cp(directory, copy, { recursive: true });
  return copy;
}

/** Works on the database of a store that nobody has open. */
export async function inDatabase<Result>(
  directory: string,
  work: (store: KeyValueStore) => Promise<Result>,
): Promise<Result> {
  const db = await openLevelDatabase(directory);
  try {
    return await work(new LevelKeyValueStore(db));
  } finally {
    await db.close();
  }
}

/** The keys of one kind of a document, in order. */
export async function keysOf(store: KeyValueStore, kind: KeyKind, documentName: string): Promise<Uint8Array[]> {
  const prefix = Buffer.from(`${kindOf[kind]}${documentName}\0`);
  const keys: Uint8Array[] = [];
  for await (const key of store.keys({ gte: prefix })) {
    if (Buffer.compare(Buffer.from(key).subarray(0, prefix.length), prefix) !== 0) break;
    keys.push(key);
  }
  return keys;
}

/** Changes one byte in the middle of a value. */
export async function flipByteOf(store: KeyValueStore, key: Uint8Array): Promise<void> {
  const stored = (await store.get(key)) as Uint8Array;
  const changed = Uint8Array.from(stored);
  const middle = changed.length >> 1;
  changed[middle] = (changed[middle] as number) ^ 0x20;
  await put(store, key, changed);
}

export async function put(store: KeyValueStore, key: Uint8Array, bytes: Uint8Array): Promise<void> {
  const batch = store.batch();
  batch.put(key, bytes);
  await batch.write({ sync: true });
}

export async function remove(store: KeyValueStore, key: Uint8Array): Promise<void> {
  const batch = store.batch();
  batch.delete(key);
  await batch.write({ sync: true });
}

/** A client that has everything the server has. */
export async function openDocument(url: string, documentName: string, doc = new Y.Doc()): Promise<Client> {
  const client = stockClient(url, documentName, doc);
  await synced(client);
  return client;
}

export async function contentOnServer(url: string, documentName: string): Promise<Record<string, unknown>> {
  const client = await openDocument(url, documentName);
  const content = client.doc.getMap("map").toJSON() as Record<string, unknown>;
  client.destroy();
  return content;
}
