/**
 * A disk with a LevelDB on it, as far as a key-value store shows it: one writer, a log, and what is left of that log when the
 * power goes. Belongs to a machine and outlives the processes that open it. docs/SIMULATION.md says what it does and does not do.
 */
import type { Entry, KeyRange, KeyValueStore, WriteBatch } from "@syncline/server/engine";
import type { Random } from "../fixtures/random.js";
import { between } from "./chance.js";
import { OrderedBytes } from "./ordered-bytes.js";
import type { Process } from "./process.js";
import type { Scheduler } from "./scheduler.js";
import type { Trace } from "./trace.js";

/** What is wrong with a disk at the moment. */
export interface DiskFaults {
  /** How likely a write is refused. */
  refusal: number;
  /** How likely a read fails, to succeed later. */
  readError: number;
  /** How likely an operation takes seconds. */
  stall: number;
  /** Says that synced writes are on disk, and loses some in a power cut. For tests of the tests. */
  isLying: boolean;
}

export const soundDisk: DiskFaults = { refusal: 0, readError: 0, stall: 0, isLying: false };

type Change = readonly [key: string, value: Uint8Array | undefined];

interface PendingWrite {
  readonly changes: readonly Change[];
  readonly isSynced: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Behind what is durable, in the store's log. */
interface LogEntry {
  readonly changes: readonly Change[];
  /** `kept`: it would be found again. `torn`: it ends the log for whoever reads it: nothing behind it is found. */
  readonly fate: "kept" | "torn";
}

export class SimulatedDisk {
  readonly name: string;
  readonly faults: DiskFaults = { ...soundDisk };
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly trace: Trace;
  #durable = new OrderedBytes();
  #visible = new OrderedBytes();
  #log: LogEntry[] = [];
  #handle: DiskHandle | undefined;

  constructor(name: string, { scheduler, random, trace }: { scheduler: Scheduler; random: Random; trace: Trace }) {
    this.name = name;
    this.scheduler = scheduler;
    this.random = random;
    this.trace = trace;
  }

