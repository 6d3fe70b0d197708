import { encodeAwarenessUpdate } from "@syncline/protocol";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { applyAwarenessUpdate, Awareness, removeAwarenessStates } from "y-protocols/awareness";
import * as Y from "yjs";
import { FakeOrigin, type FakeTab } from "../../test-support/fake-origin.js";
import { FakeTiming } from "../../test-support/fake-timing.js";
import type { SynclineError } from "../error.js";
import type { OriginScope } from "./origin-scope.js";
import { openTabChannel, type TabChannel } from "./tab-channel.js";

const fromServer = { from: "the server" };

let drawn = 0;

/** A tab with the document open. */
class Tab {
  readonly doc = new Y.Doc();
  readonly awareness: Awareness;
  readonly text: Y.Text;
  readonly tab: FakeTab;
  readonly timing = new FakeTiming();
  readonly errors: SynclineError[] = [];
  readonly states: boolean[] = [];
  readonly messages: unknown[] = [];
  generation: string;
  openChannel: OriginScope["openChannel"] = (name) => {
    const channel = this.tab.openChannel(name);
    const post = channel.postMessage.bind(channel);
    channel.postMessage = (message) => {
      this.messages.push(message);
      post(message);
    };
    return channel;
  };
  #channel: TabChannel | undefined;

  constructor(origin: FakeOrigin, generation = "", clientId?: number) {
    if (clientId !== undefined) this.doc.clientID = clientId;
    this.awareness = new Awareness(this.doc);
    this.text = this.doc.getText("text");
    this.tab = origin.tab();
    this.generation = generation;
    this.timing.random = () => (drawn += 1e-6);
    onTestFinished(() => this.awareness.destroy());
  }

  open(): this {
    this.#channel = openTabChannel({
      name: "document",
      doc: this.doc,
      awareness: this.awareness,
      timing: this.timing,
      generation: () => this.generation,
      adoptGeneration: (generation) => {
        expect(this.generation).toBe("");
        this.generation = generation;
      },
      isFromElsewhere: (origin) => origin === fromServer,
      onError: (error) => this.errors.push(error),
      onState: (isConnected) => this.states.push(isConnected),
      openChannel: this.openChannel,
    });
    return this;
  }

  get channel(): TabChannel {
    if (!this.#channel) throw new Error("not open");
    return this.#channel;
  }

  typed(text: string): this {
    this.text.insert(this.text.length, text);
    return this;
  }

  /** Of others, by client id. */
  get others(): Record<number, unknown> {
    return Object.fromEntries([...this.awareness.states].filter(([clientId]) => clientId !== this.doc.clientID));
  }
}

async function twoTabs(): Promise<{ origin: FakeOrigin; ada: Tab; bob: Tab }> {
  const origin = new FakeOrigin();
  const [ada, bob] = [new Tab(origin).open(), new Tab(origin).open()];
  await origin.run();
  return { origin, ada, bob };
}

test("who comes is told what the others have and who they are, and tells them the same", async () => {
  const origin = new FakeOrigin();
  const ada = new Tab(origin).typed("Ada was here. ").open();
  ada.awareness.setLocalState({ name: "Ada" });
  const bob = new Tab(origin).typed("Bob offline. ");
  bob.awareness.setLocalState({ name: "Bob" });
  bob.open();
  await origin.run();
  expect(ada.text.toString()).toMatch(/Ada was here/);
  expect(ada.text.toString()).toMatch(/Bob offline/);
  expect(bob.text.toString()).toBe(ada.text.toString());
  expect(ada.others).toEqual({ [bob.doc.clientID]: { name: "Bob" } });
  expect(bob.others).toEqual({ [ada.doc.clientID]: { name: "Ada" } });
  expect([ada.states, bob.states]).toEqual([[true], [true]]);
});

test("a presence that was never changed since it was made is seen, too", async () => {
  const { ada, bob } = await twoTabs();
  expect(ada.others).toEqual({ [bob.doc.clientID]: {} });
  expect(bob.others).toEqual({ [ada.doc.clientID]: {} });
});

