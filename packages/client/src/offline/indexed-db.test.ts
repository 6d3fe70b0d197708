import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as Y from "yjs";
import { FakeTiming } from "../../test-support/fake-timing.js";
import { FaultyIndexedDb } from "../../test-support/faulty-indexed-db.js";
import type { SynclineError } from "../error.js";
import type { LocalCopy, LocalCopyState } from "../local-copy.js";
import { resetDocument } from "../reset-document.js";
import { clearOffline, indexedDb, type OfflineOptions } from "./index.js";

interface Tab {
  readonly doc: Y.Doc;
  readonly copy: LocalCopy;
  readonly states: LocalCopyState[];
  readonly errors: SynclineError[];
  type(text: string): void;
  text(): string;
  close(): Promise<void>;
}

/** A browser: one IndexedDB, any number of tabs. */
class World {
  readonly idb = new FaultyIndexedDb();
  readonly timing = new FakeTiming();

  tab(options: Partial<OfflineOptions> & { doc?: Y.Doc; documentName?: string; serverUrl?: string } = {}): Tab {
    const { doc = new Y.Doc(), documentName = "notes", serverUrl = "ws://a", ...rest } = options;
    const states: LocalCopyState[] = [];
    const errors: SynclineError[] = [];
    const open = indexedDb({ indexedDB: this.idb.indexedDB, timing: this.timing, ...rest });
    const copy = open({
      ...{ doc, documentName, serverUrl },
      onState: (state) => states.push(state),
      onError: (error) => errors.push(error),
    });
    onTestFinished(() => copy.destroy());
    return {
      ...{ doc, copy, states, errors },
      type: (text) => doc.getText("content").insert(doc.getText("content").length, text),
      text: () => doc.getText("content").toString(),
      close: () => copy.destroy(),
    };
  }

  async loadedTab(options: Parameters<World["tab"]>[0] = {}): Promise<Tab> {
    const tab = this.tab(options);
    await tab.copy.loaded;
    return tab;
  }

  /** What a page that is opened now would show. */
  async storedText(): Promise<string> {
    const doc = new Y.Doc();
    for (const row of await this.rows()) if (row.length > 3) Y.applyUpdate(doc, row);
    return doc.getText("content").toString();
  }

  async rows(name = "notes"): Promise<Uint8Array[]> {
    return this.#ask(name, "updates", "readonly", (store) => store.getAll());
  }

  /** Without key: the rows' keys. */
  async custom(key: string, name = "notes"): Promise<unknown> {
    return this.#ask(name, "custom", "readonly", (store) => store.get(key));
  }

  /** Writes as y-indexeddb does, past the code under test. */
  async addRow(update: Uint8Array): Promise<IDBValidKey> {
    return this.#ask("notes", "updates", "readwrite", (store) => store.add(update));
  }

  async putCustom(key: string, value: unknown): Promise<void> {
    await this.#ask("notes", "custom", "readwrite", (store) => store.put(value, key));
  }

  /** Compacts as y-indexeddb does: a row that has what this tab knows, and nothing before it. */
  async compactForeign(update: Uint8Array): Promise<void> {
    const key = await this.addRow(update);
    for (const each of await this.#ask("notes", "updates", "readonly", (store) => store.getAllKeys())) {
      if (each < key) await this.#ask("notes", "updates", "readwrite", (store) => store.delete(each));
    }
  }

  /** The layout of y-indexeddb 9.0.12, written down here. */
  async makeForeign(updates: readonly Uint8Array[]): Promise<void> {
    const request = this.idb.factory.open("notes");
    request.onupgradeneeded = () => {
      request.result.createObjectStore("updates", { autoIncrement: true });
      request.result.createObjectStore("custom");
    };
    await new Promise((resolve) => (request.onsuccess = resolve));
    request.result.close();
    for (const update of updates) await this.addRow(update);
  }

  async factoryNames(): Promise<(string | undefined)[]> {
    return (await this.idb.factory.databases()).map(({ name }) => name);
  }

  async #ask<Result>(
    name: string,
    store: string,
    mode: IDBTransactionMode,
    ask: (store: IDBObjectStore) => IDBRequest<Result>,
  ): Promise<Result> {
    const request = this.idb.factory.open(name);
    await new Promise((resolve) => (request.onsuccess = resolve));
    const db = request.result as unknown as IDBDatabase;
    const asked = ask(db.transaction(store, mode).objectStore(store));
    await new Promise((resolve) => (asked.onsuccess = resolve));
    db.close();
    return asked.result;
  }
}

