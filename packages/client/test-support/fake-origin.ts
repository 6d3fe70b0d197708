/**
 * Locks and channels of a browser, for tests: every grant and every message is a task, and chance says which comes next.
 * Only messages from one channel object to another keep their order, as in a browser.
 */
import type { ChannelLike, LocksLike, OriginScope } from "../src/tabs/origin-scope.js";

interface LockEntry {
  readonly tab: FakeTab;
  readonly callback: (lock: unknown) => Promise<void> | void;
  readonly settle: (outcome: Promise<void>) => void;
  isHeld: boolean;
}

export class FakeOrigin {
  readonly #random: () => number;
  readonly #queues = new Map<unknown, (() => void)[]>();
  readonly channels = new Set<FakeChannel>();
  readonly locks = new Map<string, LockEntry[]>();

  /** @param random at least 0, below 1 */
  constructor(random: () => number = () => 0) {
    this.#random = random;
  }

  tab(): FakeTab {
    return new FakeTab(this);
  }

  /** Locks held or waited for. */
  get lockNames(): string[] {
    return [...this.locks].flatMap(([name, entries]) => entries.map(() => name));
  }

  /** Tasks of one line keep their order. */
  enqueue(line: unknown, task: () => void): void {
    const queue = this.#queues.get(line);
    if (queue) queue.push(task);
    else this.#queues.set(line, [task]);
  }

  /** Runs tasks until there are none, or so many. */
  async run(taskCount = 100_000): Promise<void> {
    for (let done = 0; done < taskCount; done++) {
      await new Promise((resolve) => setImmediate(resolve));
      const lines = [...this.#queues.keys()];
      if (lines.length === 0) return;
      const line = lines[Math.floor(this.#random() * lines.length)];
      const queue = this.#queues.get(line) ?? [];
      const task = queue.shift();
      if (queue.length === 0) this.#queues.delete(line);
      task?.();
    }
    if (taskCount === 100_000) throw new Error("it does not settle");
  }

  grantNext(name: string): void {
    this.enqueue(`lock ${name}`, () => {
      const [first] = this.locks.get(name) ?? [];
      if (!first || first.isHeld || first.tab.isFrozen) return;
      first.isHeld = true;
      const done = Promise.resolve(first.callback({ name })).then(() => this.removeLock(name, first));
      first.settle(done);
    });
  }

  removeLock(name: string, entry: LockEntry): void {
    const entries = (this.locks.get(name) ?? []).filter((other) => other !== entry);
    if (entries.length === 0) this.locks.delete(name);
    else this.locks.set(name, entries);
    this.grantNext(name);
  }
}

export class FakeTab implements OriginScope {
  readonly locks: LocksLike;
  readonly openChannel: (name: string) => ChannelLike;
  readonly origin: FakeOrigin;
  isGone = false;
  /** Neither messages nor locks reach it. */
  isFrozen = false;

  constructor(origin: FakeOrigin) {
    this.origin = origin;
    this.locks = { request: (name, options, callback) => this.#request(name, options, callback) };
    this.openChannel = (name) => new FakeChannel(this, name);
  }

  /** As if its process was killed: what it holds is free, and nothing it does any more is seen. */
  crash(): void {
    this.isGone = true;
    const { channels, locks } = this.origin;
    for (const channel of [...channels]) if (channel.tab === this) channels.delete(channel);
    for (const [name, entries] of [...locks]) {
      for (const entry of entries) if (entry.tab === this) this.origin.removeLock(name, entry);
    }
  }

  #request(...[name, { ifAvailable, signal }, callback]: Parameters<LocksLike["request"]>): Promise<unknown> {
    const { locks } = this.origin;
    if (this.isGone) return new Promise(() => {});
    if (ifAvailable && locks.has(name)) return Promise.resolve(callback(null));
    return new Promise((resolve, reject) => {
      const entry: LockEntry = { tab: this, callback, settle: resolve, isHeld: false };
      locks.set(name, [...(locks.get(name) ?? []), entry]);
      signal?.addEventListener("abort", () => {
        if (entry.isHeld) return;
        this.origin.removeLock(name, entry);
        reject(signal.reason as Error);
      });
      this.origin.grantNext(name);
    });
  }
}

class FakeChannel implements ChannelLike {
  onmessage: ((event: never) => unknown) | null = null;
  readonly tab: FakeTab;
  readonly #name: string;

  constructor(tab: FakeTab, name: string) {
    this.tab = tab;
    this.#name = name;
    if (!tab.isGone) tab.origin.channels.add(this);
  }

  postMessage(message: unknown): void {
    const { channels } = this.tab.origin;
    if (this.tab.isGone) return;
    if (!channels.has(this)) throw new Error("the channel is closed");
    for (const other of channels) {
      if (other === this || other.#name !== this.#name) continue;
      const data = structuredClone(message);
      this.tab.origin.enqueue(lineOf(this, other), () => {
        if (channels.has(other) && !other.tab.isFrozen) other.onmessage?.({ data } as never);
      });
    }
  }

  close(): void {
    this.tab.origin.channels.delete(this);
  }
}

const lines = new WeakMap<FakeChannel, WeakMap<FakeChannel, object>>();

function lineOf(from: FakeChannel, to: FakeChannel): object {
  const known = lines.get(from) ?? new WeakMap<FakeChannel, object>();
  lines.set(from, known);
  const line = known.get(to) ?? {};
  known.set(to, line);
  return line;
}
