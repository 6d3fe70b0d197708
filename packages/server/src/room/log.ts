/**
 * The log of one document: what was admitted takes its place here, is committed with what other documents have, and
 * becomes history. Knows which ids it holds at any moment; knows nothing of who reads it.
 */
import { ProtocolError } from "@syncline/protocol";
import { SynclineError } from "../error.js";
import { LazyMap } from "../lazy-map.js";
import type { CommitQueue, CommitSource } from "../storage/commit-queue.js";
import { emptyPointer } from "../storage/pointer.js";
import type { AppendEntry, Claim, LogRecord, Pointer, Storage } from "../storage/storage.js";
import type { Timers } from "../timers.js";
import { Contents } from "../update/contents.js";
import { UpdateError } from "../update/error.js";
import { scanUpdate, type ScannedUpdate } from "../update/scan.js";
import type { Backlog } from "./backlog.js";
import { DocumentDeleted } from "./deleted.js";
import { History, type HistoryOptions, type SnapshotContents } from "./history.js";
import type { Member } from "./member.js";
import { StoredSnapshot } from "./stored-snapshot.js";
import { Turns } from "./turns.js";

/** An admitted update on its way to the disk. */
export interface LogItem {
  /** `undefined`: it brought nothing new, and is settled with what came before it. */
  readonly update: Uint8Array | undefined;
  readonly author: Member;
  /** The author's counter; 0 in dialects without acks. */
  readonly n: number;
}

/** A log item that has its place. */
export interface PlacedItem extends LogItem {
  /** What the log held of the author's Yjs client id when this item was given its place. */
  readonly clock: number;
}

/** What a log tells the room it belongs to. */
export interface LogListener {
  /** `items` are on disk as the record `seq`, in this order. None: something else of the document was written. */
  committed(seq: number, items: readonly PlacedItem[]): void;
  /** The items not yet on disk are admitted, but their commit takes long. */
  commitDelayed(items: readonly LogItem[]): void;
  /** The store refused the commit; it is tried again. */
  commitFailed(error: unknown): void;
}

export interface LogOptions extends HistoryOptions {
  readonly storage: Storage;
  readonly commitQueue: CommitQueue;
  readonly backlog: Backlog;
  readonly timers: Timers;
  /** For a document that was never written. */
  readonly newGeneration: () => string;
}

/** A larger record holds a single update, or what a refused commit may have written already. */
const maxRecordBytes = 1024 * 1024;

/** What an update in the backlog costs beyond its bytes. */
const itemOverheadBytes = 128;

type CommitOutcome = "committed" | "refused";

export class Log implements CommitSource {
  readonly history: History;
  /** The ids of everything admitted, durable or not. */
  readonly contents: Contents;
  readonly #options: LogOptions;
  #listener: LogListener | undefined;
  #forming: PlacedItem[] = [];
  #inFlight: PlacedItem[] = [];
  #onCommitOver: ((outcome: CommitOutcome) => void) | undefined;
  /** Client ids whose claims are not on disk yet; `undefined`: the claim that is there is to go. */
  readonly #unwrittenClaims = new LazyMap<number, Claim | undefined>();
  #claimsInFlight: readonly (readonly [clientId: number, claim: Claim | undefined])[] = [];
  #version: number;
  #durableVersion: number;

  private constructor(options: LogOptions, history: History, contents: Contents) {
    this.#options = options;
    this.history = history;
    this.contents = contents;
    this.#version = this.#durableVersion = history.seq;
  }

  /**
   * @throws {SynclineError} `data-corrupt` when something of it is missing, damaged or not understood
   * @throws {DocumentDeleted}
   */
  static async load(options: LogOptions): Promise<Log> {
    const { documentName, storage } = options;
    try {
      const pointer = (await readPointer(options)) ?? (await neverWritten(options));
      const { contents, snapshot } = await readSnapshot(options, pointer);
      const history = new History(options, pointer, snapshot);
      const log = new Log(options, history, contents);
      const turns = new Turns(options.timers);
      for await (const record of storage.readRecords(documentName, pointer.coveredSeq))
        await log.#takeIn(record, turns);
      history.loaded();
      return log;
    } catch (cause) {
      if (!(cause instanceof UpdateError || cause instanceof ProtocolError)) throw cause;
      // Not the client's mistake, whatever its bytes would have been told.
      throw new SynclineError("data-corrupt", `what is stored of ${JSON.stringify(documentName)} cannot be read`, {
        cause,
      });
    }
  }

  listen(listener: LogListener): void {
    this.#listener = listener;
  }

  get generation(): string {
    return this.history.pointer.generation;
  }

  /** Something of the document could not be used and was set aside. */
  get isDegraded(): boolean {
    return this.history.pointer.quarantinedCount > 0;
  }

