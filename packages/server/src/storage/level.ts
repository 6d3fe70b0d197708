/**
 * The store on LevelDB: many documents in one database, one process at a time. This file is what is LevelDB's own: its
 * directory, its errors, its handles.
 */
import { resolve } from "node:path";
import { ClassicLevel } from "classic-level";
import { isStoreCorrupt, messageOf, SynclineError } from "../error.js";
import { assertFormat } from "./format.js";
import { assertSpaceToOpen, assertUsable, moveDurably, removeUnfinished, vacate } from "./level-directory.js";
import type { Bounds, Entry, KeyRange, KeyValueStore, WriteBatch } from "./key-value.js";
import { KeyValueStorage } from "./key-value-storage.js";
import type { BackupProgress } from "./storage.js";

type Database = ClassicLevel<Uint8Array, Uint8Array>;

export interface LevelStorageOptions {
  /**
   * Flush to stable storage before a write resolves. `false` keeps what was written through the death of the process but
   * not through a power cut.
   * @default true
   */
  readonly fsync?: boolean;
  /**
   * Called when LevelDB finds its own files damaged; they are then rebuilt from what can be read, and what cannot is kept in a
   * directory `lost`.
   * @default a store that is damaged when it is opened is not opened, and nothing changed
   */
  readonly onMend?: (damage: string) => void;
}

export class LevelStorage extends KeyValueStorage {
  readonly #db: Database;
  /** Two into one directory would make a copy of neither. */
  #isBackingUp = false;

  private constructor(db: Database, { fsync = true, onMend }: LevelStorageOptions) {
    super(new LevelKeyValueStore(db), { durability: fsync ? "fsync" : "os", onMend });
    this.#db = db;
  }

  /**
   * Opens the store in `directory`, creating it if need be. A store of an earlier format is brought up to the present one.
   *
   * @throws {SynclineError} `data-unusable`, `data-locked`, `data-format`, `data-corrupt` or `store-corrupt`; the message
   * says what to do.
   */
  static async open(directory: string, options: LevelStorageOptions = {}): Promise<LevelStorage> {
    const { onMend } = options;
    try {
      await assertUsable(directory);
      return new LevelStorage(await openOurs(directory), options);
    } catch (thrown) {
      if (!onMend || !isStoreCorrupt(thrown)) throw thrown;
      onMend(thrown.message);
      await ClassicLevel.repair(directory);
      return new LevelStorage(await openOurs(directory), options);
    }
  }