test("a deletion that was made alone reaches the others, though they have all of the text", async () => {
  const origin = new FakeOrigin();
  const ada = new Tab(origin).typed("to be deleted").open();
  const bob = new Tab(origin);
  Y.applyUpdate(bob.doc, Y.encodeStateAsUpdate(ada.doc));
  bob.text.delete(0, 6);
  bob.open();
  await origin.run();
  expect(ada.text.toString()).toBe("deleted");
});

test("edits and presence pass as they happen, once, and none that the other tabs have from the server", async () => {
  const { origin, ada, bob } = await twoTabs();
  bob.messages.length = 0;
  ada.typed("hello");
  ada.awareness.setLocalState({ cursor: 5 });
  await origin.run();
  expect(bob.text.toString()).toBe("hello");
  expect(bob.others).toEqual({ [ada.doc.clientID]: { cursor: 5 } });
  const remote = new Y.Doc();
  remote.getText("text").insert(0, "remote");
  Y.applyUpdate(bob.doc, Y.encodeStateAsUpdate(remote), fromServer);
  applyAwarenessUpdate(bob.awareness, encodeAwarenessUpdate([{ clientId: 9, clock: 1, state: "{}" }]), fromServer);
  await origin.run();
  expect(ada.text.toString()).toBe("hello");
  expect(bob.messages).toEqual([]);
});

test("what another tab sends is an edit to who listens to the document, not one of the server", async () => {
  const { origin, ada, bob } = await twoTabs();
  const origins: unknown[] = [];
  bob.doc.on("update", (_, origin) => origins.push(origin));
  ada.typed("a");
  await origin.run();
  expect(origins).toEqual([bob.channel]);
});

test("content of two generations is never put together, and their people do not see each other", async () => {
  const origin = new FakeOrigin();
  const old = new Tab(origin, "g1").typed("old").open();
  const replaced = new Tab(origin, "g2").typed("new").open();
  await origin.run();
  old.typed(" older");
  old.awareness.setLocalState({ name: "old" });
  await origin.run();
  expect([old.text.toString(), replaced.text.toString()]).toEqual(["old older", "new"]);
  expect([old.others, replaced.others]).toEqual([{}, {}]);
});

test("a document bound to no generation is bound by what it is given: it carries nothing from one to another", async () => {
  const origin = new FakeOrigin();
  new Tab(origin, "g1").typed("old").open();
  const unbound = new Tab(origin).typed("mine ").open();
  await origin.run();
  expect(unbound.generation).toBe("g1");
  expect(unbound.text.length).toBe("mine old".length);
  const replaced = new Tab(origin, "g2").typed("new").open();
  await origin.run();
  expect(replaced.text.toString()).toBe("new");
});

test("presence alone binds to no generation", async () => {
  const origin = new FakeOrigin();
  const empty = new Tab(origin, "g1").open();
  const unbound = new Tab(origin).open();
  await origin.run();
  expect(unbound.others).toEqual({ [empty.doc.clientID]: {} });
  expect(unbound.generation).toBe("");
});

test("who leaves is gone for the others, and seen again when it returns", async () => {
  const { origin, ada, bob } = await twoTabs();
  ada.channel.destroy();
  await origin.run();
  expect(bob.others).toEqual({});
  expect(ada.awareness.getLocalState()).toEqual({});
  ada.open();
  await origin.run();
  expect(bob.others).toEqual({ [ada.doc.clientID]: {} });
  bob.channel.sayGoodbye();
  await origin.run();
  expect(ada.others).toEqual({});
  expect(ada.states).toEqual([true, false, true]);
});

