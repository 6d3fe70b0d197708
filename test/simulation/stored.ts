/** What is left on a disk, read as a server reads it after a crash: by an engine of its own, on a copy. */
import {
  Engine,
  KeyValueStorage,
  MemoryKeyValueStore,
  type Timers,
  type Workers,
  compact,
  salvage,
} from "@syncline/server/engine";
import * as Y from "yjs";
import type { ServerLimits } from "./config.js";
import type { SimulatedDisk } from "./disk.js";
import { OrderedBytes } from "./ordered-bytes.js";

export interface Stored {
  readonly isDeleted: boolean;
  /** `undefined` where there is no document. */
  readonly generation: string | undefined;
  readonly doc: Y.Doc;
}

/** Nothing waits here: neither for a disk, nor for a pause to be over. */
const timers: Timers = { now: () => 0, after: () => () => undefined, soon: (callback) => queueMicrotask(callback) };
const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

const workers: Workers = {
  compact: async (pieces, options) => compact(await listOf(pieces), options, () => 0),
  salvage: async (pieces) => salvage(await listOf(pieces), { now: () => 0 }),
  content: () => Promise.reject(new Error("nobody asks")),
  diff: () => Promise.reject(new Error("nobody asks")),
  scan: () => Promise.reject(new Error("nobody asks")),
  trial: () => Promise.reject(new Error("nobody asks")),
  checkRoots: () => Promise.reject(new Error("nobody asks")),
  forget: silent,
  close: async () => undefined,
};

export async function readStored(disk: SimulatedDisk, documentName: string, limits: ServerLimits): Promise<Stored> {
  const storage = new KeyValueStorage(await copyOf(disk), { durability: "memory" });
  const pointer = await storage.readPointer(documentName);
  const isDeleted = (await storage.readTombstone(documentName)) !== undefined;
  const doc = new Y.Doc();
  if (pointer) {
    const engine = new Engine({
      storage,
      workers,
      relay: "durable",
      limits,
      timers,
      logger,
      newId: () => "reader",
      wallClock: () => 0,
    });
    Y.applyUpdate(doc, await engine.documents.export(documentName));
  }
  return { isDeleted, generation: pointer?.generation, doc };
}

async function copyOf({ durable }: SimulatedDisk): Promise<MemoryKeyValueStore> {
  const copy = new MemoryKeyValueStore();
  const batch = copy.batch();
  for (const key of durable.keysIn({})) batch.put(OrderedBytes.bytesOf(key), durable.get(key) as Uint8Array);
  await batch.write({ sync: true });
  return copy;
}

async function listOf(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  for await (const piece of pieces) list.push(piece);
  return list;
}
