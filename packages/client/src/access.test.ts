/** What a client does while it may not write, for a while or at all: by the rules of PROTOCOL.md, over a fake network. */
import { Awareness, encodeAwarenessUpdate } from "y-protocols/awareness";
import { describe, expect, it, vi } from "vitest";
import * as Y from "yjs";
import { containsAll, FakeServer, room } from "../test-support/fake-server.js";
import { setUp } from "../test-support/provider-world.js";
import { accessLevel, isSameRight, rootsIn } from "./access.js";

const full = "the disk is full";

/** A synced provider, whose document says "a" and whose server cannot write since. */
async function readOnlyWorld() {
  const world = setUp();
  await world.settle();
  world.text.insert(0, "a");
  await world.settle();
  world.server.failStore(full);
  await world.settle();
  return world;
}

const textOf = (doc: Y.Doc) => doc.getText("t").toString();
const sentNumbers = (server: FakeServer) => server.sent("update").map(({ n }) => n);

describe("access", () => {
  it("is write until the server has said otherwise, and says so only when it changes", async () => {
    const { provider, log, settle, server } = setUp();
    expect(provider.access).toEqual({ level: "write", reason: "" });
    await settle();
    server.broadcast({ type: "access", room, access: 2, reason: "", roots: "" });
    await settle();
    expect(log).toEqual(["connected", "synced"]);
  });

  it("follows the server's word, with its reason, there and back", async () => {
    const { provider, log, settle, server } = await readOnlyWorld();
    expect(provider.access).toEqual({ level: "read", reason: full });
    server.failStore(full);
    server.failStore("the disk fails");
    await settle();
    server.announceStore();
    server.restoreStore();
    await settle();
    expect(provider.access).toEqual({ level: "write", reason: "" });
    expect(log.slice(2)).toEqual([`access read ${full}`, "access read the disk fails", "access write"]);
  });

  it("is 0 none, 1 read, 2 write, 3 presence, 4 comment, and read for a number nobody knows yet", () => {
    const levels = ["none", "read", "write", "presence", "comment", "read", "read"];
    expect([0, 1, 2, 3, 4, 5, 255].map(accessLevel)).toEqual(levels);
  });

  it("4 sends edits, and says of which root types they may be", async () => {
    const { server, settle, text, provider } = setUp();
    server.access = 4;
    await settle();
    const roots = JSON.stringify(["comments", "a, b"]);
    server.broadcast({ type: "access", room, access: 4, reason: "", roots });
    await settle();
    text.insert(0, "x");
    await settle();
    expect(sentNumbers(server)).toEqual([1]);
    expect(provider.access).toEqual({ level: "comment", reason: "", roots: ["comments", "a, b"] });
    expect(provider.pending.count).toBe(0);
  });

  it("is the same right only with the same roots, whatever their names contain", () => {
    const to = (roots?: readonly string[]) => ({ level: "comment", reason: "", roots }) as const;
    const others = [to(["a", "b"]), to(["a"]), to([""]), to([]), to()];
    expect(others.map((other) => isSameRight(to(["a,b"]), other))).toEqual(others.map(() => false));
    expect(isSameRight(to([]), to([""]))).toBe(false);
    expect(isSameRight(to(["a,b"]), { ...to(["a,b"]), reason: "why" })).toBe(true);
  });

  it("has no roots to write to where the server's list cannot be read", () => {
    expect(["", "[]", '["a"]', "a", "3", '{"0":"a"}'].map(rootsIn)).toEqual([undefined, [], ["a"], [], [], []]);
  });

  it.each([0, 1, 3])("%i, said in opened or later, sends nothing", async (access) => {
    for (const isSaidLater of [true, false]) {
      const { server, settle, text, provider } = setUp();
      if (!isSaidLater) server.access = access;
      await settle();
      if (isSaidLater) server.broadcast({ type: "access", room, access, reason: "", roots: "" });
      await settle();
      text.insert(0, "x");
      await settle();
      expect([server.sent("update"), provider.pending.count]).toEqual([[], 1]);
    }
  });

  it("of another room is another's", async () => {
    const { provider, server, settle } = setUp();
    await settle();
    server.broadcast({ type: "access", room: room + 1, access: 1, reason: full, roots: "" });
    await settle();
    expect(provider.access.level).toBe("write");
  });

  it("is known, reason included, before the document is synced, to who opens it meanwhile", async () => {
    const server = new FakeServer();
    server.edit((text) => text.insert(0, "theirs"));
    server.failStore(full);
    const { log, settle, text } = setUp({}, new Y.Doc(), server);
    await settle();
    expect(log).toEqual(["connected", "access read", `access read ${full}`, "synced"]);
    expect(text.toString()).toBe("theirs");
  });

  it.each(["disconnect", "destroy"] as const)("may be answered with %s(), whatever brought it", async (method) => {
    const bringers: Record<string, (server: FakeServer) => void> = {
      "access 1": (server) => server.failStore(full),
      "access 2": (server) => server.announceStore(),
      opened: (server) => server.restoreStore(),
    };
    for (const bring of Object.values(bringers)) {
      const { provider, server, network, timing, settle, text } = setUp();
      await settle();
      if (bring !== bringers["access 1"]) server.failStore(full);
      await settle();
      text.insert(0, "a");
      provider.on("access", () => provider[method]());
      bring(server);
      await settle();
      expect([network.openSockets.length, timing.timerCount, server.forbiddenCount]).toEqual([0, 0, 0]);
    }
  });
});