const eventually = <Value>(ask: () => Value) => expect.poll(ask, { interval: 1, timeout: 5_000 });
const textUpdate = (text: string): Uint8Array => {
  const doc = new Y.Doc();
  doc.getText("content").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
};
const beforeUnload = () =>
  Object.defineProperty(new Event("beforeunload", { cancelable: true }), "returnValue", { writable: true });
const pageEvents = () => {
  const target = new EventTarget();
  return { target, leave: () => target.dispatchEvent(beforeUnload()) };
};

describe("a copy in IndexedDB", () => {
  test("has what was typed, for the next page", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    expect(tab.copy.state).toBe("saved");
    tab.type("hello");
    expect(tab.copy.state).toBe("saving");
    await tab.copy.flush();
    expect(tab.copy.state).toBe("saved");
    expect(tab.states).toEqual(["saved", "saving", "saved"]);
    const next = await world.loadedTab();
    expect(next.text()).toBe("hello");
    expect(next.errors).toEqual([]);
  });

  test("begins a transaction for an edit in the microtask after it, and does not wait for earlier ones", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    await tab.copy.flush();
    world.idb.durabilities.length = 0;
    for (const letter of "abc") {
      tab.type(letter);
      await Promise.resolve();
    }
    expect(world.idb.durabilities).toEqual(["strict", "strict", "strict"]);
    await tab.copy.flush();
  });

  test("gathers edits of one task, and those that more than four transactions would be under way for", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    await tab.copy.flush();
    world.idb.durabilities.length = 0;
    for (const letter of "abcdefgh") {
      for (let i = 0; i < 10; i++) tab.type(letter);
      await Promise.resolve();
    }
    expect(world.idb.durabilities).toHaveLength(4);
    await tab.copy.flush();
    expect(world.idb.durabilities).toHaveLength(5);
    expect(await world.storedText()).toBe(tab.text());
  });

  test("lets the disk take its time with what came from elsewhere", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    await tab.copy.flush();
    world.idb.durabilities.length = 0;
    Y.applyUpdate(tab.doc, textUpdate("from a server"), "server");
    await tab.copy.flush();
    expect(world.idb.durabilities).toEqual(["relaxed"]);
    expect(await world.storedText()).toBe("from a server");
  });

  test("stores what was in the document before, and what is typed while it loads, once", async () => {
    const world = new World();
    const doc = new Y.Doc();
    doc.getText("content").insert(0, "before ");
    const tab = world.tab({ doc });
    tab.type("meanwhile");
    await tab.copy.loaded;
    await tab.copy.flush();
    expect(await world.storedText()).toBe("before meanwhile");
    const count = (await world.rows()).length;
    await tab.close();
    await (await world.loadedTab({ doc })).close();
    await (await world.loadedTab({ doc })).close();
    expect(await world.rows()).toHaveLength(count);
  });

  test("stores a deletion that was made before it loaded", async () => {
    const world = new World();
    const first = await world.loadedTab();
    first.type("gone");
    await first.close();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc));
    doc.getText("content").delete(0, 4);
    await (await world.loadedTab({ doc })).close();
    expect(await world.storedText()).toBe("");
  });

  test("stores what waited in the document for something that only the copy had", async () => {
    const world = new World();
    const first = await world.loadedTab();
    first.type("a");
    await first.copy.flush();
    const before = Y.encodeStateVector(first.doc);
    await first.close();
    first.type("b");
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc, before), "another tab");
    const tab = await world.loadedTab({ doc });
    expect(tab.text()).toBe("ab");
    await tab.close();
    expect(await world.storedText()).toBe("ab");
  });

  test("reads what y-indexeddb stored, keeps its layout, and leaves the application's own keys alone", async () => {
    const world = new World();
    await world.makeForeign([textUpdate("theirs ")]);
    await world.putCustom("the application's", "own");
    const tab = await world.loadedTab();
    expect(tab.text()).toBe("theirs ");
    expect(await tab.copy.loaded).toBeUndefined();
    tab.type("ours");
    await tab.copy.flush();
    await tab.copy.restart();
    await tab.close();
    const rows = await world.rows();
    expect(rows.every((row) => row instanceof Uint8Array)).toBe(true);
    expect(await world.storedText()).toMatch("ours");
    expect(await world.custom("the application's")).toBe("own");
  });

  test("keeps documents, and by option servers, apart", async () => {
    const world = new World();
    const databaseName = (name: string, url: string) => `${name}@${url}`;
    const tabs = [
      await world.loadedTab({ databaseName }),
      await world.loadedTab({ databaseName, serverUrl: "ws://b" }),
      await world.loadedTab({ documentName: "letters" }),
    ];
    for (const [index, tab] of tabs.entries()) tab.type(`only ${index}`);
    for (const tab of tabs) await tab.close();
    expect((await world.loadedTab({ databaseName, serverUrl: "ws://b" })).text()).toBe("only 1");
    expect((await world.loadedTab({ documentName: "letters" })).text()).toBe("only 2");
    expect((await world.loadedTab()).text()).toBe("");
  });

  test("when destroyed stores what is left, and leaves no timer and no listener", async () => {
    const world = new World();
    const tab = await world.loadedTab({ warnBeforeUnload: true, pageEvents: new EventTarget() });
    tab.type("last words");
    tab.copy.remember({ generation: "g", seq: 3 });
    const first = tab.copy.destroy();
    expect(tab.copy.destroy()).toBe(first);
    await first;
    expect(await world.storedText()).toBe("last words");
    expect(await world.custom("syncline:position")).toEqual({ generation: "g", seq: 3 });
    expect(world.timing.timerCount).toBe(0);
    expect([world.idb.connectionCount, tab.doc._observers.size]).toEqual([0, new Y.Doc()._observers.size]);
    tab.type(" not stored");
    tab.copy.remember({ generation: "g", seq: 4 });
    await tab.copy.flush();
    expect(world.timing.timerCount).toBe(0);
    expect(await world.storedText()).toBe("last words");
    // deleteDatabase waits for whoever has it open.
    await clearOffline("notes", { indexedDB: world.idb.indexedDB });
  });

  test("ends with its document", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("kept");
    tab.doc.destroy();
    await tab.copy.destroy();
    expect(await world.storedText()).toBe("kept");
  });

  test("destroyed at once, as React does in strict mode, stores what there was and does not touch the document", async () => {
    const world = new World();
    const first = await world.loadedTab();
    first.type("stored ");
    await first.close();
    const tab = world.tab();
    tab.type("typed");
    await tab.close();
    expect(tab.text()).toBe("typed");
    expect((await world.storedText()).split("stored ").join("")).toBe("typed");
  });
});