  async backUp(directory: string, onProgress: (progress: BackupProgress) => void = () => undefined): Promise<void> {
    if (this.#isBackingUp) throw new SynclineError("data-unusable", "another backup is running; wait until it is done");
    this.#isBackingUp = true;
    try {
      await this.#backUp(directory, onProgress);
    } finally {
      this.#isBackingUp = false;
    }
  }

  async #backUp(directory: string, onProgress: (progress: BackupProgress) => void): Promise<void> {
    const place = resolve(directory);
    const unfinished = `${place}.unfinished`;
    await vacate(place);
    await removeUnfinished(unfinished);
    const copy = await openLevelDatabase(unfinished);
    try {
      await copyEntries(this.#db, copy, onProgress);
    } finally {
      await copy.close();
    }
    await moveDurably(unfinished, place);
  }
}

/** The database in `directory`, if it is one of documents. */
async function openOurs(directory: string): Promise<Database> {
  const db = await openLevelDatabase(directory);
  try {
    await assertFormat(new LevelKeyValueStore(db), directory);
    return db;
  } catch (thrown) {
    await db.close();
    throw thrown;
  }
}

/** What is copied at a time. */
const bytesPerCopy = 1024 * 1024;
const entriesPerCopy = 10_000;

/** An iterator sees the database as it was when it began. */
async function copyEntries(
  from: Database,
  to: Database,
  onProgress: (progress: BackupProgress) => void,
): Promise<void> {
  const entries = from.iterator({ highWaterMarkBytes: bytesPerCopy });
  let entryCount = 0;
  let byteCount = 0;
  try {
    for (let next = await entries.nextv(entriesPerCopy); next.length > 0; next = await entries.nextv(entriesPerCopy)) {
      const puts = next.map(([key, value]) => ({ type: "put", key, value }) as const);
      await to.batch(puts, { sync: true });
      entryCount += next.length;
      for (const [key, value] of next) byteCount += key.length + value.length;
      onProgress({ entryCount, byteCount });
    }
  } finally {
    await entries.close();
  }
}

/** LevelDB as the storage above sees it. */
export class LevelKeyValueStore implements KeyValueStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      const value = await this.#db.get(key);
      return value && plain(value);
    } catch (thrown) {
      throw translateError(thrown);
    }
  }

  async *entries(range: KeyRange, chunkLength: number): AsyncIterable<readonly Entry[]> {
    const iterator = this.#db.iterator(range);
    try {
      for (let next = await iterator.nextv(chunkLength); next.length > 0; next = await iterator.nextv(chunkLength)) {
        yield next.map(([key, value]) => [plain(key), plain(value)] as const);
      }
    } catch (thrown) {
      throw translateError(thrown);
    } finally {
      await iterator.close();
    }
  }

  async *keys(range: KeyRange): AsyncIterable<Uint8Array> {
    try {
      for await (const key of this.#db.keys(range)) yield plain(key);
    } catch (thrown) {
      throw translateError(thrown);
    }
  }

  batch(): WriteBatch {
    const batch = this.#db.batch();
    return {
      put: (key, value) => void batch.put(key, value),
      delete: (key) => void batch.del(key),
      write: ({ sync }) =>
        batch.write({ sync }).catch((thrown: unknown) => {
          throw translateError(thrown);
        }),
    };
  }

  get isOpen(): boolean {
    return this.#db.status === "open";
  }

  async reopen(): Promise<void> {
    await assertSpaceToOpen(this.#db.location);
    await this.#db.close();
    await this.#open();
  }

  /** LevelDB puts what it can read of a damaged file into a new one, and the damaged one into a directory `lost`. */
  async mend(): Promise<void> {
    await assertSpaceToOpen(this.#db.location);
    await this.#db.close();
    await ClassicLevel.repair(this.#db.location);
    await this.#open();
  }

  async #open(): Promise<void> {
    try {
      await this.#db.open();
    } catch (thrown) {
      throw translateOpenError(this.#db.location, thrown);
    }
  }

  async reclaim({ gte, lte }: Bounds, minBytes: number): Promise<void> {
    if ((await this.#db.approximateSize(gte, lte)) >= minBytes) await this.#db.compactRange(gte, lte);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }
}

/** LevelDB hands out Buffers; past this file they are plain arrays. */
function plain(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** @throws {SynclineError} `data-locked`, `store-corrupt`, `data-unusable` */
export async function openLevelDatabase(directory: string): Promise<Database> {
  const db: Database = new ClassicLevel(directory, { keyEncoding: "view", valueEncoding: "view" });
  try {
    await db.open();
  } catch (thrown) {
    throw translateOpenError(directory, thrown);
  }
  return db;
}

function translateError(thrown: unknown): unknown {
  if (codeOf(thrown) !== "LEVEL_CORRUPTION") return thrown;
  return new SynclineError("store-corrupt", `a part of the store cannot be read: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

function translateOpenError(directory: string, thrown: unknown): SynclineError {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  if (codeOf(cause) === "LEVEL_LOCKED") {
    const message = `${directory} is in use by another process; stop it, or choose another data directory`;
    return new SynclineError("data-locked", message, { cause });
  }
  const code = codeOf(cause) === "LEVEL_CORRUPTION" ? "store-corrupt" : "data-unusable";
  return new SynclineError(code, `cannot open the data in ${directory}: ${messageOf(cause)}`, { cause });
}

function codeOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
}
