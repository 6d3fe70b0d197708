import { expect, test } from "vitest";
import { SynclineError } from "../error.js";
import { GuardedStore } from "./guarded-store.js";
import { MemoryKeyValueStore } from "./memory.js";

const key = Uint8Array.of(1);
const put = (value: number) => (batch: { put: (key: Uint8Array, value: Uint8Array) => void }) =>
  batch.put(key, Uint8Array.of(value));
const sync = { sync: true };

/** Fails as often as it is told to, and says what was asked of it. */
class Failing extends MemoryKeyValueStore {
  readonly calls: string[] = [];
  failures: { write?: Error; get?: Error; space?: Error; reopen?: Error } = {};
  hold: Promise<void> = Promise.resolve();
  onReopen: () => Promise<void> = async () => undefined;
  #isShut = false;

  async put(key: Uint8Array, value: Uint8Array): Promise<void> {
    const batch = super.batch();
    batch.put(key, value);
    await batch.write({ sync: true });
  }

  override get isOpen() {
    return !this.#isShut;
  }

  override batch() {
    const batch = super.batch();
    const { hold, failures } = this;
    const failure = failures.write;
    return {
      ...batch,
      write: async (options: { sync: boolean }) => {
        await hold;
        if (failure) throw failure;
        await batch.write(options);
      },
    };
  }

  override async get(key: Uint8Array) {
    if (this.failures.get) throw this.failures.get;
    return super.get(key);
  }

  override async reopen() {
    this.calls.push("reopen");
    await this.onReopen();
    if (this.failures.space) throw this.failures.space;
    this.#isShut = true;
    if (this.failures.reopen) throw this.failures.reopen;
    this.#isShut = false;
  }

  override async mend() {
    this.calls.push("mend");
  }
}

test("after a refused write it is opened again before the next", async () => {
  const store = new Failing();
  const guarded = new GuardedStore(store);
  store.failures.write = new Error("full");
  await expect(guarded.write(put(1), sync)).rejects.toThrow("full");
  store.failures = {};
  expect(store.calls).toEqual([]);
  await guarded.write(put(2), sync);
  await guarded.write(put(3), sync);
  expect(store.calls).toEqual(["reopen"]);
  expect(await guarded.get(key)).toEqual(Uint8Array.of(3));
});

test("a write waits for the one before it, and when that is refused it stands in a store that was opened again", async () => {
  const store = new Failing();
  const guarded = new GuardedStore(store);
  let go: () => void = () => undefined;
  store.hold = new Promise((resolve) => (go = resolve));
  store.failures = { write: new Error("full") };
  const refused = expect(guarded.write(put(1), sync)).rejects.toThrow("full");
  const behind = guarded.write(put(2), sync);
  await new Promise<void>((resolve) => setImmediate(resolve));
  store.failures = {};
  store.hold = Promise.resolve();
  go();
  await refused;
  await behind;
  expect(store.calls).toEqual(["reopen"]);
  expect(await guarded.get(key)).toEqual(Uint8Array.of(2));
});

test("when it could not be opened again, the next reader tries", async () => {
  const store = new Failing();
  const guarded = new GuardedStore(store);
  store.failures = { write: new Error("full"), reopen: new Error("no space for a manifest") };
  await expect(guarded.write(put(1), sync)).rejects.toThrow("full");
  await expect(guarded.write(put(1), sync)).rejects.toThrow("manifest");
  await expect(guarded.get(key)).rejects.toThrow("manifest");
  store.failures = {};
  expect(await guarded.get(key)).toBeUndefined();
  expect(store.calls).toEqual(["reopen", "reopen", "reopen"]);
});

test("while it stays open because it could not be opened again, it is read", async () => {
  const store = new Failing();
  const guarded = new GuardedStore(store);
  await guarded.write(put(1), sync);
  store.failures = { write: new Error("full"), space: new Error("full") };
  await expect(guarded.write(put(2), sync)).rejects.toThrow("full");
  await expect(guarded.write(put(2), sync)).rejects.toThrow("full");
  expect(await guarded.get(key)).toEqual(Uint8Array.of(1));
  expect(await guarded.get(key)).toEqual(Uint8Array.of(1));
  expect(store.calls).toEqual(["reopen"]);
  store.failures = {};
  await guarded.write(put(3), sync);
  expect(store.calls).toEqual(["reopen", "reopen"]);
});

test("after a refused write it is opened again before it is read: the write may have happened after all", async () => {
  const store = new Failing();
  const guarded = new GuardedStore(store);
  store.failures.write = new Error("no flush");
  await expect(guarded.write(put(1), sync)).rejects.toThrow("no flush");
  store.failures = {};
  store.onReopen = () => store.put(key, Uint8Array.of(1));
  expect(await guarded.get(key)).toEqual(Uint8Array.of(1));
});

test("what a reader finds damaged is mended when somebody asks, and once; writes go on meanwhile", async () => {
  const mended: string[] = [];
  const store = new Failing();
  const guarded = new GuardedStore(store, (damage) => mended.push(damage));
  expect(await guarded.mend()).toBe(false);
  store.failures.get = new SynclineError("store-corrupt", "a block");
  await expect(guarded.get(key)).rejects.toThrow("a block");
  store.failures = {};
  await guarded.write(put(1), sync);
  expect(store.calls).toEqual([]);
  expect(await guarded.mend()).toBe(true);
  expect(await guarded.mend()).toBe(false);
  expect([store.calls, mended]).toEqual([["mend"], ["a block"]]);
});

test("what makes it refuse writes is mended before the next, but not again and again", async () => {
  const store = new Failing();
  const guarded = new GuardedStore(store);
  for (let i = 0; i < 20; i++) {
    store.failures.write = new SynclineError("store-corrupt", "a block");
    await expect(guarded.write(put(i), sync)).rejects.toThrow("a block");
    store.failures = {};
    await guarded.write(put(i), sync);
  }
  expect(store.calls.filter((call) => call === "mend")).toHaveLength(5);
  expect(store.calls).toHaveLength(20);
});

test("once it is closed nothing opens it again", async () => {
  const store = new Failing();
  const guarded = new GuardedStore(store);
  await guarded.close();
  await expect(guarded.write(put(1), sync)).rejects.toMatchObject({ code: "closed" });
  await expect(guarded.get(key)).rejects.toThrow("closed");
  expect(store.calls).toEqual([]);
});
