/**
 * The store on LevelDB: many documents in one database, one process at a time. docs/STORAGE.md says which keys there are
 * and what a crash at each step leaves.
 */
import { access, constants, mkdir, readdir } from "node:fs/promises";
import { Level } from "level";
import { messageOf, SynclineError } from "../error.js";
import { formatVersion, seal, unseal } from "./envelope.js";
import {
  contentsKey,
  decodePointer,
  decodeRecordPayload,
  documentNameOfPointerKey,
  encodePointer,
  formatKey,
  pointerKey,
  pointerKeyRange,
  recordKey,
  recordPayloadParts,
  segmentKey,
  segmentKeyRange,
  segmentOfKey,
  seqOfRecordKey,
} from "./layout.js";
import type { AppendEntry, Durability, LogRecord, Pointer, Snapshot, Storage } from "./storage.js";

type Database = Level<Uint8Array, Uint8Array>;
type Batch = ReturnType<Database["batch"]>;

/** Operations put into one batch before other work of the process gets its turn. */
const operationsPerTurn = 500;

const formatText = "syncline level store";

export interface LevelStorageOptions {
  /**
   * Flush to stable storage before a write resolves. `false` keeps what was written through the death of the process but
   * not through a power cut.
   * @default true
   */
  readonly fsync?: boolean;
}

export class LevelStorage implements Storage {
  readonly durability: Durability;
  readonly #db: Database;
  readonly #fsync: boolean;
  /** A write was refused: LevelDB's log may end in a torn entry, and what follows one is not read again. */
  #isTorn = false;
  #reopening: Promise<void> | undefined;

  private constructor(db: Database, fsync: boolean) {
    this.#db = db;
    this.#fsync = fsync;
    this.durability = fsync ? "fsync" : "os";
  }

  /**
   * Opens the store in `directory`, creating it if need be.
   *
   * @throws {SynclineError} `data-unusable`, `data-locked`, `data-format` or `data-corrupt`; the message says what to do.
   */
  static async open(directory: string, options: LevelStorageOptions = {}): Promise<LevelStorage> {
    await assertUsable(directory);
    const db: Database = new Level(directory, { keyEncoding: "view", valueEncoding: "view" });
    try {
      await db.open();
    } catch (thrown) {
      throw translateOpenError(directory, thrown);
    }
    try {
      await assertFormat(db, directory);
    } catch (thrown) {
      await db.close();
      throw thrown;
    }
    return new LevelStorage(db, options.fsync ?? true);
  }

  async readPointer(documentName: string): Promise<Pointer | undefined> {
    const payload = await this.#read(pointerKey(documentName));
    return payload && decodePointer(payload);
  }

  async readContents(documentName: string, pointer: Pointer): Promise<Uint8Array | undefined> {
    if (pointer.epoch === 0) return undefined;
    const contents = await this.#read(contentsKey(documentName));
    const current = await this.readPointer(documentName);
    return current?.epoch === pointer.epoch ? contents : undefined;
  }

  async readSegment(documentName: string, pointer: Pointer, segmentId: number): Promise<Uint8Array | undefined> {
    return this.#read(segmentKey(documentName, pointer.epoch, segmentId));
  }

  async *readRecords(documentName: string, afterSeq: number): AsyncIterable<LogRecord> {
    const range = { gt: recordKey(documentName, afterSeq), lte: recordKey(documentName, Number.MAX_SAFE_INTEGER) };
    const iterator = this.#db.iterator(range);
    try {
      for (let entries = await iterator.nextv(1000); entries.length > 0; entries = await iterator.nextv(1000)) {
        for (const [key, value] of entries) {
          yield { seq: seqOfRecordKey(key), updates: decodeRecordPayload(unseal(key, plain(value))) };
        }
      }
    } finally {
      await iterator.close();
    }
  }

  async append(entries: readonly AppendEntry[]): Promise<number[]> {
    return this.#write(async () => {
      const batch = this.#db.batch();
      const seqs = entries.map((entry) => putEntry(batch, entry));
      await batch.write({ sync: this.#fsync });
      return seqs;
    });
  }

  async replaceSnapshot(documentName: string, expectedEpoch: number, snapshot: Snapshot): Promise<Pointer | undefined> {
    const current = await this.readPointer(documentName);
    if (!current || current.epoch !== expectedEpoch) return undefined;
    const next: Pointer = {
      generation: current.generation,
      epoch: expectedEpoch + 1,
      coveredSeq: snapshot.coveredSeq,
      segments: snapshot.segments.map((segment, id) => ({ id, byteLength: segment.length })),
    };
    const replacedKeys = await this.#keysReplacedBy(documentName, next);
    // The new segments first, one write each: nothing points to them yet, and no write is so large that it holds up the
    // commits of other documents. Then one batch makes them current and removes what they replace.
    for (const [id, segment] of snapshot.segments.entries()) {
      const key = segmentKey(documentName, next.epoch, id);
      await this.#write(() => this.#db.put(key, seal(key, [segment]), { sync: this.#fsync }));
    }
    await this.#write(async () => {
      const batch = this.#db.batch();
      putSealed(batch, contentsKey(documentName), [snapshot.contents]);
      putSealed(batch, pointerKey(documentName), [encodePointer(next)]);
      for (const [index, key] of replacedKeys.entries()) {
        if (index % operationsPerTurn === 0) await anotherTurn();
        batch.del(key);
      }
      await batch.write({ sync: this.#fsync });
    });
    return next;
  }