describe("a remembered position", () => {
  test("is stored a second later, and given to the next page", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    await tab.copy.flush();
    // That of another generation is stored at once: without it the content would be merged into any.
    tab.copy.remember({ generation: "g", seq: 1 });
    await eventually(() => world.custom("syncline:position")).toEqual({ generation: "g", seq: 1 });
    tab.copy.remember({ generation: "g", seq: 7 });
    world.timing.advance(999);
    expect(await world.custom("syncline:position")).toEqual({ generation: "g", seq: 1 });
    world.timing.advance(1);
    await eventually(() => world.custom("syncline:position")).toEqual({ generation: "g", seq: 7 });
    const next = await world.loadedTab();
    expect(await next.copy.loaded).toEqual({ generation: "g", seq: 7 });
  });

  test("goes with the next edit, and is as it was when it was told", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    await tab.copy.flush();
    const position = { generation: "g", seq: 1 };
    tab.copy.remember(position);
    position.seq = 99;
    tab.type("x");
    await eventually(() => world.custom("syncline:position")).toEqual({ generation: "g", seq: 1 });
  });

  test("is not believed when y-indexeddb compacted meanwhile: that may lose other tabs' rows", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("ours");
    tab.copy.remember({ generation: "g", seq: 7 });
    await tab.close();
    await world.compactForeign(textUpdate("theirs"));
    const next = await world.loadedTab();
    expect(await next.copy.loaded).toEqual({ generation: "g", seq: 0 });
    await next.close();
    expect(await (await world.loadedTab()).copy.loaded).toEqual({ generation: "g", seq: 0 });
  });

  test("is believed after this library compacted", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.copy.remember({ generation: "g", seq: 7 });
    for (let i = 0; i < 500; i++) {
      tab.type("x");
      await tab.copy.flush();
    }
    await tab.close();
    expect((await world.rows()).length).toBeLessThan(202);
    expect(await (await world.loadedTab()).copy.loaded).toEqual({ generation: "g", seq: 7 });
  });

  test("waits for all edits before it: one may fail while the next is stored", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.copy.remember({ generation: "g", seq: 1 });
    await eventually(() => world.custom("syncline:position")).toEqual({ generation: "g", seq: 1 });
    world.idb.durabilities.length = 0;
    world.idb.writeFault = "full-once";
    tab.type("fails ");
    await Promise.resolve();
    tab.copy.remember({ generation: "g", seq: 2 });
    tab.type("is stored");
    await Promise.resolve();
    expect(world.idb.durabilities).toHaveLength(2);
    await tab.copy.flush();
    expect(tab.copy.state).toBe("failed");
    expect(await world.custom("syncline:position")).toEqual({ generation: "g", seq: 1 });
    world.timing.advance(2_000);
    await eventually(() => tab.copy.state).toBe("saved");
    await tab.copy.flush();
    expect(await world.custom("syncline:position")).toEqual({ generation: "g", seq: 2 });
  });

  test("never claims what is not stored, whatever fails and however many tabs write", async () => {
    const step = fc.record({
      tab: fc.nat(2),
      act: fc.constantFrom("type", "type", "remember", "wait", "full", "heal", "close", "flush", "compact"),
    });
    const run = async (steps: { tab: number; act: string }[]) => {
      const world = new World();
      const tabs = [await world.loadedTab(), await world.loadedTab(), await world.loadedTab()];
      // The server's log, of which each tab has a beginning: one word for each seq.
      const log = tabs.map(() => 0);
      const server: Uint8Array[] = [];
      const serverDoc = new Y.Doc();
      serverDoc.on("update", (update: Uint8Array) => server.push(update));
      for (const { tab: index, act } of steps) {
        const tab = tabs[index] as Tab;
        if (act === "type") {
          if (log[index] === server.length) serverDoc.getArray("log").push([server.length]);
          Y.applyUpdate(tab.doc, server[log[index] as number] as Uint8Array, "server");
          log[index] = (log[index] as number) + 1;
          await Promise.resolve();
        }
        if (act === "remember") tab.copy.remember({ generation: "g", seq: log[index] as number });
        if (act === "wait") world.timing.advance(1_500);
        if (act === "full") world.idb.writeFault = "full";
        if (act === "heal") world.idb.writeFault = undefined;
        if (act === "close") world.idb.closeAll();
        if (act === "flush") await tab.copy.flush();
        const [position, rows] = [await world.custom("syncline:position"), await world.rows()];
        const doc = new Y.Doc();
        for (const row of rows) Y.applyUpdate(doc, row);
        const claimed = (position as { seq: number } | undefined)?.seq ?? 0;
        expect(doc.getArray("log").length).toBeGreaterThanOrEqual(claimed);
      }
      world.idb.writeFault = undefined;
      for (const tab of tabs) await tab.close();
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), run), { numRuns: 40 });
  });
});

