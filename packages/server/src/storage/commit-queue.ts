/**
 * Group commit: one writer per store. While a commit is in flight, logs that have something new wait; then one append
 * carries all of them, so that a thousand rooms share one flush of the disk. Knows nothing of what is appended.
 */
import type { Logger } from "../logger.js";
import { messageOf } from "../error.js";
import type { Timers } from "../timers.js";
import type { AppendEntry, Storage } from "./storage.js";

/** A log that has something to append. */
export interface CommitSource {
  /** What to append now. Called once per commit; after a failure the next call returns at least the same updates. */
  takeEntry(): AppendEntry | undefined;
  /** What was taken is durable, as the record `seq`. */
  committed(seq: number): void;
  /** What was taken may be lost; it is asked for again after a pause. */
  commitFailed(error: unknown): void;
  /** The commit that carries what was taken is slow. */
  commitDelayed(): void;
}

export interface CommitQueueOptions {
  readonly storage: Storage;
  readonly timers: Timers;
  readonly logger: Logger;
  /**
   * At least this long from the start of one commit to the start of the next: what arrives meanwhile shares a flush.
   * A commit after a longer pause starts at once.
   * @default 4
   */
  readonly commitIntervalMs?: number;
  /** @default 50 */
  readonly delayedAfterMs?: number;
}

const firstRetryMs = 100;
const lastRetryMs = 5_000;

export class CommitQueue {
  readonly #storage: Storage;
  readonly #timers: Timers;
  readonly #logger: Logger;
  readonly #commitIntervalMs: number;
  readonly #delayedAfterMs: number;
  #waiting = new Set<CommitSource>();
  #failedCommitCount = 0;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #state: { readonly kind: "idle" | "scheduled" | "committing" | "closed" } = { kind: "idle" };
  #inFlight: Promise<void> = Promise.resolve();
  #cancelScheduled: () => void = () => undefined;
  #idleWaiters: (() => void)[] = [];

  constructor({ storage, timers, logger, commitIntervalMs = 4, delayedAfterMs = 50 }: CommitQueueOptions) {
    this.#storage = storage;
    this.#timers = timers;
    this.#logger = logger;
    this.#commitIntervalMs = commitIntervalMs;
    this.#delayedAfterMs = delayedAfterMs;
  }

  /** False while the store refuses writes; they are retried until it takes them. */
  get isHealthy(): boolean {
    return this.#failedCommitCount === 0;
  }

  /** Has `source` asked for its entry in the next commit. */
  request(source: CommitSource): void {
    if (this.#state.kind === "closed") return;
    this.#waiting.add(source);
    if (this.#state.kind === "idle") this.#schedule();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    if (this.#state.kind === "idle" || this.#state.kind === "closed") return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Begins no commit any more, nor tries one again. Resolves when the one in flight is over. */
  async close(): Promise<void> {
    const inFlight = this.#inFlight;
    this.#state = { kind: "closed" };
    this.#waiting.clear();
    this.#cancelScheduled();
    await inFlight;
    this.#wakeIdle();
  }

  #schedule(): void {
    this.#state = { kind: "scheduled" };
    const start = () => {
      if (this.#state.kind === "scheduled") this.#inFlight = this.#commit();
    };
    const waitMs = this.#pauseMs();
    // Even without a pause not at once: updates that arrived in the same turn belong in the same commit.
    if (waitMs <= 0) this.#timers.soon(start);
    else this.#cancelScheduled = this.#timers.after(waitMs, start);
  }

  #pauseMs(): number {
    if (this.#failedCommitCount > 0) return Math.min(firstRetryMs * 2 ** (this.#failedCommitCount - 1), lastRetryMs);
    return this.#lastStartMs + this.#commitIntervalMs - this.#timers.now();
  }

  async #commit(): Promise<void> {
    this.#state = { kind: "committing" };
    this.#lastStartMs = this.#timers.now();
    const { sources, entries } = this.#take();
    if (entries.length > 0) await this.#append(sources, entries);
    // What was refused is not wanted any more.
    else this.#failedCommitCount = 0;
    // Closed while it was in flight: `close` sees to those who wait.
    if (this.#isClosed) return;
    if (this.#waiting.size > 0) return this.#schedule();
    this.#state = { kind: "idle" };
    this.#wakeIdle();
  }

  async #append(sources: readonly CommitSource[], entries: readonly AppendEntry[]): Promise<void> {
    const stopWatching = this.#timers.after(this.#delayedAfterMs, () => sources.forEach((s) => s.commitDelayed()));
    let seqs: readonly number[];
    try {
      seqs = await this.#storage.append(entries);
    } catch (thrown) {
      return this.#failed(sources, thrown);
    } finally {
      stopWatching();
    }
    this.#succeeded(sources, seqs);
  }

  /** Looked at after an await, when the state may have become anything. */
  get #isClosed(): boolean {
    return this.#state.kind === "closed";
  }

  #wakeIdle(): void {
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #take(): { sources: CommitSource[]; entries: AppendEntry[] } {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    const sources: CommitSource[] = [];
    const entries: AppendEntry[] = [];
    for (const source of waiting) {
      const entry = source.takeEntry();
      if (!entry) continue;
      sources.push(source);
      entries.push(entry);
    }
    return { sources, entries };
  }

  #succeeded(sources: readonly CommitSource[], seqs: readonly number[]): void {
    if (this.#failedCommitCount > 0) this.#logger.info({}, "the store takes writes again");
    this.#failedCommitCount = 0;
    for (const [index, source] of sources.entries()) source.committed(seqs[index] ?? 0);
  }

  #failed(sources: readonly CommitSource[], thrown: unknown): void {
    this.#failedCommitCount += 1;
    this.#logger.error(
      { error: messageOf(thrown), failedCommitCount: this.#failedCommitCount },
      "the store refused a commit; nothing of it is acknowledged, it is tried again",
    );
    for (const source of sources) {
      source.commitFailed(thrown);
      if (!this.#isClosed) this.#waiting.add(source);
    }
  }
}
