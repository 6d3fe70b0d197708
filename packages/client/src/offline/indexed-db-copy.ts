/**
 * One document's copy in IndexedDB: when its database is opened, read into the document, given up and tried again, and
 * what the application is told.
 *
 * Why a stored position is always true: all that the document holds was read from the rows or is written to them, and
 * what could not be written is found by comparing when the database is read again. A position is stored with, or after,
 * all of it (write-queue.ts). Nothing takes content out of the rows but a restart, which takes the position, too, and
 * after which other tabs cannot write what they had read before (stored-document.ts).
 */
import type * as Y from "yjs";
import { backoffMs } from "../backoff.js";
import { SynclineError, type SynclineErrorCode } from "../error.js";
import type { LocalCopy, LocalCopyOptions, LocalCopyState, LogPosition } from "../local-copy.js";
import type { PageEventTarget } from "../page-events.js";
import type { Timing } from "../timing.js";
import { openDatabase } from "./database.js";
import { RememberedPosition } from "./remembered-position.js";
import { applyRows, isUntouched, missingFrom } from "./rows.js";
import { createDocument, readDocument, type StoredDocument } from "./stored-document.js";
import { UnloadWarning } from "./unload-warning.js";
import { WriteQueue } from "./write-queue.js";

export interface IndexedDbCopyOptions extends LocalCopyOptions {
  readonly databaseName: string;
  /** Gives `undefined` where there is none. */
  readonly findFactory: () => IDBFactory | undefined;
  readonly openTimeoutMs: number;
  readonly pageEvents: PageEventTarget | null;
  readonly shouldWarnBeforeUnload: () => boolean;
  readonly timing: Timing;
}

interface Opening {
  readonly kind: "opening";
  readonly cancelTimer: () => void;
}

type CopyState =
  | Opening
  | { readonly kind: "open"; readonly db: IDBDatabase; readonly queue: WriteQueue }
  /** It failed, and is tried again. */
  | { readonly kind: "resting"; readonly cancelTimer: () => void }
  /** What is stored is not this document any more, until that restarts, too. */
  | { readonly kind: "replaced" }
  | { readonly kind: "ended" };

const retryLimits = { baseMs: 2_000, capMs: 60_000 };

export class IndexedDbCopy implements LocalCopy {
  readonly loaded: Promise<LogPosition | undefined>;
  readonly #options: IndexedDbCopyOptions;
  readonly #position: RememberedPosition;
  readonly #unloadWarning: UnloadWarning;
  #resolveLoaded: (position: LogPosition | undefined) => void = () => {};
  #state: CopyState;
  #shown: LocalCopyState = "loading";
  /** Of the rows that the document was last one with. */
  #epoch: number | undefined;
  /** What the document is of, as far as it was told. */
  #generation: string | undefined;
  /** What is stored is to be replaced. */
  #isRestarting = false;
  #failureCount = 0;
  #onSettled: (() => void)[] = [];
  #destroyed: Promise<void> | undefined;