  async *listDocuments(): AsyncIterable<string> {
    for await (const key of this.#db.keys(pointerKeyRange)) yield documentNameOfPointerKey(key);
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  /**
   * After a write that LevelDB refused (a full disk, a quota) it may leave half an entry in its log and go on behind it;
   * what it then reports as written is not found when the log is read again. Closing and opening begins a new log.
   */
  async #write<Result>(write: () => Promise<Result>): Promise<Result> {
    if (this.#isTorn) await (this.#reopening ??= this.#reopen().finally(() => (this.#reopening = undefined)));
    try {
      return await write();
    } catch (thrown) {
      this.#isTorn = true;
      throw thrown;
    }
  }

  async #reopen(): Promise<void> {
    await this.#db.close();
    await this.#db.open();
    this.#isTorn = false;
  }

  /** Records that the snapshot covers, and all segments but its own: also those a crash left without a pointer. */
  async #keysReplacedBy(documentName: string, next: Pointer): Promise<Uint8Array[]> {
    const keys: Uint8Array[] = [];
    const records = { gt: recordKey(documentName, 0), lte: recordKey(documentName, next.coveredSeq) };
    for await (const key of this.#db.keys(records)) keys.push(key);
    for await (const key of this.#db.keys(segmentKeyRange(documentName))) {
      const { epoch, id } = segmentOfKey(key);
      if (epoch !== next.epoch || id >= next.segments.length) keys.push(key);
    }
    return keys;
  }

  async #read(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = await this.#db.get(key);
    return value && unseal(key, plain(value));
  }
}

function putEntry(batch: Batch, { documentName, generation, previousSeq, updates }: AppendEntry): number {
  if (previousSeq === 0) {
    putSealed(batch, pointerKey(documentName), [encodePointer({ generation, epoch: 0, coveredSeq: 0, segments: [] })]);
  }
  const seq = previousSeq + 1;
  putSealed(batch, recordKey(documentName, seq), recordPayloadParts(updates));
  return seq;
}

function putSealed(batch: Batch, key: Uint8Array, payloadParts: readonly Uint8Array[]): void {
  batch.put(key, seal(key, payloadParts));
}

/** LevelDB hands out Buffers; past this file they are plain arrays. */
function plain(value: Uint8Array): Uint8Array {
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

function anotherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What a fresh volume holds, and what LevelDB leaves when it is stopped during its first start. */
const namesOfNoMeaning = /^(lost\+found|LOCK|LOG(\.old)?|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp))$/;

async function assertUsable(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const message = `cannot use ${directory} for data: ${messageOf(cause)}; choose a directory this user can write`;
    throw new SynclineError("data-unusable", message, { cause });
  }
  const files = (await readdir(directory)).filter((name) => !namesOfNoMeaning.test(name));
  if (files.length > 0 && !files.includes("CURRENT")) {
    const message = `${directory} holds other files (${files.slice(0, 3).join(", ")}); choose an empty or new directory`;
    throw new SynclineError("data-format", message);
  }
}

async function assertFormat(db: Database, directory: string): Promise<void> {
  const stored = await db.get(formatKey);
  const expected = `${formatText} ${formatVersion}`;
  if (stored === undefined) {
    for await (const key of db.keys({ limit: 1 })) {
      const message = `${directory} is a LevelDB of another program (first key ${describeKey(key)}); choose another`;
      throw new SynclineError("data-format", message);
    }
    await db.put(formatKey, seal(formatKey, [new TextEncoder().encode(expected)]), { sync: true });
    return;
  }
  const found = new TextDecoder().decode(unseal(formatKey, plain(stored)));
  if (found !== expected) {
    const message = `${directory} has format "${found}", this server reads "${expected}"; use the version that wrote it`;
    throw new SynclineError("data-format", message);
  }
}

function describeKey(key: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(key.subarray(0, 20)));
}

function translateOpenError(directory: string, thrown: unknown): SynclineError {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  if (codeOf(cause) === "LEVEL_LOCKED") {
    const message = `${directory} is in use by another process; stop it, or choose another data directory`;
    return new SynclineError("data-locked", message, { cause });
  }
  const code = codeOf(cause) === "LEVEL_CORRUPTION" ? "data-corrupt" : "data-unusable";
  return new SynclineError(code, `cannot open the data in ${directory}: ${messageOf(cause)}`, { cause });
}

function codeOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
}