describe("several tabs", () => {
  test("lose nothing of each other, however they compact", async () => {
    const world = new World();
    const tabs = [await world.loadedTab(), await world.loadedTab(), await world.loadedTab()];
    for (let i = 0; i < 700; i++) {
      const tab = tabs[i % 3] as Tab;
      tab.doc.getMap("edits").set(`${i}`, "x".repeat(i % 50));
      if (i % 7 === 0) await tab.copy.flush();
    }
    for (const tab of tabs) await tab.close();
    const next = await world.loadedTab();
    expect(next.doc.getMap("edits").size).toBe(700);
    expect((await world.rows()).length).toBeLessThan(450);
  });

  test("do not compact what another has just compacted", async () => {
    const world = new World();
    const tabs = [await world.loadedTab(), await world.loadedTab()] as const;
    const typeTimes = async (tab: Tab, count: number) => {
      for (let i = 0; i < count; i++) {
        tab.type("x");
        await tab.copy.flush();
      }
    };
    await typeTimes(tabs[0], 150);
    await typeTimes(tabs[1], 150);
    await typeTimes(tabs[0], 51);
    const anchor = await world.custom("syncline:anchor");
    expect((await world.rows()).length).toBeLessThan(10);
    await typeTimes(tabs[1], 60);
    expect(await world.custom("syncline:anchor")).toBe(anchor);
    expect((await world.rows()).length).toBeGreaterThan(50);
  });

  test("store no more than a base and some short rows, and do not rewrite the base each time", async () => {
    const world = new World();
    const base = "x".repeat(100_000);
    await (async () => {
      const tab = await world.loadedTab();
      tab.type(base);
      await tab.close();
    })();
    // Anchored with the large row as its first.
    await world.compactForeign((await world.rows()).at(-1) as Uint8Array);
    await (await world.loadedTab()).close();
    const tab = await world.loadedTab();
    const anchor = await world.custom("syncline:anchor");
    for (let i = 0; i < 450; i++) {
      tab.type("y");
      await tab.copy.flush();
    }
    await tab.close();
    expect(await world.custom("syncline:anchor")).toBe(anchor);
    expect((await world.rows()).length).toBeLessThan(202);
    expect(await world.storedText()).toBe(base + "y".repeat(450));
  });

  test("drop deleted content for good, unless the document keeps it", async () => {
    for (const gc of [true, false]) {
      const world = new World();
      const tab = await world.loadedTab({ doc: new Y.Doc({ gc }) });
      tab.type("secret".repeat(1_000));
      tab.doc.getText("content").delete(0, 6_000);
      await tab.close();
      await world.compactForeign(Y.mergeUpdates(await world.rows()));
      await (await world.loadedTab({ doc: new Y.Doc({ gc }) })).close();
      const stored = (await world.rows()).reduce((sum, { length }) => sum + length, 0);
      if (gc) expect(stored).toBeLessThan(500);
      else expect(stored).toBeGreaterThan(6_000);
    }
  });

  test("keep rows that cannot be read, load the others, say so, and claim no position", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("readable");
    tab.copy.remember({ generation: "g", seq: 7 });
    await tab.close();
    const torn = new Uint8Array([9, 9, 9]);
    await world.addRow(torn);
    for (let i = 0; i < 250; i++) await world.addRow(textUpdate("."));
    const next = await world.loadedTab();
    expect(next.text()).toMatch("readable");
    expect(await next.copy.loaded).toEqual({ generation: "g", seq: 0 });
    expect(next.errors.map(({ code }) => code)).toEqual(["storage-failed"]);
    next.type("!");
    await next.close();
    expect(next.copy.state).toBe("saved");
    expect(await world.rows()).toContainEqual(torn);
    expect(await world.storedText()).toMatch("!");
  });

  test("store ten thousand updates of one moment as one row", async () => {
    const world = new World();
    const source = new Y.Doc();
    const updates: Uint8Array[] = [];
    source.on("update", (update: Uint8Array) => updates.push(update));
    for (let i = 0; i < 10_000; i++) source.getText("content").insert(i, "x");
    const first = await world.loadedTab();
    await first.copy.flush();
    for (const update of updates) {
      Y.applyUpdate(first.doc, update, "server");
    }
    await first.close();
    // The other is the anchor of a new database.
    expect(await world.rows()).toHaveLength(2);
    const next = await world.loadedTab();
    expect(next.text()).toHaveLength(10_000);
  });
});

