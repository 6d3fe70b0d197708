/**
 * A store whose own failures are dealt with before the next write: opened again after a refused one, mended after it found
 * its files damaged. Knows nothing of documents.
 */
import { isStoreCorrupt, SynclineError } from "../error.js";
import type { Bounds, Entry, KeyRange, KeyValueStore, WriteBatch } from "./key-value.js";

/** What is damaged again and again is not mended for ever: it takes as long as reading everything. */
const maxMends = 5;

export class GuardedStore {
  readonly #store: KeyValueStore;
  readonly #onMend: (damage: string) => void;
  /**
   * `torn`: LevelDB may leave half an entry in its log when it refuses a write (a full disk, a quota) and go on behind it;
   * what it then reports as written is not found when the log is read again. Opening it again begins a new log.
   * And what it refuses may be in its log all the same, and be found then: so it is not read before, either.
   * `stuck`: torn, and could not be opened again, as on a full disk. It is read as it is; the next write tries again.
   * `damaged`: LevelDB came upon a part of its files that it cannot read, by itself, and refuses all writes from then on.
   */
  #state: "sound" | "torn" | "stuck" | "damaged" | "closed" = "sound";
  /** Resolves when it is over, however it ended. */
  #lastWrite: Promise<void> = Promise.resolve();
  #mendCount = 0;
  /** What was found damaged since it was last mended: by a reader, it can wait until somebody asks. */
  #damage: string | undefined;
  #restoring: Promise<void> | undefined;

  constructor(store: KeyValueStore, onMend: (damage: string) => void = () => undefined) {
    this.#store = store;
    this.#onMend = onMend;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#opened();
    try {
      return await this.#store.get(key);
    } catch (thrown) {
      throw this.#noted(thrown);
    }
  }

  async *entries(range: KeyRange, chunkLength: number): AsyncIterable<readonly Entry[]> {
    await this.#opened();
    try {
      yield* this.#store.entries(range, chunkLength);
    } catch (thrown) {
      throw this.#noted(thrown);
    }
  }

  async *keys(range: KeyRange): AsyncIterable<Uint8Array> {
    await this.#opened();
    try {
      yield* this.#store.keys(range);
    } catch (thrown) {
      throw this.#noted(thrown);
    }
  }

  /**
   * Writes what `fill` puts into a batch: all of it or nothing. One at a time, as LevelDB does: none may stand behind one that
   * was refused.
   */
  write(fill: (batch: WriteBatch) => void | Promise<void>, options: { readonly sync: boolean }): Promise<void> {
    const written = this.#lastWrite.then(() => this.#write(fill, options));
    this.#lastWrite = written.catch(() => undefined);
    return written;
  }

  async #write(fill: (batch: WriteBatch) => void | Promise<void>, options: { readonly sync: boolean }): Promise<void> {
    await this.restored();
    try {
      const batch = this.#store.batch();
      await fill(batch);
      await batch.write(options);
    } catch (thrown) {
      if (!this.#isClosed) this.#state = isStoreCorrupt(thrown) ? "damaged" : "torn";
      throw this.#noted(thrown);
    }
  }

  /** Resolves when nothing of what was refused can turn up any more. @throws when it cannot be opened again */
  async restored(): Promise<void> {
    if (this.#state !== "sound") await this.#restore();
  }

  /** Mends what was found damaged; false when nothing was. */
  async mend(): Promise<boolean> {
    if (this.#damage === undefined || this.#isClosed) return false;
    this.#state = "damaged";
    await this.#restore();
    return true;
  }

  reclaim(range: Bounds, minBytes: number): Promise<void> {
    return this.#store.reclaim(range, minBytes);
  }

  /** For good: nothing opens it again. */
  async close(): Promise<void> {
    this.#state = "closed";
    await this.#restoring?.catch(() => undefined);
    await this.#store.close();
  }

  /** Before it is read. Rejects only where it cannot be read at all. */
  async #opened(): Promise<void> {
    if (this.#state === "sound") return;
    if (!this.#store.isOpen) return this.#restore();
    // What stands in the way will not be gone at every reading.
    if (this.#state === "torn") await this.#restore().catch(() => undefined);
    if (!this.#store.isOpen) await this.#restore();
  }

  #restore(): Promise<void> {
    this.#restoring ??= this.#mendOrReopen().finally(() => (this.#restoring = undefined));
    return this.#restoring;
  }

  async #mendOrReopen(): Promise<void> {
    if (this.#state === "closed") throw new SynclineError("closed", "the store is closed");
    try {
      if (this.#state === "damaged" && this.#mendCount < maxMends) {
        this.#mendCount += 1;
        this.#onMend(this.#damage ?? "");
        await this.#store.mend();
        this.#damage = undefined;
      } else {
        await this.#store.reopen();
      }
    } catch (thrown) {
      if (this.#state === "torn") this.#state = "stuck";
      throw thrown;
    }
    if (!this.#isClosed) this.#state = "sound";
  }

  /** Looked at after an await, when the state may have become anything. */
  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  #noted(thrown: unknown): unknown {
    if (isStoreCorrupt(thrown)) this.#damage = thrown.message;
    return thrown;
  }
}
