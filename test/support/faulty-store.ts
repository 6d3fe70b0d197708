/**
 * A disk with faults to switch on, beneath the server's own storage: a key-value store around a real one. Writes fail, fail
 * though they were written, or wait; reads fail or wait, all of them or those of one kind of key; the power can be cut.
 */
import {
  MemoryKeyValueStore,
  type Bounds,
  type Entry,
  type KeyRange,
  type KeyValueStore,
  type WriteBatch,
} from "@syncline/server/engine";

/** The first byte of a key says what is stored under it: docs/STORAGE.md. */
export const kindOf = {
  contents: "c",
  format: "f",
  pointer: "p",
  quarantine: "q",
  record: "r",
  segment: "s",
  tombstone: "t",
} as const;

export type KeyKind = keyof typeof kindOf;

/** An error as the system gives it. */
export function diskError(code: "EIO" | "ENOSPC"): Error {
  const words = { EIO: "input/output error", ENOSPC: "No space left on device" };
  return Object.assign(new Error(`IO error: 000005.log: ${words[code]} (${code})`), { code: "LEVEL_IO_ERROR" });
}

/** What a fault concerns: everything when absent. */
export interface Scope {
  readonly kinds?: readonly KeyKind[];
  /** Only keys of this document. */
  readonly documentName?: string;
}

type Fault =
  | { readonly kind: "none" }
  | { readonly kind: "fail"; readonly error: Error; readonly scope: Scope; left: number }
  | {
      readonly kind: "hold";
      readonly scope: Scope;
      readonly released: Promise<void>;
      readonly release: () => void;
      left: number;
    };

/** One switch: how the reads, or the writes, of a store go wrong at the moment. */
export class FaultSwitch {
  /** Operations that have met a fault. */
  failedCount = 0;
  heldCount = 0;
  #fault: Fault = { kind: "none" };
  #watchers: (() => void)[] = [];

  /** The next `times` operations fail, or all until `heal`. */
  fail(error: Error, scope: Scope & { readonly times?: number } = {}): void {
    this.heal();
    this.#fault = { kind: "fail", error, scope, left: scope.times ?? Infinity };
  }

  /** The next `times` operations wait until `heal`, or all until then. */
  hold(scope: Scope & { readonly times?: number } = {}): void {
    this.heal();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    this.#fault = { kind: "hold", scope, released, release, left: scope.times ?? Infinity };
  }