describe("when storing fails", () => {
  const text = (error: SynclineError | undefined) => `${error?.code}: ${error?.message}`;

  test("where there is no IndexedDB the document goes on, and nothing is tried again", async () => {
    const world = new World();
    vi.stubGlobal("indexedDB", undefined);
    const copy = indexedDb({ timing: world.timing });
    const errors: SynclineError[] = [];
    const opened = copy({
      ...{ doc: new Y.Doc(), documentName: "notes", serverUrl: "" },
      onState: () => {},
      onError: (error) => errors.push(error),
    });
    expect(opened.state).toBe("loading");
    expect(await opened.loaded).toBeUndefined();
    expect(opened.state).toBe("failed");
    expect(errors.map(text)).toEqual([
      'storage-failed: The copy of "notes" in this browser: there is no IndexedDB here. Edits are kept in memory only',
    ]);
    expect(world.timing.timerCount).toBe(0);
    await opened.flush();
    await opened.restart();
    await opened.destroy();
    vi.unstubAllGlobals();
  });

  for (const fault of ["throws", "error"] as const) {
    test(`when opening ${fault === "throws" ? "throws" : "fails"} it says so once, and tries again until it works`, async () => {
      const world = new World();
      world.idb.openFault = fault;
      const tab = world.tab();
      tab.type("typed");
      expect(await tab.copy.loaded).toBeUndefined();
      expect(tab.copy.state).toBe("failed");
      await tab.copy.flush();
      for (let i = 1; i < 5; i++) {
        world.timing.advance(120_000);
        await eventually(() => world.timing.timerCount).toBe(1);
      }
      expect(world.idb.openCount).toBeGreaterThanOrEqual(5);
      expect(tab.errors).toHaveLength(1);
      expect(text(tab.errors[0])).toMatch(/^storage-failed: .*(insecure|backing store)/);
      world.idb.release();
      world.timing.advance(120_000);
      await eventually(() => tab.copy.state).toBe("saved");
      expect(await world.storedText()).toBe("typed");
    });
  }

  for (const fault of ["silent", "blocked"] as const) {
    test(`a database that ${fault === "silent" ? "does not answer" : "is blocked"} is not waited for, and used when it opens`, async () => {
      const world = new World();
      const first = await world.loadedTab();
      first.type("stored ");
      await first.close();
      world.idb.openFault = fault;
      const tab = world.tab();
      tab.type("typed");
      if (fault === "silent") world.timing.advance(2_999);
      if (fault === "silent") expect(tab.copy.state).toBe("loading");
      if (fault === "silent") world.timing.advance(1);
      expect(await tab.copy.loaded).toBeUndefined();
      expect(tab.copy.state).toBe("failed");
      expect(text(tab.errors[0])).toMatch(/^storage-failed: .*does not open/);
      await tab.copy.flush();
      expect(world.idb.openCount).toBe(2);
      world.idb.release();
      await eventually(() => tab.copy.state).toBe("saved");
      expect([tab.text().length, tab.errors.length]).toEqual(["stored typed".length, 1]);
      expect(await world.storedText()).toBe(tab.text());
    });
  }

  test("a database that never answers does not keep a provider from being destroyed", async () => {
    const world = new World();
    world.idb.openFault = "silent";
    const tab = world.tab();
    tab.type("lost");
    const destroyed = tab.close();
    world.timing.advance(3_000);
    await destroyed;
    expect(world.timing.timerCount).toBe(0);
    world.idb.release();
    await eventually(() => world.idb.closeCount).toBe(1);
    expect(await world.storedText()).toBe("");
  });

  test("content of an earlier generation does not get into a document that went on without it", async () => {
    const world = new World();
    const first = await world.loadedTab();
    first.type("of old");
    first.copy.remember({ generation: "old", seq: 3 });
    await first.close();
    world.idb.openFault = "silent";
    const tab = world.tab();
    world.timing.advance(3_000);
    await tab.copy.loaded;
    Y.applyUpdate(tab.doc, textUpdate("of new"), "server");
    world.idb.release();
    await eventually(() => tab.errors.length).toBe(2);
    tab.copy.remember({ generation: "new", seq: 1 });
    world.timing.advance(120_000);
    await eventually(() => tab.errors.length).toBe(3);
    expect(tab.errors.map(({ code }) => code)).toEqual(["storage-failed", "storage-replaced", "storage-replaced"]);
    expect([tab.text(), await world.storedText()]).toEqual(["of new", "of old"]);
    await tab.copy.restart();
    expect([tab.copy.state, await world.storedText()]).toEqual(["failed", "of old"]);
    world.timing.advance(120_000);
    await eventually(() => tab.copy.state).toBe("saved");
    expect(await world.storedText()).toBe("of new");
  });

  for (const fault of ["full", "closing", "hangs"] as const) {
    const names = { full: "the disk is full", closing: "the connection is closing", hangs: "a write never ends" };
    test(`when ${names[fault]}, what is typed meanwhile is stored once it works again`, async () => {
      const world = new World();
      const tab = await world.loadedTab();
      tab.type("one ");
      tab.copy.remember({ generation: "g", seq: 1 });
      await tab.copy.flush();
      world.idb.writeFault = fault;
      tab.type("two ");
      tab.copy.remember({ generation: "g", seq: 2 });
      if (fault === "hangs") await Promise.resolve();
      if (fault === "hangs") world.timing.advance(30_000);
      await tab.copy.flush();
      expect(tab.copy.state).toBe("failed");
      expect(tab.errors.map(({ code }) => code)).toEqual(["storage-failed"]);
      if (fault !== "hangs") expect(await world.custom("syncline:position")).toEqual({ generation: "g", seq: 1 });
      tab.type("three ");
      const openCount = world.idb.openCount;
      world.timing.advance(4_000);
      await eventually(() => world.idb.openCount).toBe(openCount + 1);
      tab.type("four");
      expect(tab.errors).toHaveLength(1);
      expect(tab.copy.state).toBe("failed");
      world.idb.writeFault = undefined;
      world.timing.advance(60_000);
      await eventually(() => (world.timing.advance(60_000), tab.copy.state)).toBe("saved");
      expect(await world.storedText()).toBe("one two three four");
      await tab.copy.flush();
      expect(await world.custom("syncline:position")).toEqual({ generation: "g", seq: 2 });
      tab.type("!");
      await tab.copy.flush();
      expect(tab.states.slice(-2)).toEqual(["saving", "saved"]);
    });
  }

  test("when the browser closes the database it is opened again, and nothing is missing", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("before ");
    await tab.copy.flush();
    world.idb.closeAll();
    expect(tab.copy.state).toBe("failed");
    expect(text(tab.errors[0])).toMatch(/^storage-failed: .*closed/);
    tab.type("meanwhile");
    world.timing.advance(2_000);
    await eventually(() => tab.copy.state).toBe("saved");
    expect(await world.storedText()).toBe("before meanwhile");
  });

  test("when a person clears the site's data the document is stored anew", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("before ");
    await tab.copy.restart();
    world.idb.closeAll();
    await clearOffline("notes", { indexedDB: world.idb.indexedDB });
    world.timing.advance(2_000);
    await eventually(() => tab.copy.state).toBe("saved");
    expect(await world.storedText()).toBe("before ");
  });

  test("a database of someone else, with other stores, is left as it is", async () => {
    const world = new World();
    const request = world.idb.factory.open("notes", 3);
    request.onupgradeneeded = () => void request.result.createObjectStore("theirs");
    await new Promise((resolve) => (request.onsuccess = resolve));
    const tab = await world.loadedTab();
    expect(tab.copy.state).toBe("failed");
    expect(tab.errors.map(({ code }) => code)).toEqual(["storage-failed"]);
    expect([...request.result.objectStoreNames]).toEqual(["theirs"]);
    request.result.close();
  });

  test("when a newer version of the page upgrades the database, this one lets go of it and says so", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    const request = world.idb.factory.open("notes", 2);
    await new Promise((resolve) => (request.onsuccess = resolve));
    expect(tab.copy.state).toBe("failed");
    expect(tab.errors.map(text)).toEqual([expect.stringMatching(/^storage-failed: .*newer version/)]);
    tab.type("in memory");
    await tab.copy.flush();
    expect(world.timing.timerCount).toBe(0);
    request.result.close();
  });
});