  open(process: Process): KeyValueStore {
    if (this.#handle) throw new Error(`${this.name} is open already`);
    this.#handle = new DiskHandle(this, process);
    return this.#handle;
  }

  get visible(): OrderedBytes {
    return this.#visible;
  }

  /** What would be found after a power cut at this moment, if all that may be lost were lost. */
  get durable(): OrderedBytes {
    return this.#durable;
  }

  /** The process is gone. With `isPowerCut` what was not flushed goes, too; a write under way may have happened or not. */
  crash(isPowerCut: boolean): void {
    const [underWay] = this.#handle?.takeQueue() ?? [];
    if (underWay && this.random.chance(0.5)) this.#log.push({ changes: underWay.changes, fate: "kept" });
    this.#handle = undefined;
    if (isPowerCut) this.#log.length = this.random.int(this.#log.length + 1);
    this.readLogAgain();
  }

  /** The store was closed in good order. */
  released(): void {
    this.#handle = undefined;
    this.readLogAgain();
  }

  /** What opening it finds. */
  readLogAgain(): void {
    for (const { changes, fate } of this.#log) {
      if (fate === "torn") break;
      this.#durable.apply(changes);
    }
    this.#log = [];
    this.#visible = this.#durable.clone();
  }

  written({ changes, isSynced }: PendingWrite): void {
    this.#assertAppendOnly(changes);
    this.#visible.apply(changes);
    const isBehindTorn = this.#log.some(({ fate }) => fate === "torn");
    if (isBehindTorn) this.trace.count("writes behind a torn one");
    if (this.faults.isLying && this.random.chance(0.2)) return;
    if (isBehindTorn || !isSynced) this.#log.push({ changes, fate: "kept" });
    else {
      for (const entry of this.#log.splice(0)) this.#durable.apply(entry.changes);
      this.#durable.apply(changes);
    }
  }

  /** Half of it may be in the log; or all of it, and only the flush failed. */
  refused({ changes }: PendingWrite): void {
    this.trace.count("refused writes");
    this.#log.push({ changes, fate: this.random.chance(0.3) ? "kept" : "torn" });
  }

  /** Changes one bit of something stored. Says of what. */
  flipBit(): string | undefined {
    const keys = this.#durable.keysIn({}).filter((key) => "prsc".includes(key[0] ?? ""));
    if (keys.length === 0) return undefined;
    const key = this.random.pick(keys);
    const value = this.#durable.get(key)?.slice();
    if (!value) return undefined;
    const at = this.random.int(value.length);
    value[at] = (value[at] as number) ^ (1 << this.random.int(8));
    for (const state of [this.#durable, this.#visible]) if (state.get(key)) state.apply([[key, value]]);
    return `${key.slice(0, 1)} of ${key.slice(1).split("\0")[0] ?? ""}`;
  }

  /** A record is written once. It may be written again, longer, when the first time was reported as a failure. */
  #assertAppendOnly(changes: readonly Change[]): void {
    for (const [key, value] of changes) {
      if (!key.startsWith("r") || !value) continue;
      const before = this.#visible.get(key);
      if (!before) continue;
      const isLonger = value.length >= before.length && before.subarray(5).every((byte, at) => value[at + 5] === byte);
      if (!isLonger) this.trace.violate(`record ${JSON.stringify(key)} was overwritten by another`);
    }
  }
}

/** The store as one process has it open. */
class DiskHandle implements KeyValueStore {
  readonly #disk: SimulatedDisk;
  readonly #process: Process;
  #queue: PendingWrite[] = [];
  #isWriting = false;
  #status: "open" | "closed" = "open";
  /** Grows when the store is closed: iterators of before are closed with it. */
  #openings = 0;

  constructor(disk: SimulatedDisk, process: Process) {
    this.#disk = disk;
    this.#process = process;
  }

  get isOpen(): boolean {
    return this.#status === "open";
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    await this.#operation("read");
    this.#mayFailToRead();
    return this.#disk.visible.get(OrderedBytes.textOf(key))?.slice();
  }

  async *entries(range: KeyRange, chunkLength: number): AsyncIterable<readonly Entry[]> {
    this.#assertOpen();
    const openings = this.#openings;
    const { visible } = this.#disk;
    // As it was when the iterator was made.
    const found = visible.keysIn(range).map((key) => [key, visible.get(key) as Uint8Array] as const);
    for (let at = 0; at === 0 || at < found.length; at += chunkLength) {
      await this.#operation("read");
      if (openings !== this.#openings) throw levelError("LEVEL_ITERATOR_NOT_OPEN");
      this.#mayFailToRead();
      const chunk = found.slice(at, at + chunkLength);
      if (chunk.length > 0) yield chunk.map(([key, value]) => [OrderedBytes.bytesOf(key), value.slice()] as const);
    }
  }

  async *keys(range: KeyRange): AsyncIterable<Uint8Array> {
    for await (const entries of this.entries(range, 1_000)) for (const [key] of entries) yield key;
  }

  batch(): WriteBatch {
    const changes: Change[] = [];
    return {
      put: (key, value) => void changes.push([OrderedBytes.textOf(key), value.slice()]),
      delete: (key) => void changes.push([OrderedBytes.textOf(key), undefined]),
      write: async ({ sync }) => {
        this.#assertOpen();
        return new Promise((resolve, reject) => {
          this.#queue.push({ changes, isSynced: sync, resolve, reject });
          this.#writeNext();
        });
      },
    };
  }

  async reopen(): Promise<void> {
    this.#disk.trace.count("reopened stores");
    await this.#closed();
    await this.#operation("write");
    if (this.#disk.random.chance(this.#disk.faults.refusal / 2)) throw new Error("EIO: the store cannot be opened");
    this.#disk.readLogAgain();
    this.#status = "open";
  }

  /** What is damaged here are values: LevelDB's own files are whole. */
  async mend(): Promise<void> {
    await this.reopen();
  }

  async reclaim(): Promise<void> {
    await this.#operation("read");
  }

  async close(): Promise<void> {
    await this.#closed();
    this.#disk.released();
  }

  /** The process has crashed: nothing here goes on. */
  takeQueue(): readonly PendingWrite[] {
    return this.#queue.splice(0);
  }

  async #closed(): Promise<void> {
    this.#status = "closed";
    this.#openings += 1;
    while (this.#queue.length > 0) await this.#operation("read");
  }

  /** One at a time, in order. */
  #writeNext(): void {
    const [write] = this.#queue;
    if (this.#isWriting || !write) return;
    this.#isWriting = true;
    void this.#operation("write").then(() => {
      this.#isWriting = false;
      this.#queue.shift();
      this.#finish(write);
      this.#writeNext();
    });
  }

  #finish(write: PendingWrite): void {
    const { faults, random } = this.#disk;
    if (random.chance(faults.refusal)) {
      this.#disk.refused(write);
      write.reject(new Error(random.chance(0.5) ? "ENOSPC: no space left on device" : "EIO: i/o error"));
    } else {
      this.#disk.written(write);
      write.resolve();
    }
  }

  /** Resolves after what it takes; never, once the process is gone. */
  #operation(kind: "read" | "write"): Promise<void> {
    const { faults, random, trace, name } = this.#disk;
    const isStalled = random.chance(faults.stall);
    if (isStalled) trace.count(`stalled ${kind}s`);
    const ms = isStalled
      ? between(random, 500, 6_000)
      : kind === "read"
        ? between(random, 0.05, 2)
        : between(random, 0.3, 9);
    return new Promise((resolve) => void this.#process.after(ms, `${name} ${kind}`, resolve));
  }

  #mayFailToRead(): void {
    const { faults, random, trace } = this.#disk;
    if (!random.chance(faults.readError)) return;
    trace.count("failed reads");
    throw new Error("EIO: i/o error, read");
  }

  #assertOpen(): void {
    if (this.#status === "closed") throw levelError("LEVEL_DATABASE_NOT_OPEN");
  }
}

function levelError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