test("the people of other tabs are seen again after the session forgot everybody; one that timed out is not asked for", async () => {
  const { origin, ada, bob } = await twoTabs();
  const forget = (cause: unknown) => {
    removeAwarenessStates(ada.awareness, [bob.doc.clientID], cause);
    ada.awareness.meta.delete(bob.doc.clientID);
  };
  forget(fromServer);
  await origin.run();
  expect(ada.others).toEqual({ [bob.doc.clientID]: {} });
  forget("timeout");
  await origin.run();
  expect(ada.others).toEqual({});
});

test("what leans on something that another tab had from the server is completed after a second", async () => {
  const { origin, ada, bob } = await twoTabs();
  const remote = new Y.Doc();
  remote.getText("text").insert(0, "remote");
  Y.applyUpdate(ada.doc, Y.encodeStateAsUpdate(remote), fromServer);
  ada.typed(" and local");
  await origin.run();
  expect(bob.text.toString()).toBe("");
  bob.timing.advance(999);
  await origin.run();
  expect(bob.text.toString()).toBe("");
  bob.timing.advance(1);
  await origin.run();
  expect(bob.text.toString()).toBe("remote and local");
  expect(bob.timing.timerCount).toBe(0);
});

test("nothing is asked for that came from the server within that second", async () => {
  const { origin, ada, bob } = await twoTabs();
  const remote = new Y.Doc();
  remote.getText("text").insert(0, "remote");
  const update = Y.encodeStateAsUpdate(remote);
  Y.applyUpdate(ada.doc, update, fromServer);
  ada.typed("!");
  await origin.run();
  Y.applyUpdate(bob.doc, update, fromServer);
  bob.messages.length = 0;
  bob.timing.advance(5_000);
  await origin.run();
  expect(bob.messages).toEqual([]);
  expect(bob.text.toString()).toBe("remote!");
});

test("of two tabs with one client id the later gets another, and a third sees each as who it is", async () => {
  const origin = new FakeOrigin();
  const first = new Tab(origin, "", 5).open();
  first.awareness.setLocalState({ name: "first" });
  const third = new Tab(origin).open();
  await origin.run();
  const second = new Tab(origin, "", 5);
  // With a newer clock than the first's.
  for (let i = 0; i < 5; i++) second.awareness.setLocalState({ name: "second" });
  second.open();
  await origin.run();
  expect(first.doc.clientID).toBe(5);
  expect(first.awareness.getLocalState()).toEqual({ name: "first" });
  expect(second.doc.clientID).not.toBe(5);
  expect(second.awareness.clientID).toBe(second.doc.clientID);
  expect(third.others).toMatchObject({ 5: { name: "first" }, [second.doc.clientID]: { name: "second" } });
  expect(first.others).toMatchObject({ [second.doc.clientID]: { name: "second" } });
  expect(second.others).toMatchObject({ 5: { name: "first" } });
});

test("who is said to be gone says that it is not", async () => {
  const { origin, ada, bob } = await twoTabs();
  const impostor = origin.tab().openChannel("document");
  const update = encodeAwarenessUpdate([{ clientId: ada.doc.clientID, clock: 99, state: "null" }]);
  impostor.postMessage({ kind: "presence", generation: "", update });
  await origin.run();
  expect(bob.others).toEqual({ [ada.doc.clientID]: {} });
});

test("who comes passes on what one has from the server and another lacks", async () => {
  const { origin, ada, bob } = await twoTabs();
  const remote = new Y.Doc();
  remote.getText("text").insert(0, "remote");
  Y.applyUpdate(ada.doc, Y.encodeStateAsUpdate(remote), fromServer);
  const carol = new Tab(origin).open();
  await origin.run();
  expect([bob, carol].map(({ text }) => text.toString())).toEqual(["remote", "remote"]);
});

test("an answer is for who asked", async () => {
  const origin = new FakeOrigin();
  const [ada, bob] = [new Tab(origin).typed("a").open(), new Tab(origin).typed("b").open()];
  await origin.run();
  for (const { messages } of [ada, bob]) messages.length = 0;
  const carol = new Tab(origin).open();
  await origin.run();
  expect(carol.messages).toEqual([expect.objectContaining({ kind: "hello" })]);
  for (const { messages } of [ada, bob]) expect(messages).toEqual([expect.objectContaining({ kind: "answer" })]);
});