describe("deleting what is stored", () => {
  test("makes open copies go on in memory, and says so", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("secret");
    await tab.copy.flush();
    await clearOffline("notes", { indexedDB: world.idb.indexedDB, timing: world.timing });
    expect(tab.errors.map(({ code }) => code)).toEqual(["storage-replaced"]);
    expect([tab.copy.state, tab.text()]).toEqual(["failed", "secret"]);
    tab.type("!");
    await tab.copy.flush();
    expect(await world.factoryNames()).toEqual([]);
    expect(world.timing.timerCount).toBe(0);
  });

  test("fails in time when someone does not let go", async () => {
    const world = new World();
    await (await world.loadedTab()).close();
    const request = world.idb.factory.open("notes");
    await new Promise((resolve) => (request.onsuccess = resolve));
    const cleared = clearOffline("notes", { indexedDB: world.idb.indexedDB, timing: world.timing });
    world.timing.advance(3_000);
    await expect(cleared).rejects.toMatchObject({ code: "storage-failed", message: /another tab still uses it/ });
    request.result.close();
    await eventually(() => world.factoryNames()).toEqual([]);
  });

  test("fails where there is no IndexedDB", async () => {
    vi.stubGlobal("indexedDB", undefined);
    await expect(clearOffline("notes")).rejects.toMatchObject({ code: "storage-failed" });
    vi.unstubAllGlobals();
  });
});

