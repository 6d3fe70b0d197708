/** Documents in a directory of y-leveldb 0.1 or 0.2, as y-websocket's servers write it (YPERSISTENCE). */
import { SynclineError } from "../error.js";
import { damaged, type Database, type LevelCopy, openLevelCopy } from "./leveldb-copy.js";
import { documentNameOfPath } from "./name-in-path.js";
import type { MigrationSource, SourceDocument } from "./source.js";
import { documentKeys, documentNameOfKey, endOfDocument, stateVectorKeys, updateKeys } from "./y-leveldb-key.js";

export interface YLeveldbSourceOptions {
  /**
   * y-websocket's servers store a document under the path of its URL as it came, percent-encoded: "my%20notes" for a
   * client's "my notes". `decoded` gives it the name that the same client asks Syncline for. `as-stored` is for
   * directories written by a program that decoded names itself.
   * @default "decoded"
   */
  readonly names?: "decoded" | "as-stored";
}

/**
 * Opens a private copy of `directory`, which stays as it is.
 *
 * @throws {SynclineError} `invalid-option` when that is not a directory of y-leveldb, `data-locked` while a server has it
 * open, `data-corrupt` when LevelDB cannot read it.
 */
export async function openYLeveldbSource(
  directory: string,
  options: YLeveldbSourceOptions = {},
): Promise<MigrationSource> {
  const copy = await openLevelCopy(directory);
  try {
    await assertYLeveldb(copy.db, directory);
    const documentCount = await countOf(storedNames(copy.db));
    return new YLeveldbSource(directory, copy, documentCount, options.names ?? "decoded");
  } catch (thrown) {
    await copy.close();
    throw translated(directory, thrown);
  }
}

class YLeveldbSource implements MigrationSource {
  readonly documentCount: number;
  readonly #directory: string;
  readonly #copy: LevelCopy;
  readonly #names: "decoded" | "as-stored";
  #closing: Promise<void> | undefined;

  constructor(directory: string, copy: LevelCopy, documentCount: number, names: "decoded" | "as-stored") {
    this.#directory = directory;
    this.#copy = copy;
    this.documentCount = documentCount;
    this.#names = names;
  }

  async *documents(): AsyncIterable<SourceDocument> {
    const { db } = this.#copy;
    const decodedNames = new Set<string>();
    try {
      for await (const storedName of storedNames(db)) {
        const name = this.#names === "decoded" ? await decodedName(db, storedName, decodedNames) : storedName;
        yield { name, updates: await updatesOf(db, storedName) };
      }
    } catch (thrown) {
      if (this.#closing) throw new SynclineError("closed", `${this.#directory} was closed while it was being read`);
      throw translated(this.#directory, thrown);
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#copy.close());
  }
}

/** The names of all documents that have updates, and not those of which there is metadata only. */
async function* storedNames(db: Database): AsyncIterable<string> {
  const keys = db.keys(documentKeys);
  try {
    for (let key = await keys.next(); key !== undefined; key = await keys.next()) {
      const name = documentNameOfKey(key);
      if (name === undefined) throw new Error(`the key ${describeKey(key)} holds no name`);
      if (await isStored(db, name)) yield name;
      keys.seek(endOfDocument(name));
    }
  } finally {
    await keys.close();
  }
}

async function countOf(names: AsyncIterable<string>): Promise<number> {
  const iterator = names[Symbol.asyncIterator]();
  let count = 0;
  while (!(await iterator.next()).done) count += 1;
  return count;
}

/**
 * Two stored names must never become one, or the second document would be taken for the first: a name that is there
 * without encoding, or that another was decoded to, stays with that one.
 */
async function decodedName(db: Database, storedName: string, decodedNames: Set<string>): Promise<string> {
  const name = documentNameOfPath(storedName);
  if (name === storedName || decodedNames.has(name) || (await isStored(db, name))) return storedName;
  decodedNames.add(name);
  return name;
}

async function isStored(db: Database, name: string): Promise<boolean> {
  return (await db.keys({ ...updateKeys(name), limit: 1 }).all()).length > 0;
}

async function updatesOf(db: Database, storedName: string): Promise<Uint8Array[]> {
  const updates = await db.values(updateKeys(storedName)).all();
  // LevelDB hands out Buffers; past this folder they are plain arrays.
  return updates.map((update) => new Uint8Array(update.buffer, update.byteOffset, update.byteLength));
}

async function assertYLeveldb(db: Database, directory: string): Promise<void> {
  for (const range of [documentKeys, stateVectorKeys]) {
    if ((await db.keys({ ...range, limit: 1 }).all()).length > 0) return;
  }
  for await (const key of db.keys({ limit: 1 })) {
    const message = `${directory} is not a y-leveldb directory (first key ${describeKey(key)})`;
    throw new SynclineError("invalid-option", message);
  }
}

function describeKey(key: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(key.subarray(0, 40)));
}

function translated(directory: string, thrown: unknown): SynclineError {
  return thrown instanceof SynclineError ? thrown : damaged(directory, thrown);
}