  constructor(options: IndexedDbCopyOptions) {
    this.#options = options;
    this.loaded = new Promise((resolve) => (this.#resolveLoaded = resolve));
    this.#position = new RememberedPosition(options.timing, () => this.#run());
    this.#unloadWarning = new UnloadWarning(options.pageEvents, options.shouldWarnBeforeUnload);
    options.doc.on("update", this.#onUpdate);
    options.doc.on("destroy", this.#onDocDestroyed);
    this.#state = this.#open();
  }

  get state(): LocalCopyState {
    return this.#shown;
  }

  remember({ generation, seq }: LogPosition): void {
    if (this.#destroyed) return;
    this.#generation = generation;
    this.#position.set({ generation, seq });
  }

  flush(): Promise<void> {
    this.#position.hurry();
    this.#run();
    return this.#isSettled ? Promise.resolve() : new Promise((resolve) => this.#onSettled.push(resolve));
  }

  restart(): Promise<void> {
    this.#isRestarting = true;
    this.#generation = undefined;
    this.#position.forget();
    if (this.#shown === "saved") this.#show("saving");
    if (this.#state.kind === "open") this.#state.queue.restart();
    if (this.#state.kind === "replaced") this.#state = this.#open();
    return Promise.resolve().then(() => this.flush());
  }

  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy();
    return this.#destroyed;
  }

  async #destroy(): Promise<void> {
    const { doc } = this.#options;
    doc.off("update", this.#onUpdate);
    doc.off("destroy", this.#onDocDestroyed);
    await this.flush();
    this.#become({ kind: "ended" });
    this.#position.forget();
    this.#unloadWarning.set(false);
    this.#resolveLoaded(undefined);
  }

  readonly #onDocDestroyed = (): void => void this.destroy();

  /** Of all origins. While the database is not open, this copy's own among them, what is missing is found by comparing. */
  readonly #onUpdate = (update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction): void => {
    if (local) this.#unloadWarning.set(true);
    if (this.#state.kind !== "open") return;
    if (this.#shown === "saved") this.#show("saving");
    this.#state.queue.add(update, local);
  };

  #open(): Opening {
    const { openTimeoutMs, timing } = this.#options;
    const onLate = () => this.#report("storage-failed", "its database does not open");
    const opening = { kind: "opening", cancelTimer: timing.setTimer(onLate, openTimeoutMs) } as const;
    this.#read(opening, onLate).catch((cause: unknown) => {
      if (this.#state === opening) this.#retryAfter(cause);
    });
    return opening;
  }

  /** However late the database opens: it is used from then on. */
  async #read(opening: Opening, onBlocked: () => void): Promise<void> {
    const { findFactory, databaseName } = this.#options;
    const factory = await findFactory();
    if (!factory) return this.#end("storage-failed", "there is no IndexedDB here");
    const db = await openDatabase(factory, databaseName, { onCreated: createDocument, onBlocked });
    db.onversionchange = ({ newVersion }) => {
      db.close();
      if (newVersion === null) this.#end("storage-replaced", "its database was deleted");
      else this.#end("storage-failed", "its database is of a newer version");
    };
    db.onclose = () => {
      if (this.#isUsing(db)) this.#retryAfter("the browser closed its database");
    };
    try {
      const stored = await readDocument(db);
      if (this.#state === opening) this.#load(db, stored);
    } finally {
      if (!this.#isUsing(db)) db.close();
    }
  }

  #load(db: IDBDatabase, stored: StoredDocument): void {
    const isRestarting = this.#isRestarting;
    if (!isRestarting && this.#isOfAnother(stored)) return this.#giveUp();
    const { doc } = this.#options;
    const { rows, position } = stored;
    const wasUntouched = isUntouched(doc);
    const errors = isRestarting || this.#destroyed ? [] : applyRows(doc, rows, this);
    const missing = isRestarting || wasUntouched ? undefined : missingFrom(rows, doc);
    if (!isRestarting) this.#epoch = stored.epoch;
    const queue = this.#makeQueue(db, stored);
    this.#become({ kind: "open", db, queue });
    this.#resolveLoaded(isRestarting || !position ? undefined : { ...position, ...(errors.length > 0 && { seq: 0 }) });
    if (errors.length > 0) this.#options.onError(this.#error("storage-failed", "a part cannot be read", errors[0]));
    if (isRestarting) queue.restart();
    if (missing) queue.add(missing, true);
    queue.run();
    if (this.#shown === "loading") this.#show("saving");
  }

  #makeQueue(db: IDBDatabase, { rows, isAnchored }: StoredDocument): WriteQueue {
    return new WriteQueue({
      ...{ db, doc: this.#options.doc, timing: this.#options.timing, position: this.#position },
      epoch: this.#epoch,
      rowCount: isAnchored ? rows.length : Infinity,
      onIdle: () => {
        this.#failureCount = 0;
        this.#unloadWarning.set(false);
        this.#show("saved");
        this.#settle();
      },
      onRestarted: (epoch) => {
        this.#epoch = epoch;
        this.#isRestarting = false;
      },
      onFailed: (cause) =>
        (cause as Partial<Error>).name === "ConstraintError" ? this.#giveUp() : this.#retryAfter(cause),
    });
  }

  /** Content of an earlier generation never gets into the document, and the document's never into that of another. */
  #isOfAnother({ epoch, position }: StoredDocument): boolean {
    // Epochs only grow: a smaller one is that of a new database.
    if (this.#epoch !== undefined) return epoch > this.#epoch;
    // By then the document may be open, and of another generation: nobody was told of this one.
    const isLate = this.#shown === "failed";
    return isLate && position !== undefined && position.generation !== this.#generation;
  }

  #giveUp(): void {
    this.#become(this.#epoch === undefined ? this.#rest() : { kind: "replaced" });
    this.#report("storage-replaced", "another tab replaced it");
  }

  #retryAfter(cause: unknown): void {
    this.#become(this.#rest());
    this.#report("storage-failed", String(cause), cause);
  }

  #end(code: SynclineErrorCode, reason: string): void {
    if (this.#state.kind === "ended") return;
    this.#become({ kind: "ended" });
    this.#report(code, reason);
  }

  #rest(): CopyState {
    const { timing } = this.#options;
    const delayMs = backoffMs(++this.#failureCount, timing.random(), retryLimits);
    return { kind: "resting", cancelTimer: timing.setTimer(() => (this.#state = this.#open()), delayMs) };
  }

  #become(next: CopyState): void {
    const before = this.#state;
    this.#state = next;
    if (before.kind === "opening" || before.kind === "resting") before.cancelTimer();
    if (before.kind !== "open") return;
    before.queue.stop();
    before.db.close();
  }

  #isUsing(db: IDBDatabase): boolean {
    return this.#state.kind === "open" && this.#state.db === db;
  }

  get #isSettled(): boolean {
    if (this.#state.kind === "open") return this.#state.queue.isIdle;
    return this.#state.kind !== "opening" || this.#shown === "failed";
  }

  #settle(): void {
    for (const resolve of this.#onSettled.splice(0)) resolve();
  }

  #run(): void {
    if (this.#state.kind === "open") this.#state.queue.run();
  }

  #show(state: LocalCopyState): void {
    if (this.#shown === state) return;
    this.#shown = state;
    this.#options.onState(state);
  }

  /** Once until it works again, however often it fails. */
  #report(code: SynclineErrorCode, reason: string, cause?: unknown): void {
    const isNews = this.#shown !== "failed" || code === "storage-replaced";
    if (isNews) this.#options.onError(this.#error(code, `${reason}. Edits are kept in memory only`, cause));
    this.#show("failed");
    this.#resolveLoaded(undefined);
    this.#settle();
  }

  #error(code: SynclineErrorCode, reason: string, cause?: unknown): SynclineError {
    const { documentName } = this.#options;
    return new SynclineError(code, `The copy of "${documentName}" in this browser: ${reason}`, { cause });
  }
}