describe("while the server cannot write", () => {
  it("edits stay here, pending, and go in one update when it opens the document again", async () => {
    const { server, text, settle, provider, doc } = await readOnlyWorld();
    const counts: number[] = [];
    provider.on("pending", ({ count }) => counts.push(count));
    const isDurable = vi.fn();
    for (const letter of ["b", "c", "d"]) {
      text.insert(text.length, letter);
      await settle();
    }
    void provider.whenDurable().then(isDurable);
    await settle();
    expect([sentNumbers(server), counts, isDurable.mock.calls.length]).toEqual([[1], [1, 2, 3], 0]);
    expect(provider.pending.bytes).toBeGreaterThan(0);
    server.announceStore();
    server.restoreStore();
    await settle();
    expect([sentNumbers(server), textOf(server.disk), isDurable.mock.calls.length]).toEqual([[1, 2], "abcd", 1]);
    expect([provider.pending.count, containsAll(server.disk, doc)]).toEqual([0, true]);
    text.insert(4, "e");
    await settle();
    expect([sentNumbers(server), textOf(server.disk)]).toEqual([[1, 2, 3], "abcde"]);
  });

  it("an edit whose microtask is not over when the word comes stays here, too", async () => {
    const { server, text, settle, network, provider } = setUp();
    await settle();
    server.failStore(full);
    text.insert(0, "a");
    network.sockets[0]?.down.shift()?.();
    await settle();
    expect([provider.access.level, server.sent("update"), provider.pending.count]).toEqual(["read", [], 1]);
  });

  it("an edit made between access 2 and opened waits for opened", async () => {
    const { server, text, settle, provider } = await readOnlyWorld();
    text.insert(1, "b");
    server.announceStore();
    await settle();
    text.insert(2, "c");
    await settle();
    expect([provider.access.level, sentNumbers(server), provider.pending.count]).toEqual(["write", [1], 2]);
    server.restoreStore();
    await settle();
    expect([sentNumbers(server), textOf(server.disk), provider.pending.count]).toEqual([[1, 2], "abc", 0]);
  });

  it("an edit made while it was told so is in the one update that answers opened, not in another", async () => {
    const { server, text, settle, network, provider } = await readOnlyWorld();
    text.insert(1, "b");
    server.restoreStore();
    text.insert(2, "c");
    network.sockets[0]?.down.shift()?.();
    await settle();
    expect([sentNumbers(server), textOf(server.disk), provider.pending.count]).toEqual([[1, 2], "abc", 0]);
  });

  it("opened with access 1, repeated, is not answered", async () => {
    const { server, text, settle, network } = await readOnlyWorld();
    text.insert(1, "b");
    const [socket] = network.openSockets;
    if (socket) server.sendOpened(socket);
    await settle();
    expect(sentNumbers(server)).toEqual([1]);
  });

  it("what was under way arrives, is acknowledged when it is on disk, and does not have to be sent again", async () => {
    const { server, text, settle, provider } = setUp();
    await settle();
    server.sendsReceived = true;
    text.insert(0, "a");
    await Promise.resolve();
    server.failStore(full);
    await settle();
    expect(provider.saveState).toEqual({ inThisBrowser: 1, received: 1, durable: 0 });
    server.restoreStore();
    await settle();
    expect(provider.saveState).toEqual({ inThisBrowser: 1, received: 1, durable: 1 });
    const again = server.sent("update").at(-1)?.update ?? new Uint8Array();
    expect(Y.decodeUpdate(again).structs).toEqual([]);
  });

  it("others' edits and presence, and one's own presence, go on", async () => {
    const { server, text, settle, provider } = await readOnlyWorld();
    server.edit((theirs) => theirs.insert(0, "y"));
    provider.awareness.setLocalStateField("name", "Ada");
    const other = new Awareness(new Y.Doc());
    other.setLocalStateField("name", "Bob");
    const update = encodeAwarenessUpdate(other, [other.clientID]);
    other.destroy();
    server.broadcast({ type: "awareness", room, update });
    await settle();
    expect(text.toString()).toContain("y");
    expect(provider.awareness.getStates().has(other.clientID)).toBe(true);
    expect(server.sent("awareness").length).toBe(2);
  });

  it("no missing ack makes it open again or reconnect; when the server writes again, one does", async () => {
    const { server, text, settle, timing, network, provider } = setUp();
    await settle();
    server.isAutomatic = false;
    const wait = async (ms: number) => {
      for (let waited = 0; waited < ms; waited += 2_000) {
        timing.advance(2_000);
        await settle();
      }
    };
    text.insert(0, "a");
    await settle();
    server.failStore(full);
    await settle();
    text.insert(1, "b");
    await wait(200_000);
    server.announceStore();
    await wait(200_000);
    expect([network.sockets.length, server.sent("open").length, server.sent("close").length]).toEqual([1, 1, 0]);
    expect(provider.pending.count).toBe(2);
    server.restoreStore();
    await settle();
    server.isAutomatic = false;
    network.framesToLose = 1;
    text.insert(2, "c");
    await wait(28_000);
    expect(server.sent("open").length).toBe(1);
    await wait(4_000);
    expect(server.sent("open").length).toBe(2);
  });

  it("acks that come late do not start waiting for the next one", async () => {
    const { server, text, settle, timing } = setUp();
    await settle();
    server.isAutomatic = false;
    for (const letter of "ab") {
      text.insert(0, letter);
      await settle();
    }
    server.failStore(full);
    server.broadcast({ type: "ack", room, n: 1, clock: 1, level: 2, seq: 0 });
    await settle();
    for (let i = 0; i < 20; i++) {
      timing.advance(2_000);
      await settle();
    }
    expect(server.sent("open").length).toBe(1);
  });

  it("a connection that drops comes back read-only and loses nothing", async () => {
    const { server, text, settle, network, timing, log, provider } = await readOnlyWorld();
    text.insert(1, "b");
    await settle();
    network.cut();
    await settle();
    expect(provider.access).toEqual({ level: "read", reason: full });
    text.insert(2, "c");
    timing.advance(100);
    await settle();
    text.insert(3, "d");
    await settle();
    expect([provider.synced, provider.pending.count, sentNumbers(server)]).toEqual([true, 3, [1]]);
    expect(log.filter((line) => line.startsWith("access")).at(-1)).toBe(`access read ${full}`);
    server.announceStore();
    server.restoreStore();
    await settle();
    expect([sentNumbers(server), textOf(server.disk), provider.pending.count]).toEqual([[1, 1], "abcd", 0]);
  });

  it("a connection that drops and comes back to a server that writes again is as any other", async () => {
    const { server, text, settle, network, timing, log, provider } = await readOnlyWorld();
    text.insert(1, "b");
    network.cut();
    server.restoreStore();
    await settle();
    timing.advance(100);
    await settle();
    expect([textOf(server.disk), provider.pending.count, provider.access.level]).toEqual(["ab", 0, "write"]);
    expect(log.slice(-3)).toEqual(["connected", "access write", "synced"]);
  });

  it("a client id that Yjs changes meanwhile is announced before its edits are sent", async () => {
    const { server, doc, text, settle, provider } = await readOnlyWorld();
    doc.clientID = 99;
    text.insert(1, "b");
    server.restoreStore();
    await settle();
    expect(server.sent("open").map(({ clientId }) => clientId)[1]).toBe(99);
    expect([textOf(server.disk), provider.pending.count]).toEqual(["ab", 0]);
  });

  it("disconnect() sends nothing, and the edits go with the next opening", async () => {
    const { server, text, settle, provider } = await readOnlyWorld();
    text.insert(1, "b");
    provider.disconnect();
    await settle();
    expect(server.forbiddenCount).toBe(0);
    server.restoreStore();
    provider.connect();
    await settle();
    expect([textOf(server.disk), provider.pending.count]).toEqual(["ab", 0]);
  });

  it("what a document brought along is not taken for durable because the server has it in memory", async () => {
    const server = new FakeServer();
    server.doc.getText("t").insert(0, "in memory");
    server.failStore(full);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(server.doc));
    const { settle, provider } = setUp({}, doc, server);
    await settle();
    expect([provider.synced, provider.pending.count, textOf(server.disk)]).toEqual([true, 1, ""]);
    server.announceStore();
    server.restoreStore();
    await settle();
    expect([provider.pending.count, textOf(server.disk)]).toEqual([0, "in memory"]);
  });
});