  heal(): void {
    if (this.#fault.kind === "hold") this.#fault.release();
    this.#fault = { kind: "none" };
  }

  /** Resolves when `count` operations more than now have failed or been held. */
  async met(count = 1): Promise<void> {
    const target = this.failedCount + this.heldCount + count;
    while (this.failedCount + this.heldCount < target) {
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** For the store: waits, and tells what to throw. */
  async pass(keys: readonly (Uint8Array | undefined)[]): Promise<Error | undefined> {
    const fault = this.#fault;
    if (fault.kind === "none" || !keys.some((key) => concerns(fault.scope, key))) return undefined;
    if (fault.left === 0) return undefined;
    fault.left -= 1;
    if (fault.kind === "hold") {
      this.heldCount += 1;
      this.#wake();
      await fault.released;
      // What was switched on meanwhile holds for this one, too.
      return this.pass(keys);
    }
    this.failedCount += 1;
    this.#wake();
    return fault.error;
  }

  #wake(): void {
    for (const resolve of this.#watchers.splice(0)) resolve();
  }
}

function concerns({ kinds, documentName }: Scope, key: Uint8Array | undefined): boolean {
  if (key === undefined) return kinds === undefined && documentName === undefined;
  const text = Buffer.from(key).toString("utf8");
  if (kinds && !kinds.some((kind) => text.startsWith(kindOf[kind]))) return false;
  return documentName === undefined || text.slice(1).startsWith(`${documentName}\0`);
}

type Change = readonly [key: string, value: Uint8Array | undefined];

export class FaultyStore implements KeyValueStore {
  readonly writes = new FaultSwitch();
  /** As `writes`, but what fails was written all the same. */
  readonly answers = new FaultSwitch();
  readonly reads = new FaultSwitch();
  readonly reopenings = new FaultSwitch();
  /** Bytes of the values of the last write that was tried. */
  lastWriteBytes = 0;
  writeCount = 0;
  reopenCount = 0;
  mendCount = 0;
  /**
   * As LevelDB's log after a write that went half-way: what follows is reported as written, and not found again once the
   * log is read anew.
   */
  isTornByFailure = false;
  readonly #store: KeyValueStore;
  #isTorn = false;
  /** What a power cut leaves: everything up to the last write that was synced. */
  readonly #synced = new Map<string, Uint8Array>();
  #unsynced: Change[] = [];

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  get isOpen(): boolean {
    return this.#store.isOpen;
  }

  /** All faults off. */
  heal(): void {
    for (const faults of [this.writes, this.answers, this.reads, this.reopenings]) faults.heal();
  }

  /** A store as it is found after the machine lost power now: of what was never synced, nothing. */
  async afterPowerCut(): Promise<KeyValueStore> {
    const store = new MemoryKeyValueStore();
    const batch = store.batch();
    for (const [key, value] of this.#synced) batch.put(Buffer.from(key, "latin1"), value);
    await batch.write({ sync: true });
    return store;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#read(key);
    return this.#store.get(key);
  }

  async *entries(range: KeyRange, chunkLength: number): AsyncIterable<readonly Entry[]> {
    await this.#read(range.gte ?? range.gt);
    for await (const entries of this.#store.entries(range, chunkLength)) {
      yield entries;
      await this.#read(range.gte ?? range.gt);
    }
  }

  async *keys(range: KeyRange): AsyncIterable<Uint8Array> {
    await this.#read(range.gte ?? range.gt);
    yield* this.#store.keys(range);
  }

  batch(): WriteBatch {
    const batch = this.#store.batch();
    const changes: Change[] = [];
    return {
      put: (key, value) => {
        changes.push([textOf(key), value.slice()]);
        batch.put(key, value);
      },
      delete: (key) => {
        changes.push([textOf(key), undefined]);
        batch.delete(key);
      },
      write: (options) => this.#write(batch, changes, options),
    };
  }

  async reopen(): Promise<void> {
    const error = await this.reopenings.pass([undefined]);
    if (error) throw error;
    await this.#store.reopen();
    this.#isTorn = false;
    this.reopenCount += 1;
  }

  async mend(): Promise<void> {
    const error = await this.reopenings.pass([undefined]);
    if (error) throw error;
    await this.#store.mend();
    this.#isTorn = false;
    this.mendCount += 1;
  }

  reclaim(range: Bounds, minBytes: number): Promise<void> {
    return this.#store.reclaim(range, minBytes);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #read(key: Uint8Array | undefined): Promise<void> {
    const error = await this.reads.pass([key]);
    if (error) throw error;
  }

  async #write(batch: WriteBatch, changes: readonly Change[], { sync }: { readonly sync: boolean }): Promise<void> {
    this.lastWriteBytes = changes.reduce((sum, [, value]) => sum + (value?.length ?? 0), 0);
    const keys = changes.map(([key]) => Buffer.from(key, "latin1"));
    const refused = await this.writes.pass(keys);
    if (refused) {
      this.#isTorn = this.isTornByFailure;
      throw refused;
    }
    if (this.#isTorn) return;
    await batch.write({ sync });
    this.#unsynced.push(...changes);
    if (sync) this.#syncAll();
    this.writeCount += 1;
    const unanswered = await this.answers.pass(keys);
    if (unanswered) throw unanswered;
  }

  #syncAll(): void {
    for (const [key, value] of this.#unsynced) {
      if (value) this.#synced.set(key, value);
      else this.#synced.delete(key);
    }
    this.#unsynced = [];
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}