describe("a restart", () => {
  const replaceWith = (tab: Tab, text: string) => {
    resetDocument(tab.doc, text ? [textUpdate(text)] : [], {}, tab.doc.clientID + 1);
  };

  test("leaves what the document holds now, at the position that is told right after", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("refused");
    tab.copy.remember({ generation: "old", seq: 9 });
    await Promise.resolve();
    tab.type(" and waiting");
    replaceWith(tab, "the server's");
    const restarted = tab.copy.restart();
    tab.copy.remember({ generation: "new", seq: 2 });
    tab.doc.getText("content").insert(0, "+");
    await restarted;
    expect(tab.copy.state).toBe("saved");
    expect(await world.storedText()).toBe("+the server's");
    await tab.close();
    const next = await world.loadedTab();
    expect([next.text(), await next.copy.loaded]).toEqual(["+the server's", { generation: "new", seq: 2 }]);
  });

  test("does not write what waited to be written before it", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("refused");
    replaceWith(tab, "the server's");
    await tab.copy.restart();
    expect(await world.storedText()).toBe("the server's");
  });

  test("keeps no position of before", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.copy.remember({ generation: "old", seq: 9 });
    await tab.copy.flush();
    tab.copy.remember({ generation: "old", seq: 10 });
    replaceWith(tab, "");
    await tab.copy.restart();
    await tab.close();
    expect(await (await world.loadedTab()).copy.loaded).toBeUndefined();
    expect(await world.storedText()).toBe("");
  });

  test("keeps tabs that still have the old content from writing it back, and they say so", async () => {
    const world = new World();
    const [tab, other] = [await world.loadedTab(), await world.loadedTab()];
    tab.type("old ");
    await tab.copy.flush();
    replaceWith(tab, "new");
    await tab.copy.restart();
    other.type("written in the dark");
    other.copy.remember({ generation: "old", seq: 9 });
    await other.copy.flush();
    expect(other.copy.state).toBe("failed");
    expect(other.errors.map(({ code }) => code)).toEqual(["storage-replaced"]);
    expect([await world.storedText(), await world.custom("syncline:position")]).toEqual(["new", undefined]);
    expect(world.timing.timerCount).toBe(0);
    await other.close();
    expect(await world.storedText()).toBe("new");
  });

  test("of two tabs ends in one database, with what either has since", async () => {
    const world = new World();
    const tabs = [await world.loadedTab(), await world.loadedTab()] as const;
    for (const tab of tabs) tab.type("old");
    await Promise.all(tabs.map((tab) => tab.copy.flush()));
    const source = textUpdate("new ");
    for (const [index, tab] of tabs.entries()) {
      replaceWith(tab, "");
      Y.applyUpdate(tab.doc, source, "server");
      const restarted = tab.copy.restart();
      tab.copy.remember({ generation: "new", seq: 1 });
      await restarted;
      tab.type(`${index}`);
      await tab.copy.flush();
    }
    tabs[0].type("!");
    await tabs[0].copy.flush();
    expect(tabs.map(({ copy }) => copy.state)).toEqual(["saved", "saved"]);
    expect(await world.storedText()).toMatch(/^new (0!1|10!|0!1)$/);
  });

  test("of two tabs to different ends leaves the later one's", async () => {
    const world = new World();
    const [tab, later] = [await world.loadedTab(), await world.loadedTab()];
    for (const [each, generation] of [
      [tab, "second"],
      [later, "third"],
    ] as const) {
      replaceWith(each, generation);
      const restarted = each.copy.restart();
      each.copy.remember({ generation, seq: 1 });
      await restarted;
    }
    expect(await world.storedText()).toBe("third");
    tab.type("!");
    await tab.copy.flush();
    expect(tab.errors.map(({ code }) => code)).toEqual(["storage-replaced"]);
  });

  test("that fails is done when storing works again, and old content is not read back", async () => {
    const world = new World();
    const tab = await world.loadedTab();
    tab.type("old");
    await tab.copy.flush();
    world.idb.writeFault = "full";
    replaceWith(tab, "new");
    await tab.copy.restart();
    expect(tab.copy.state).toBe("failed");
    expect(await world.storedText()).toBe("old");
    world.idb.writeFault = undefined;
    tab.type("er");
    world.timing.advance(60_000);
    await eventually(() => tab.copy.state).toBe("saved");
    expect([tab.text(), await world.storedText()]).toEqual(["newer", "newer"]);
  });

  test("before anything was loaded keeps what was stored out of the document", async () => {
    const world = new World();
    const first = await world.loadedTab();
    first.type("old");
    await first.close();
    const tab = world.tab();
    tab.type("new");
    await tab.copy.restart();
    expect(await tab.copy.loaded).toBeUndefined();
    expect([tab.text(), await world.storedText()]).toEqual(["new", "new"]);
  });
});