it("a writer is not told that what its document brought along is saved because the server has it in memory", async () => {
  const server = new FakeServer();
  server.doc.getText("t").insert(0, "in memory");
  server.isAutomatic = false;
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(server.doc));
  const { settle, provider } = setUp({}, doc, server);
  await settle();
  expect([provider.synced, provider.pending.count]).toEqual([true, 1]);
  server.flush();
  await settle();
  expect(provider.pending.count).toBe(0);
});

describe("a reader", () => {
  const setUpReader = async (cached = new Y.Doc()) => {
    const server = new FakeServer();
    server.edit((text) => text.insert(0, "theirs"));
    server.access = 1;
    Y.applyUpdate(cached, Y.encodeStateAsUpdate(server.doc));
    return setUp({}, cached, server);
  };

  it("with nothing of its own sends nothing, and everything counts as saved", async () => {
    const { settle, provider, log, server } = await setUpReader();
    await settle();
    await provider.whenDurable();
    expect([log, server.sent("update")]).toEqual([["connected", "access read", "synced"], []]);
    expect(provider.pending.count).toBe(0);
  });

  it("who edits all the same keeps that here, pending, also after a return", async () => {
    const { settle, provider, text, server, network, timing } = await setUpReader();
    await settle();
    text.delete(0, 1);
    await settle();
    network.cut();
    await settle();
    timing.advance(100);
    await settle();
    expect([provider.synced, provider.pending.count, server.sent("update")]).toEqual([true, 1, []]);
  });

  it("who leaves as soon as it is synced is told nothing about what it writes then", async () => {
    const { settle, provider, text } = await setUpReader();
    provider.once("synced", () => {
      provider.disconnect();
      text.insert(0, "mine");
    });
    await settle();
    expect([provider.status.connection, provider.pending.count]).toEqual(["disconnected", 2]);
  });

  it("who may write after all waits for acks, as any writer does", async () => {
    const { settle, provider, server, network, doc } = await setUpReader();
    server.isLoading = true;
    await settle();
    const [socket] = network.openSockets;
    const opened = { type: "opened", requestId: 1, room, generation: "g1", seq: 1 } as const;
    const stateVector = Y.encodeStateVector(doc);
    if (socket) {
      server.send(socket, { ...opened, access: 1, stateVector }, { ...opened, access: 2, stateVector });
      server.send(socket, { type: "synced", room, seq: 1 });
    }
    await settle();
    expect([provider.synced, sentNumbers(server), provider.pending.count]).toEqual([true, [1], 1]);
  });

  it("whose cache holds more than the server, or gets more while the document opens, is not told that it is saved", async () => {
    const cached = new Y.Doc();
    cached.getText("t").insert(0, "of earlier days ");
    const early = await setUpReader(cached);
    await early.settle();
    expect(early.provider.pending.count).toBe(1);

    const late = await setUpReader();
    late.provider.on("access", () => Y.applyUpdate(late.doc, Y.encodeStateAsUpdate(cached)));
    await late.settle();
    expect([late.provider.synced, late.provider.pending.count]).toEqual([true, 2]);
  });
});
