import { expect, test } from "vitest";
import { silentLogger } from "../logger.js";
import { systemTimers, type Timers } from "../timers.js";
import { CommitQueue, type CommitSource } from "./commit-queue.js";
import { MemoryStorage } from "./memory.js";
import type { AppendEntry } from "./storage.js";

/** Appends when it is told to, or fails. */
class HeldStorage extends MemoryStorage {
  readonly appends: { entries: readonly AppendEntry[]; succeed: () => void; fail: (error: Error) => void }[] = [];
  #arrived: (() => void)[] = [];

  override append(entries: readonly AppendEntry[]): Promise<number[]> {
    return new Promise((resolve, reject) => {
      this.appends.push({ entries, succeed: () => void super.append(entries).then(resolve), fail: reject });
      for (const arrived of this.#arrived.splice(0)) arrived();
    });
  }

  async nextAppend(index: number): Promise<HeldStorage["appends"][number]> {
    while (this.appends.length <= index) await new Promise<void>((resolve) => this.#arrived.push(resolve));
    return this.appends[index] as HeldStorage["appends"][number];
  }
}

class Source implements CommitSource {
  readonly events: string[] = [];
  readonly #documentName: string;
  #waiting: Uint8Array[] = [];
  #seq = 0;
  #changed: (() => void)[] = [];

  constructor(documentName: string) {
    this.#documentName = documentName;
  }

  add(byte: number): void {
    this.#waiting.push(Uint8Array.of(byte));
  }

  takeEntry(): AppendEntry {
    return { documentName: this.#documentName, generation: "g", previousSeq: this.#seq, updates: this.#waiting };
  }

  committed(seq: number): void {
    this.#seq = seq;
    this.#waiting = [];
    this.#note(`committed ${seq}`);
  }

  commitFailed(): void {
    this.#note("failed");
  }

  commitDelayed(): void {
    this.#note("delayed");
  }

  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #note(event: string): void {
    this.events.push(event);
    for (const changed of this.#changed.splice(0)) changed();
  }
}

/** Timers whose delays are over at once, so that retries need no waiting. */
const hurried: Timers = { ...systemTimers, after: (_delayMs, callback) => systemTimers.after(0, callback) };

test("logs that wait while a commit is in flight share the next one", async () => {
  const storage = new HeldStorage();
  const queue = new CommitQueue({ storage, timers: systemTimers, logger: silentLogger });
  const [a, b, c] = [new Source("a"), new Source("b"), new Source("c")];
  a.add(1);
  queue.request(a);
  const first = await storage.nextAppend(0);
  for (const source of [b, c]) {
    source.add(2);
    queue.request(source);
    queue.request(source);
  }
  first.succeed();
  const second = await storage.nextAppend(1);
  expect(second.entries.map((entry) => entry.documentName)).toEqual(["b", "c"]);
  second.succeed();
  await queue.idle();
  expect([a.events, b.events, c.events]).toEqual([["committed 1"], ["committed 1"], ["committed 1"]]);
});

test("a failed commit acknowledges nothing, and is tried again with everything that came meanwhile", async () => {
  const storage = new HeldStorage();
  const queue = new CommitQueue({ storage, timers: hurried, logger: silentLogger });
  const source = new Source("a");
  source.add(1);
  queue.request(source);
  (await storage.nextAppend(0)).fail(new Error("no space left on device"));
  await source.until("failed");
  expect(queue.isHealthy).toBe(false);
  source.add(2);
  queue.request(source);
  const retry = await storage.nextAppend(1);
  expect(retry.entries[0]?.updates).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  retry.succeed();
  await queue.idle();
  expect(source.events.filter((event) => event !== "delayed")).toEqual(["failed", "committed 1"]);
  expect(queue.isHealthy).toBe(true);
});

test("a slow commit is announced as delayed, once", async () => {
  const storage = new HeldStorage();
  const queue = new CommitQueue({ storage, timers: hurried, logger: silentLogger });
  const source = new Source("a");
  source.add(1);
  queue.request(source);
  const append = await storage.nextAppend(0);
  await source.until("delayed");
  append.succeed();
  await queue.idle();
  expect(source.events).toEqual(["delayed", "committed 1"]);
});