  /** Grows with everything admitted. */
  get version(): number {
    return this.#version;
  }

  /** As `version`, with everything durable. */
  get durableVersion(): number {
    return this.#durableVersion;
  }

  /** Admitted and not yet durable, in order. */
  get unsettled(): readonly PlacedItem[] {
    return this.#inFlight.length === 0 ? this.#forming : [...this.#inFlight, ...this.#forming];
  }

  get unsettledUpdates(): readonly Uint8Array[] {
    return updatesOf(this.unsettled);
  }

  get isSettled(): boolean {
    return this.#forming.length === 0 && this.#inFlight.length === 0;
  }

  /** As `isSettled`, and no claim waits for the disk either. */
  get isIdle(): boolean {
    return this.isSettled && !this.#hasClaimsToWrite;
  }

  /** Something of it is on disk. */
  get wasWritten(): boolean {
    return this.history.seq > 0 || this.history.pointer.epoch > 0;
  }

  /** Whose client ids are in a document that was never written: on disk is nothing of that. */
  get claimsToKeep(): readonly Claim[] {
    return this.wasWritten ? [] : [...this.#unwrittenClaims.values()].flatMap((claim) => claim ?? []);
  }

  /**
   * Has it written whose `clientId` is, or that it is nobody's, not later than any update that is appended from now on. A
   * document that was never written is not made by that: the claim goes with its first update.
   */
  claim(clientId: number, claim: Claim | undefined): void {
    // Of what is not on disk, and not on its way there, nothing has to go.
    const isNowhere = !this.wasWritten && this.#claimsInFlight.length === 0;
    if (isNowhere && !claim) this.#unwrittenClaims.delete(clientId);
    else this.#unwrittenClaims.set(clientId, claim);
    if (this.#hasClaimsToWrite) this.#options.commitQueue.request(this);
  }

  /** Gives an admitted update its place. From here on its ids are part of the document. */
  append(item: LogItem, scanned: ScannedUpdate): void {
    this.contents.absorb(scanned);
    this.#version += 1;
    this.#forming.push(this.#place(item));
    this.#options.backlog.add(weightOf(item));
    this.#options.commitQueue.request(this);
  }

  /** Has an item that brought nothing new settled together with the last that did. Only while something is unsettled. */
  settleWithLast(item: LogItem): void {
    (this.#forming.length > 0 ? this.#forming : this.#inFlight).push(this.#place(item));
  }

  /**
   * To be called when nothing is appended any more. Resolves when everything admitted is durable, or the store has refused
   * it: then it is dropped.
   */
  async end(): Promise<void> {
    let outcome: CommitOutcome = "committed";
    while (!this.isIdle && outcome === "committed") {
      outcome = await new Promise<CommitOutcome>((over) => (this.#onCommitOver = over));
    }
    this.#drop(this.#inFlight.splice(0));
    this.#drop(this.#forming.splice(0));
    this.#unwrittenClaims.clear();
  }

  takeEntry(): AppendEntry | undefined {
    this.#takeForming();
    const updates = updatesOf(this.#inFlight);
    if (updates.length === 0 && !this.#hasClaimsToWrite) return undefined;
    const { documentName } = this.#options;
    return { documentName, generation: this.generation, previousSeq: this.history.seq, updates, ...this.#takeClaims() };
  }

  committed(seq: number): void {
    const items = this.#inFlight;
    this.#inFlight = [];
    this.#drop(items);
    this.#claimsWritten();
    const updates = updatesOf(items);
    if (updates.length > 0) this.history.push({ seq, updates });
    this.#durableVersion += updates.length;
    this.#onCommitOver?.("committed");
    if (this.#forming.length > 0 || this.#hasClaimsToWrite) this.#options.commitQueue.request(this);
    this.#listener?.committed(seq, items);
  }

  /** What is in flight stays so, and the queue asks again. */
  commitFailed(error: unknown): void {
    this.#onCommitOver?.("refused");
    this.#listener?.commitFailed(error);
  }

  commitDelayed(): void {
    this.#listener?.commitDelayed(this.unsettled);
  }

  /** Takes over a snapshot that was made by somebody else, or by a write that was reported as refused. */
  async refreshSnapshot(): Promise<void> {
    const pointer = await this.#options.storage.readPointer(this.#options.documentName);
    const { generation, epoch } = this.history.pointer;
    if (!pointer || pointer.generation !== generation || pointer.epoch === epoch) return;
    const { snapshot } = await readSnapshot(this.#options, pointer);
    this.history.replaceSnapshot(pointer, snapshot, this.history.weightSinceSnapshot);
  }

  /** Makes `pointer` and `snapshot` the history's; the contents learn what the document deleted by itself. */
  replaceSnapshot(pointer: Pointer, snapshot: SnapshotContents, weight: number): void {
    this.contents.deletions.addAll(scanUpdate(snapshot.deleteSetUpdate).deletions);
    this.history.replaceSnapshot(pointer, snapshot, weight);
  }

  /** As much as fits into one record: what is read or sent in one piece must not hold up everything else. */
  #takeForming(): void {
    let byteCount = this.#inFlight.reduce((sum, item) => sum + weightOf(item), 0);
    let count = 0;
    for (const item of this.#forming) {
      byteCount += weightOf(item);
      if (byteCount > maxRecordBytes && this.#inFlight.length + count > 0) break;
      count += 1;
    }
    const taken = this.#forming.splice(0, count);
    this.#inFlight = this.#inFlight.length === 0 ? taken : [...this.#inFlight, ...taken];
  }

  get #hasClaimsToWrite(): boolean {
    return this.wasWritten && this.#unwrittenClaims.size > 0;
  }

  /** All of them, those included that a refused commit had. */
  #takeClaims(): Pick<AppendEntry, "claims" | "released"> {
    this.#claimsInFlight = [...this.#unwrittenClaims];
    if (this.#claimsInFlight.length === 0) return {};
    const claims = this.#claimsInFlight.flatMap(([, claim]) => claim ?? []);
    const released = this.#claimsInFlight.filter(([, claim]) => !claim).map(([clientId]) => clientId);
    return { claims, released };
  }

  #claimsWritten(): void {
    for (const [clientId, claim] of this.#claimsInFlight) {
      // It may have changed hands meanwhile.
      if (this.#unwrittenClaims.get(clientId) === claim) this.#unwrittenClaims.delete(clientId);
    }
    this.#claimsInFlight = [];
  }

  #drop(items: readonly LogItem[]): void {
    for (const item of items) this.#options.backlog.remove(weightOf(item));
  }

  #place({ update, author, n }: LogItem): PlacedItem {
    return { update, author, n, clock: this.contents.stateVector.get(author.clientId) };
  }

  async #takeIn(record: LogRecord, turns: Turns): Promise<void> {
    if (record.seq !== this.history.seq + 1) {
      const message = `record ${this.history.seq + 1} of ${JSON.stringify(this.#options.documentName)} is missing`;
      throw new SynclineError("data-corrupt", message);
    }
    for (const update of record.updates) {
      this.contents.absorb(scanUpdate(update));
      const turn = turns.did(update.length);
      if (turn) await turn;
    }
    this.history.push(record);
    this.#version = this.#durableVersion = record.seq;
  }
}

function weightOf({ update }: LogItem): number {
  return update ? update.length + itemOverheadBytes : 0;
}

export function updatesOf(items: readonly LogItem[]): Uint8Array[] {
  const updates: Uint8Array[] = [];
  for (const { update } of items) if (update) updates.push(update);
  return updates;
}

/** @throws {DocumentDeleted} */
async function readPointer({ documentName, storage }: LogOptions): Promise<Pointer | undefined> {
  const [pointer, tombstone] = await Promise.all([
    storage.readPointer(documentName),
    storage.readTombstone(documentName),
  ]);
  if (!tombstone) return pointer;
  // Both: a store that had to be rebuilt from damaged files may have found again what was deleted.
  if (pointer && pointer.generation !== tombstone.generation) return pointer;
  throw new DocumentDeleted(documentName, tombstone);
}

/** @throws {SynclineError} `data-corrupt` when only the pointer is not there */
async function neverWritten({ documentName, storage, newGeneration }: LogOptions): Promise<Pointer> {
  for await (const { kind } of storage.readEverything(documentName)) {
    throw new SynclineError("data-corrupt", `there is a ${kind} of ${JSON.stringify(documentName)}, but no pointer`);
  }
  return emptyPointer(newGeneration());
}

/** No contents and no snapshot before the first compaction. @throws {SynclineError} `data-corrupt` */
async function readSnapshot(
  { documentName, storage }: LogOptions,
  pointer: Pointer,
): Promise<{ readonly contents: Contents; readonly snapshot: SnapshotContents | undefined }> {
  if (pointer.epoch === 0) return { contents: new Contents(), snapshot: undefined };
  const bytes = await storage.readContents(documentName, pointer);
  if (!bytes) throw new SynclineError("data-corrupt", `the contents of ${JSON.stringify(documentName)} are missing`);
  const contents = Contents.decode(bytes);
  return { contents, snapshot: new StoredSnapshot(contents.stateVector.clone(), bytes) };
}

/** The update as bytes of its own, where it is a small view into a large buffer that it would keep alive. */
export function ownBytes(update: Uint8Array): Uint8Array {
  return update.byteLength * 2 < update.buffer.byteLength ? update.slice() : update;
}