test("an observer of the application that throws is reported, and the channel goes on", async () => {
  const { origin, ada, bob } = await twoTabs();
  const fail = () => {
    throw new Error("observer");
  };
  bob.text.observe(fail);
  ada.typed("a");
  await origin.run();
  expect(bob.errors.map(({ code }) => code)).toEqual(["apply-failed"]);
  bob.text.unobserve(fail);
  ada.typed("b");
  await origin.run();
  expect(bob.text.toString()).toBe("ab");
});

test("without channels nothing is shared and nothing fails", () => {
  vi.stubGlobal("BroadcastChannel", undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  const tab = new Tab(new FakeOrigin());
  tab.openChannel = undefined;
  tab.open().typed("a").channel.sayGoodbye();
  tab.channel.destroy();
  expect([tab.states, tab.errors]).toEqual([[], []]);
});

test("the runtime's own channels carry it", async () => {
  const origin = new FakeOrigin();
  const [ada, bob] = [new Tab(origin), new Tab(origin)];
  for (const tab of [ada, bob]) tab.openChannel = undefined;
  const isThere = new Promise<void>((resolve) => bob.text.observe(() => resolve()));
  ada.typed("native").open();
  bob.open();
  await isThere;
  expect(bob.text.toString()).toBe("native");
  for (const { channel } of [ada, bob]) channel.destroy();
});

test("a channel that is destroyed leaves no listener, timer or channel, and says nothing more", async () => {
  const { origin, ada, bob } = await twoTabs();
  const remote = new Y.Doc();
  remote.getText("text").insert(0, "remote");
  Y.applyUpdate(ada.doc, Y.encodeStateAsUpdate(remote), fromServer);
  ada.typed("!");
  await origin.run();
  expect(bob.timing.timerCount).toBe(1);
  for (const { channel } of [ada, bob]) channel.destroy();
  const spoken = ada.messages.length;
  ada.typed("?");
  ada.awareness.setLocalState({});
  expect(ada.messages).toHaveLength(spoken);
  expect(bob.timing.timerCount).toBe(0);
  expect(origin.channels.size).toBe(0);
});

const actions = fc.array(
  fc.record({ kind: fc.constantFrom("open", "close", "edit", "delete", "run"), pick: fc.nat(60) }),
  { maxLength: 40 },
);

test("whatever tabs do without a server, those that are open have the same in the end", async () => {
  await fc.assert(
    fc.asyncProperty(actions, fc.infiniteStream(fc.nat(999)), async (steps, chance) => {
      const origin = new FakeOrigin(() => chance.next().value / 1_000);
      const tabs = Array.from({ length: 5 }, () => new Tab(origin));
      const open = new Set<Tab>();
      for (const { kind, pick } of steps) {
        const tab = tabs[pick % 5] as Tab;
        if (kind === "run") await origin.run(pick);
        if (kind === "edit") tab.text.insert(pick % (tab.text.length + 1), String(pick % 10));
        if (kind === "delete" && tab.text.length > 0) tab.text.delete(pick % tab.text.length, 1);
        if (kind === "open" && !open.has(tab)) open.add(tab.open());
        if (kind === "close" && open.delete(tab)) {
          // What is on its way when its author closes may reach some and not others; the server's copy mends that.
          await origin.run();
          tab.channel.destroy();
        }
      }
      await origin.run();
      for (const { timing } of tabs) timing.advance(1_000);
      await origin.run();
      const texts = new Set([...open].map(({ text }) => text.toString()));
      expect(texts.size).toBeLessThanOrEqual(1);
      for (const { awareness } of open) expect(awareness.states.size).toBe(open.size);
      for (const { awareness } of tabs) awareness.destroy();
    }),
    { numRuns: 150 },
  );
}, 60_000);