describe("the question before the page is left", () => {
  test("comes only while edits of this page are in memory only", async () => {
    const world = new World();
    const { target, leave } = pageEvents();
    const tab = await world.loadedTab({ warnBeforeUnload: true, pageEvents: target });
    await tab.copy.flush();
    expect(leave()).toBe(true);
    Y.applyUpdate(tab.doc, textUpdate("theirs"), "server");
    expect(leave()).toBe(true);
    tab.type("mine");
    expect(leave()).toBe(false);
    await tab.copy.flush();
    expect(leave()).toBe(true);
    world.idb.writeFault = "full";
    tab.type("more");
    await tab.copy.flush();
    expect([tab.copy.state, leave()]).toEqual(["failed", false]);
    await tab.close();
    expect(leave()).toBe(true);
  });

  test("is left to the application's own function, and by default never comes", async () => {
    const world = new World();
    const { target, leave } = pageEvents();
    world.idb.openFault = "error";
    let hasUnsyncedChanges = true;
    const tab = await world.loadedTab({ warnBeforeUnload: () => hasUnsyncedChanges, pageEvents: target });
    const silent = await world.loadedTab({ pageEvents: target });
    silent.type("x");
    expect(leave()).toBe(true);
    tab.type("x");
    expect(leave()).toBe(false);
    hasUnsyncedChanges = false;
    expect(leave()).toBe(true);
  });
});
