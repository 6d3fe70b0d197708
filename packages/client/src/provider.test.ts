import { decodeAwarenessUpdate, encodeAwarenessUpdate as encodeAwarenessEntries } from "@syncline/protocol";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Awareness, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { containsAll, FakeServer, room, onlyDeletes } from "../test-support/fake-server.js";
import { destroyedLater, setUp, type ProviderWorld } from "../test-support/provider-world.js";
import { SynclineError, SynclineProvider } from "./index.js";
import { clientName } from "./version.js";

describe("connecting", () => {
  it("says hello, opens the document without waiting, and syncs", async () => {
    const { server, network, provider, log, settle } = setUp({ token: "secret" });
    expect([provider.wsconnecting, provider.shouldConnect, provider.synced]).toEqual([true, true, false]);
    await settle();
    expect(network.sockets.map(({ url, binaryType }) => [url, binaryType])).toEqual([
      ["ws://host:1/.syncline/v1", "arraybuffer"],
    ]);
    expect(server.sent("hello")).toEqual([{ type: "hello", version: 1, token: "secret", client: clientName }]);
    expect(server.sent("open")).toMatchObject([{ documentName: "notes", token: "", generation: "" }]);
    expect(log).toEqual(["connected", "synced"]);
    expect([provider.wsconnected, provider.synced, provider.status.connection]).toEqual([true, true, "connected"]);
  });

  it("calls itself what package.json says", () => {
    const { name, version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(clientName).toBe(`${name} ${version}`);
  });

  it("does nothing until connect() when told so, not even look for a WebSocket", () => {
    const provider = destroyedLater(new SynclineProvider("ws://host:1", "notes", new Y.Doc(), { connect: false }));
    expect([provider.status.connection, provider.shouldConnect]).toEqual(["disconnected", false]);
  });

  it("says what to do where the runtime has no WebSocket", () => {
    vi.stubGlobal("WebSocket", undefined);
    const construct = () => new SynclineProvider("ws://host:1", "notes", new Y.Doc());
    expect(construct).toThrow(SynclineError);
    expect(construct).toThrow(/WebSocketPolyfill/);
    vi.unstubAllGlobals();
  });

  it.each([
    ["wss://host/", "wss://host/.syncline/v1"],
    ["https://host/sync?x=1#y", "wss://host/sync/.syncline/v1?x=1"],
  ])("makes of %s the socket %s", (url, socketUrl) => {
    const provider = destroyedLater(new SynclineProvider(url, "notes", new Y.Doc(), { connect: false }));
    expect([provider.url, provider.serverUrl, provider.roomname]).toEqual([socketUrl, url.replace(/\/$/, ""), "notes"]);
  });

  it.each([
    ["host:1", "notes", {}],
    ["ftp://host", "notes", {}],
    ["/relative", "notes", {}],
    ["ws://host", "", {}],
    ["ws://host", "a\u0000b", {}],
    ["ws://host", "notes", { maxBackoffTime: -1 }],
  ])("refuses %s, %j, %j", (url, name, options) => {
    const construct = () => new SynclineProvider(url, name, new Y.Doc(), { connect: false, ...options });
    expect(construct).toThrow(expect.objectContaining({ code: "invalid-option" }));
  });

  it("gives an attempt 10 s, then tries again after a pause", async () => {
    const { network, timing, log, provider } = setUp();
    network.isSilent = true;
    timing.advance(9_999);
    expect(provider.wsconnecting).toBe(true);
    timing.advance(1);
    expect(log).toEqual(["error connection-failed", "connection-close by us", "disconnected"]);
    timing.advance(100);
    expect([network.sockets.length, network.openSockets.length]).toEqual([2, 1]);
  });

  it("pauses longer with each failure, up to maxBackoffTime, and wakes when the network is back", async () => {
    const page = new EventTarget();
    const { network, timing, settle } = setUp({ maxBackoffTime: 1_000, pageEvents: page });
    network.isReachable = false;
    await settle();
    for (const [index, pauseMs] of [100, 200, 400, 500, 500].entries()) {
      timing.advance(pauseMs - 1);
      expect(network.sockets.length).toBe(index + 1);
      timing.advance(1);
      expect(network.sockets.length).toBe(index + 2);
      await settle();
    }
    page.dispatchEvent(new Event("online"));
    expect(network.sockets.length).toBe(7);
  });

  it("starts with short pauses again only after a connection that lasted", async () => {
    const { network, timing, settle } = setUp();
    for (const pauseMs of [100, 200, 400]) {
      await settle();
      network.cut();
      await settle();
      timing.advance(pauseMs - 1);
      expect(network.openSockets.length).toBe(0);
      timing.advance(1);
      expect(network.openSockets.length).toBe(1);
    }
    await settle();
    timing.advance(5_000);
    network.cut();
    await settle();
    timing.advance(100);
    expect(network.openSockets.length).toBe(1);
  });

  it("fetches the token for each attempt, and backs off when that fails", async () => {
    const answers = [() => Promise.reject(new Error("offline")), () => "a", () => Promise.resolve("b")];
    const token = vi.fn(() => (answers.shift() ?? (() => "c"))());
    const { server, network, timing, log, settle } = setUp({ token });
    await settle();
    expect([network.sockets.length, log]).toEqual([0, ["error token-failed", "disconnected"]]);
    timing.advance(100);
    await settle();
    network.cut();
    await settle();
    timing.advance(10_000);
    await settle();
    expect(server.sent("hello").map((hello) => hello.token)).toEqual(["a", "b"]);
    expect(token).toHaveBeenCalledTimes(3);
  });

  it("does not wait for a token for ever, nor use one that comes too late", async () => {
    const resolvers: ((token: string) => void)[] = [];
    const { network, timing, log, settle } = setUp({ token: () => new Promise((resolve) => resolvers.push(resolve)) });
    timing.advance(30_000);
    expect(log).toEqual(["error token-failed", "disconnected"]);
    resolvers[0]?.("late");
    await settle();
    expect(network.sockets.length).toBe(0);
    timing.advance(100);
    resolvers[1]?.("now");
    await settle();
    expect(network.sockets.length).toBe(1);
  });

  it("does not use a token fetched for an attempt that was given up", async () => {
    const resolvers: ((token: string) => void)[] = [];
    const token = () => new Promise<string>((resolve) => resolvers.push(resolve));
    const { server, provider, settle } = setUp({ token });
    provider.disconnect();
    provider.connect();
    resolvers[0]?.("of the first attempt");
    resolvers[1]?.("of the second");
    await settle();
    expect(server.sent("hello").map((hello) => hello.token)).toEqual(["of the second"]);
  });

  it("stays connected while the server takes its time to load the document", async () => {
    const server = new FakeServer();
    server.isLoading = true;
    const { provider, timing, network, settle } = setUp({}, new Y.Doc(), server);
    for (let i = 0; i < 30; i++) {
      await settle();
      timing.advance(2_000);
    }
    expect([network.sockets.length, provider.wsconnected, provider.synced]).toEqual([1, true, false]);
  });

  it("notices a silent link in 5 s with unacknowledged edits, in 30 s without", async () => {
    const { network, timing, text, log, settle, provider } = setUp();
    await settle();
    network.isSilent = true;
    timing.advance(29_999);
    expect(provider.wsconnected).toBe(true);
    timing.advance(1);
    expect(log.slice(2)).toEqual(["error connection-failed", "connection-close by us", "not synced", "disconnected"]);
    network.isSilent = false;
    timing.advance(100);
    await settle();
    expect(provider.synced).toBe(true);
    network.isSilent = true;
    text.insert(0, "x");
    await settle();
    timing.advance(5_000);
    expect(provider.wsconnected).toBe(false);
  });

  it("answers pings", async () => {
    const { server, network, settle } = setUp();
    await settle();
    server.broadcast({ type: "ping", n: 42 });
    await settle();
    expect(network.openSockets.length).toBe(1);
    expect(server.sent("pong")).toEqual([{ type: "pong", n: 42 }]);
  });

  it.each([
    ["a text frame", "hello"],
    ["an empty frame", new ArrayBuffer(0)],
    ["half a message", new Uint8Array([9, 1]).buffer],
  ])("makes a new connection after %s", async (_, data) => {
    const { network, log, settle, provider, timing } = setUp();
    await settle();
    network.sockets[0]?.deliver(data);
    await settle();
    expect(log.slice(2, 4)).toEqual(["error protocol-error", expect.stringMatching("connection-close")]);
    timing.advance(100);
    await settle();
    expect(provider.synced).toBe(true);
  });

  it("tells listeners how things are when connect() is called again", async () => {
    const { provider, log, settle } = setUp();
    await settle();
    provider.connect();
    expect(log).toEqual(["connected", "synced", "connected", "synced"]);
  });
});

describe("edits", () => {
  it("are pending from the moment they are made until their durable ack", async () => {
    const { server, provider, text, settle } = setUp();
    await settle();
    server.isAutomatic = false;
    server.sendsReceived = true;
    const counts: number[] = [];
    const progress: unknown[] = [];
    provider.on("pending", ({ count }) => counts.push(count));
    provider.on("received", (event) => progress.push(["received", event]));
    provider.on("durable", (event) => progress.push(["durable", event]));
    text.insert(0, "hello");
    expect(provider.pending.count).toBe(1);
    const whenDurable = provider.whenDurable();
    await settle();
    expect(provider.saveState).toEqual({ inThisBrowser: 1, received: 1, durable: 0 });
    server.flush();
    await settle();
    await whenDurable;
    expect(provider.saveState).toEqual({ inThisBrowser: 1, received: 1, durable: 1 });
    expect(counts).toEqual([1, 1, 0]);
    expect(progress).toEqual([
      ["received", { count: 1, total: 1 }],
      ["durable", { count: 1, total: 1 }],
    ]);
  });

  it("of one microtask travel in one update", async () => {
    const { server, text, settle, provider } = setUp();
    await settle();
    for (let i = 0; i < 1_000; i++) text.insert(i, "x");
    await settle();
    expect(server.sent("update").map(({ n }) => n)).toEqual([1]);
    expect(server.doc.getText("t").toString()).toBe("x".repeat(1_000));
    expect(provider.saveState).toEqual({ inThisBrowser: 1_000, received: 1_000, durable: 1_000 });
  });

  it("of one microtask travel in several updates when one would be too large", async () => {
    const server = new FakeServer();
    server.maxMessageBytes = 1_000;
    const { text, settle, provider } = setUp({}, new Y.Doc(), server);
    await settle();
    for (let i = 0; i < 10; i++) text.insert(0, String(i).repeat(300));
    await settle();
    expect(server.sent("update").length).toBeGreaterThan(2);
    expect(server.sent("update").every(({ update }) => update.length < 1_000)).toBe(true);
    expect([server.disk.getText("t").toString(), provider.pending.count]).toEqual([text.toString(), 0]);
  });

  it("made by observers of an edit are covered by the acks that carry them", async () => {
    const { server, text, settle, provider, doc, timing } = setUp();
    server.maxMessageBytes = 400;
    text.observe(() => {
      if (text.length < 2_000) text.insert(0, "y".repeat(100));
    });
    await settle();
    text.insert(0, "x");
    await settle();
    expect(server.sent("close")).toEqual([]);
    expect([provider.pending.count, containsAll(server.disk, doc), timing.timerCount > 0]).toEqual([0, true, true]);
  });

  it("made offline are sent on return, and others' arrive", async () => {
    const { server, network, timing, text, settle, provider } = setUp();
    await settle();
    text.insert(0, "a");
    await settle();
    network.cut();
    await settle();
    text.insert(1, "b");
    server.edit((theirs) => theirs.insert(0, "c"));
    expect(provider.pending.count).toBe(1);
    timing.advance(100);
    await settle();
    expect(text.toString()).toHaveLength(3);
    expect(server.disk.getText("t").toString()).toBe(text.toString());
    expect(provider.pending.count).toBe(0);
  });

  it("made before the provider was are covered by the first update", async () => {
    const doc = new Y.Doc();
    doc.getText("t").insert(0, "before");
    const { server, settle, provider } = setUp({ connect: false }, doc);
    expect(provider.pending.count).toBe(1);
    server.isAutomatic = false;
    const whenDurable = provider.whenDurable();
    const isDurable = vi.fn();
    void whenDurable.then(isDurable);
    provider.connect();
    await settle();
    expect([provider.synced, isDurable.mock.calls.length]).toEqual([true, 0]);
    server.flush();
    await settle();
    expect([provider.pending.count, isDurable.mock.calls.length]).toEqual([0, 1]);
  });

  it("of an empty document: whenDurable waits for the first opening, nothing is sent", async () => {
    const { server, settle, provider } = setUp({ connect: false });
    const isDurable = vi.fn();
    void provider.whenDurable().then(isDurable);
    await settle();
    expect(isDurable).not.toHaveBeenCalled();
    provider.connect();
    await settle();
    expect([isDurable.mock.calls.length, server.sent("update")]).toEqual([1, []]);
  });

  it("of others are applied with the provider as origin and not sent back", async () => {
    const { server, settle, doc, provider } = setUp();
    await settle();
    const origins: unknown[] = [];
    doc.on("update", (_, origin) => origins.push(origin));
    server.edit((text) => text.insert(0, "theirs"));
    await settle();
    expect(doc.getText("t").toString()).toBe("theirs");
    expect(origins).toEqual([provider]);
    expect([server.sent("update"), provider.pending.count]).toEqual([[], 0]);
  });

  it("lost on the way are noticed by the server and sent again", async () => {
    const { server, network, timing, text, settle, log, provider } = setUp();
    await settle();
    network.framesToLose = 1;
    text.insert(0, "a");
    await settle();
    text.insert(1, "b");
    await settle();
    expect(log.slice(2)).toEqual(["connection-close 4510", "not synced", "disconnected"]);
    expect(provider.pending.count).toBe(2);
    timing.advance(100);
    await settle();
    expect([server.disk.getText("t").toString(), provider.pending.count]).toEqual(["ab", 0]);
  });

  it("lost on the way with nothing after them are noticed by the missing ack", async () => {
    const { server, network, timing, text, settle, provider } = setUp();
    await settle();
    network.framesToLose = 1;
    text.insert(0, "a");
    await settle();
    for (let i = 0; i < 16; i++) {
      timing.advance(2_000);
      await settle();
    }
    expect(network.sockets.length).toBe(1);
    expect([server.disk.getText("t").toString(), provider.pending.count]).toEqual(["a", 0]);
  });

  it("are sent again, as the next n, when the server repeats opened", async () => {
    const { server, network, text, settle, provider } = setUp();
    await settle();
    text.insert(0, "a");
    await settle();
    server.isAutomatic = false;
    const [socket] = network.openSockets;
    if (socket) server.sendOpened(socket);
    text.insert(1, "b");
    await settle();
    expect(server.sent("update").map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(provider.synced).toBe(true);
    server.flush();
    await settle();
    expect([server.disk.getText("t").toString(), provider.pending.count]).toEqual(["ab", 0]);
  });

  it("made in the very microtask in which opened is repeated are in the answer, and only there", async () => {
    const { server, network, text, settle } = setUp();
    await settle();
    const [socket] = network.openSockets;
    if (socket) server.sendOpened(socket);
    text.insert(0, "a");
    socket?.down.shift()?.();
    await settle();
    expect([server.sent("update").length, server.disk.getText("t").toString()]).toEqual([1, "a"]);
  });

  it("do not wait for those that Yjs itself cannot place", async () => {
    const [author, doc] = [new Y.Doc(), new Y.Doc()];
    author.getText("t").insert(0, "first");
    const afterFirst = Y.encodeStateVector(author);
    author.getText("t").insert(5, "second");
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(author, afterFirst));
    doc.getText("other").insert(0, "mine");
    const { server, settle, provider } = setUp({}, doc);
    await settle();
    expect([server.disk.getText("other").toString(), provider.pending.count]).toEqual(["mine", 0]);
    expect(server.sent("update").length).toBe(1);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(author));
    await settle();
    expect(server.disk.getText("t").toString()).toBe("firstsecond");
  });

  it("stay pending through acks of an earlier opening", async () => {
    const { server, network, text, settle, provider } = setUp();
    await settle();
    server.isAutomatic = false;
    network.framesToLose = 1;
    text.insert(0, "a");
    server.clockError = -1;
    await settle();
    // The former opening's ack comes while the new one is asked for.
    provider.disconnect();
    provider.connect();
    network.sockets[1]?.open();
    server.broadcast({ type: "ack", room, n: 1, clock: 1, level: 2, seq: 0 });
    await settle();
    expect(provider.pending.count).toBe(1);
    server.clockError = 0;
    server.flush();
    await settle();
    expect(provider.pending.count).toBe(0);
  });

  it("are not believed durable when the ack's clock says otherwise: once reopened, then after a pause", async () => {
    const { server, network, text, settle, provider, log, timing } = setUp();
    await settle();
    server.clockError = -1;
    text.insert(0, "a");
    await settle();
    expect(server.sent("open").map(({ requestId }) => requestId)).toEqual([1, 2]);
    expect(server.sent("close").length).toBe(1);
    expect(log.slice(2)).toEqual(["not synced", "synced", "not synced", "error connection-failed"]);
    expect([provider.pending.count, network.openSockets.length]).toEqual([1, 1]);
    server.clockError = 0;
    timing.advance(100);
    await settle();
    expect(provider.pending.count).toBe(0);
  });

  it("are announced under the new id when Yjs changes the document's", async () => {
    const { server, doc, text, settle, provider } = setUp();
    await settle();
    text.insert(0, "a");
    await settle();
    doc.clientID = 99;
    text.insert(1, "b");
    await settle();
    expect(server.sent("open").map(({ clientId }) => clientId)[1]).toBe(99);
    expect([server.disk.getText("t").toString(), provider.pending.count]).toEqual(["ab", 0]);
  });

  it("arrive although disconnect() comes right after them", async () => {
    const { server, text, settle, provider } = setUp();
    await settle();
    text.insert(0, "last words");
    provider.disconnect();
    provider.disconnect();
    await settle();
    expect(server.disk.getText("t").toString()).toBe("last words");
    expect([provider.status.connection, provider.pending.count]).toEqual(["disconnected", 1]);
  });
});

describe("remote updates", () => {
  it("that cannot be read make the session open again, then reconnect", async () => {
    const { server, settle, log, provider, timing } = setUp();
    await settle();
    server.broadcast({ type: "update", room, n: 1, update: new Uint8Array([200, 1, 2]) });
    await settle();
    expect(log.slice(2)).toEqual(["error apply-failed", "not synced", "synced"]);
    server.broadcast({ type: "update", room, n: 2, update: new Uint8Array([200, 1, 2]) });
    await settle();
    timing.advance(100);
    await settle();
    expect(provider.synced).toBe(true);
    expect(server.sent("open").length).toBe(3);
  });

  it("whose observers throw are applied all the same, and what follows, too", async () => {
    const { server, settle, log, text, provider } = setUp();
    await settle();
    text.observe(() => {
      throw new Error("a bug of the application");
    });
    server.edit((theirs) => theirs.insert(0, "a"));
    server.edit((theirs) => theirs.insert(1, "b"));
    await settle();
    expect([text.toString(), provider.synced]).toEqual(["ab", true]);
    expect(log.slice(2)).toEqual(["error apply-failed", "error apply-failed"]);
  });
});

describe("permanent closes", () => {
  it("a refused document is closed for good with 44xx, and asked for again with 45xx", async () => {
    const server = new FakeServer();
    server.refusal = { code: 4503, reason: "restarting" };
    const { settle, log, provider, timing } = setUp({}, new Y.Doc(), server);
    await settle();
    expect(log).toEqual(["connected", "error connection-failed"]);
    server.refusal = { code: 4403, reason: "not yours" };
    timing.advance(100);
    await settle();
    expect(log.at(-1)).toBe("closed 4403 not yours");
    await expect(provider.whenDurable()).rejects.toMatchObject({ code: "closed", closeCode: 4403 });
    timing.advance(1e6);
    expect(server.sent("open").length).toBe(2);
  });

  it("a socket closed with 44xx, or a document closed with one", async () => {
    const { network, settle, log, provider, server } = setUp();
    await settle();
    network.sockets[0]?.end(4401, "expired");
    await settle();
    expect(log.slice(2)).toEqual(["connection-close 4401", "not synced", "disconnected", "closed 4401 expired"]);
    provider.connect();
    await settle();
    server.broadcast({ type: "close", room, code: 4404, reason: "deleted" });
    await settle();
    expect(log.at(-1)).toBe("closed 4404 deleted");
  });

  it("another generation: nothing is merged, the content stays here", async () => {
    const { network, settle, log, server, text, timing } = setUp();
    await settle();
    text.insert(0, "old");
    await settle();
    network.cut();
    server.generation = "g2";
    server.doc = new Y.Doc();
    await settle();
    timing.advance(100);
    await settle();
    expect(server.sent("open").map(({ generation }) => generation)).toEqual(["", "g1"]);
    expect(log.at(-1)).toBe("closed 4409 another generation");
    expect([server.doc.getText("t").toString(), text.toString()]).toEqual(["", "old"]);
  });

  it("a generation is not binding while nothing is written", async () => {
    const { network, settle, server, timing, provider } = setUp();
    await settle();
    network.cut();
    server.generation = "g2";
    await settle();
    timing.advance(100);
    await settle();
    expect(server.sent("open").map(({ generation }) => generation)).toEqual(["", ""]);
    expect(provider.synced).toBe(true);
  });
});

describe("refused edits", () => {
  const rejecting = async (options: Parameters<typeof setUp>[0] = {}) => {
    const world = setUp(options);
    await world.settle();
    world.server.edit((theirs) => theirs.insert(0, "theirs"));
    await world.settle();
    world.server.rejection = { code: 4403, reason: "the page is locked" };
    world.text.insert(0, "mine ");
    return world;
  };

  it("are handed back with the reason; reading goes on, and later edits are not sent", async () => {
    const { server, text, settle, log, provider } = await rejecting();
    const rejected: Uint8Array[] = [];
    provider.on("rejected", ({ update }) => rejected.push(update));
    const whenDurable = provider.whenDurable();
    await Promise.all([
      expect(whenDurable).rejects.toMatchObject({ code: "rejected", closeCode: 4403, reason: "the page is locked" }),
      settle(),
    ]);
    text.insert(0, "and more ");
    server.edit((theirs) => theirs.insert(6, ", too"));
    await settle();
    expect(log.slice(2)).toEqual(["rejected 4403"]);
    expect(provider.status).toMatchObject({ connection: "connected", synced: true, rejected: { code: 4403 } });
    expect(text.toString()).toBe("and more mine theirs, too");
    expect(server.sent("update").length).toBe(1);
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(server.doc));
    for (const update of rejected) Y.applyUpdate(copy, update);
    expect(copy.getText("t").toString()).toBe("mine theirs, too");
    Y.applyUpdate(copy, provider.exportRejected() as Uint8Array);
    expect(copy.getText("t").toString()).toBe("and more mine theirs, too");
  });

  it("are sent again on return when the server grants writing", async () => {
    const { server, network, settle, provider, timing } = await rejecting();
    await settle();
    server.rejection = undefined;
    network.cut();
    await settle();
    timing.advance(100);
    await settle();
    expect([server.disk.getText("t").toString(), provider.pending.count]).toEqual(["mine theirs", 0]);
    expect(provider.status.rejected).toBeUndefined();
    await provider.whenDurable();
  });

  it("are not taken for durable when the server takes the edit after them, and are lost in no later opening", async () => {
    const { server, network, text, doc, settle, provider, timing } = setUp();
    await settle();
    server.edit((theirs) => theirs.insert(0, "theirs"));
    await settle();
    server.rejection = { code: 4403, reason: "you may add, not delete" };
    server.isRejected = onlyDeletes;
    text.delete(0, 3);
    const whenDurable = provider.whenDurable();
    whenDurable.catch(() => {});
    await Promise.resolve();
    text.insert(3, "!");
    await settle();
    expect([server.disk.getText("t").toString(), server.sent("update").length]).toEqual(["theirs!", 2]);
    await expect(whenDurable).rejects.toMatchObject({ code: "rejected" });
    expect(provider.saveState).toEqual({ inThisBrowser: 2, received: 0, durable: 0 });
    expect([provider.pending.count, provider.status.rejected?.code]).toEqual([2, 4403]);
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(server.doc));
    Y.applyUpdate(copy, provider.exportRejected() as Uint8Array);
    expect(copy.getText("t").toString()).toBe("irs!");
    server.rejection = undefined;
    network.cut();
    await settle();
    timing.advance(100);
    await settle();
    expect([server.disk.getText("t").toString(), provider.pending.count]).toEqual(["irs!", 0]);
    expect([provider.status.rejected, containsAll(server.disk, doc)]).toEqual([undefined, true]);
    await provider.whenDurable();
  });

  it("are gone after revertRejected, and the document goes on from the server's content", async () => {
    const { server, text, doc, settle, provider, log } = await rejecting();
    await settle();
    const deltas: unknown[] = [];
    text.observe(({ delta }) => deltas.push(delta));
    const reverted = provider.revertRejected();
    // The code that resets documents is loaded when it is needed.
    await vi.waitFor(async () => {
      await settle();
      expect(provider.status.rejected).toBeUndefined();
    });
    await reverted;
    expect(text.toString()).toBe("theirs");
    expect(provider.status).toMatchObject({ synced: true, inThisBrowser: 0 });
    expect([provider.pending.count, provider.exportRejected()]).toEqual([0, undefined]);
    expect(provider.awareness.clientID).toBe(doc.clientID);
    expect(log.filter((line) => line.startsWith("closed"))).toEqual([]);
    server.rejection = undefined;
    text.insert(6, " and mine");
    await settle();
    expect(server.disk.getText("t").toString()).toBe("theirs and mine");
    await provider.whenDurable();
    expect(containsAll(server.disk, doc)).toBe(true);
  });

  it("too large for the server are not even sent when they cannot be cut", async () => {
    const server = new FakeServer();
    server.maxMessageBytes = 1_000;
    const { doc, settle, log, provider } = setUp({}, new Y.Doc(), server);
    await settle();
    const rejected = new Promise<{ reason: string }>((resolve) => provider.on("rejected", resolve));
    doc.getMap("m").set("image", new Uint8Array(2_000));
    await settle();
    expect((await rejected).reason).toMatch(/^an edit of 20\d\d bytes; the server takes/);
    expect([server.sent("update"), log.slice(2)]).toEqual([[], ["rejected 4413"]]);
  });

  it("too large for one message, but not by themselves, are sent in pieces", async () => {
    const server = new FakeServer();
    server.maxMessageBytes = 1_000;
    const { text, settle, provider } = setUp({}, new Y.Doc(), server);
    await settle();
    text.insert(0, "0123456789".repeat(1_000));
    text.insert(5_000, "and more");
    await vi.waitFor(async () => {
      await settle();
      expect(provider.pending.count).toBe(0);
    });
    expect(server.sent("update").length).toBeGreaterThan(10);
    expect(server.sent("update").every(({ update }) => update.length <= 1_000)).toBe(true);
    expect(server.disk.getText("t").toString()).toBe(text.toString());
  });

  it("of a document that was replaced meanwhile are all of it; reverted, it is the server's new one", async () => {
    const { network, settle, log, server, text, timing, provider } = setUp();
    await settle();
    text.insert(0, "old");
    await settle();
    network.cut();
    server.generation = "g2";
    server.doc = new Y.Doc();
    server.disk = new Y.Doc();
    server.log.length = server.seq = 0;
    server.edit((theirs) => theirs.insert(0, "new"));
    await settle();
    timing.advance(100);
    await settle();
    expect(log.slice(-2)).toEqual(["disconnected", "closed 4409 another generation"]);
    expect(provider.shouldConnect).toBe(false);
    const fork = new Y.Doc();
    Y.applyUpdate(fork, provider.exportRejected() as Uint8Array);
    expect(fork.getText("t").toString()).toBe("old");
    void provider.revertRejected();
    await vi.waitFor(async () => {
      await settle();
      timing.advance(100);
      expect(provider.synced).toBe(true);
    });
    expect([text.toString(), provider.status.rejected]).toEqual(["new", undefined]);
    text.insert(3, "er");
    await settle();
    expect(server.disk.getText("t").toString()).toBe("newer");
  });

  it("of a deleted document: reverted, the document is empty and stays closed", async () => {
    const { network, settle, log, server, text, provider } = setUp();
    await settle();
    text.insert(0, "old");
    await settle();
    server.broadcast({ type: "close", room, code: 4404, reason: "deleted" });
    await settle();
    expect(log.slice(-1)).toEqual(["closed 4404 deleted"]);
    await provider.revertRejected();
    expect([text.toString(), provider.shouldConnect, network.openSockets.length]).toEqual(["", false, 0]);
  });

  it("of who may only read are told at the first of them; edits of the store's trouble are not refused", async () => {
    const server = new FakeServer();
    server.access = 1;
    const { settle, log, text, provider } = setUp({}, new Y.Doc(), server);
    await settle();
    text.insert(0, "mine");
    text.insert(0, "mine");
    await settle();
    expect(log.slice(-2)).toEqual(["synced", "rejected 4403"]);
    expect(server.sent("update")).toEqual([]);
    expect(provider.pending.count).toBe(2);
    const other = setUp();
    await other.settle();
    other.server.failStore("the disk is full");
    await other.settle();
    other.text.insert(0, "mine");
    await other.settle();
    expect(other.log.filter((line) => line.startsWith("rejected"))).toEqual([]);
  });
});

describe("resuming", () => {
  it("asks for what was missed only, and sends only what was not acknowledged", async () => {
    const { server, network, timing, text, settle, provider } = setUp();
    await settle();
    for (const letter of "abc") {
      text.insert(text.length, letter);
      await settle();
    }
    server.isAutomatic = false;
    text.insert(3, "d");
    await settle();
    network.cut();
    server.edit((theirs) => theirs.insert(0, "x"));
    await settle();
    text.insert(text.length, "e");
    server.received.length = 0;
    timing.advance(100);
    await settle();
    expect(server.sent("open").map(({ have }) => have)).toEqual([{ kind: "resume", seq: 3 }]);
    const sent = new Y.Doc();
    const [update] = server.sent("update");
    expect(
      Y.parseUpdateMeta(update?.update as Uint8Array)
        .from.values()
        .next().value,
    ).toBe(3);
    Y.applyUpdate(sent, update?.update as Uint8Array);
    expect(sent.getText("t").toString()).toBe("");
    server.flush();
    await settle();
    expect([server.disk.getText("t").toString(), provider.pending.count]).toEqual(["xabcde", 0]);
    expect(text.toString()).toBe("xabcde");
  });

  it("falls back to state vectors at once when the log does not reach back so far", async () => {
    const { server, network, timing, text, settle, provider, log } = setUp();
    await settle();
    text.insert(0, "a");
    await settle();
    network.cut();
    server.edit((theirs) => theirs.insert(1, "b"));
    server.compact();
    await settle();
    text.insert(0, "c");
    timing.advance(100);
    await settle();
    expect(server.sent("open").map(({ have }) => have.kind)).toEqual(["state-vector", "resume", "state-vector"]);
    expect([text.toString(), server.disk.getText("t").toString(), provider.pending.count]).toEqual(["cab", "cab", 0]);
    expect(log.filter((line) => line.startsWith("error"))).toEqual([]);
  });

  it("is not claimed before the document was synced", async () => {
    const { server, network, timing, settle } = setUp();
    server.edit((theirs) => theirs.insert(0, "a"));
    await Promise.resolve();
    network.sockets[0]?.open();
    network.cut();
    await settle();
    timing.advance(100);
    await settle();
    expect(server.sent("open").every(({ have }) => have.kind === "state-vector")).toBe(true);
  });
});

describe("presence", () => {
  const pair = async () => {
    const server = new FakeServer();
    const [a, b] = [setUp({}, new Y.Doc(), server), setUp({}, new Y.Doc(), server)];
    const relay = async () => {
      await server.network.settle();
      // The fake server passes presence on when told: to everyone, as its own would not.
      for (const message of server.received.splice(0)) if (message.type === "awareness") server.broadcast(message);
      await server.network.settle();
    };
    await relay();
    return { server, a, b, relay };
  };

  it("travels both ways and is not echoed", async () => {
    const { a, b, relay, server } = await pair();
    a.provider.awareness.setLocalStateField("name", "Ada");
    await relay();
    expect(b.provider.awareness.getStates().get(a.doc.clientID)).toEqual({ name: "Ada" });
    expect(server.sent("awareness")).toEqual([]);
  });

  it("is forgotten on disconnect, goodbye said, and comes back on return although nobody moved", async () => {
    const { a, b, relay, server } = await pair();
    a.provider.disconnect();
    expect([...a.provider.awareness.getStates().keys()]).toEqual([a.doc.clientID]);
    await relay();
    expect([...b.provider.awareness.getStates().keys()]).toEqual([b.doc.clientID]);
    a.provider.connect();
    await relay();
    // What the server remembers of b, unchanged.
    const update = encodeAwarenessUpdate(b.provider.awareness, [b.doc.clientID]);
    server.broadcast({ type: "awareness", room, update });
    await relay();
    expect(a.provider.awareness.getStates().size).toBe(2);
    expect(b.provider.awareness.getStates().size).toBe(2);
  });

  it("is announced again when the room was told that we are gone", async () => {
    const { a, b, relay, server } = await pair();
    const clock = a.provider.awareness.meta.get(a.doc.clientID)?.clock ?? 0;
    const gone = encodeAwarenessEntries([{ clientId: a.doc.clientID, clock: clock + 1, state: "null" }]);
    server.broadcast({ type: "awareness", room, update: gone });
    await relay();
    expect(b.provider.awareness.getStates().has(a.doc.clientID)).toBe(true);
  });

  it("says goodbye when the page goes away, and hello when it comes back", async () => {
    const page = new EventTarget();
    const { server, settle } = setUp({ pageEvents: page });
    await settle();
    page.dispatchEvent(new Event("pagehide"));
    page.dispatchEvent(new Event("pageshow"));
    await settle();
    const states = server.sent("awareness").flatMap(({ update }) => decodeAwarenessUpdate(update));
    expect(states.map(({ state }) => state)).toEqual(["{}", "null", "{}"]);
    expect(new Set(states.map(({ clock }) => clock)).size).toBe(3);
  });

  it("that cannot be read, or whose observers throw, ends nothing", async () => {
    const { server, settle, log, provider } = setUp();
    await settle();
    server.broadcast({ type: "awareness", room, update: new Uint8Array([1, 5, 1, 1, 123]) });
    await settle();
    expect([log.slice(2), provider.synced]).toEqual([["error apply-failed"], true]);
  });
});

describe("the end", () => {
  it("destroy() leaves no socket, timer, listener or waiting promise, twice", async () => {
    const listeners = new Set<string>();
    const page = {
      addEventListener: (name: string) => void listeners.add(name),
      removeEventListener: (name: string) => void listeners.delete(name),
    };
    const doc = new Y.Doc();
    const awareness = new Awareness(doc);
    const { provider, network, timing, settle } = setUp({ pageEvents: page, awareness }, doc);
    await settle();
    doc.getText("t").insert(0, "a");
    expect(listeners.size).toBe(4);
    const whenDurable = provider.whenDurable();
    provider.destroy();
    provider.destroy();
    await expect(whenDurable).rejects.toMatchObject({ code: "destroyed" });
    expect([timing.timerCount, listeners.size, network.openSockets.length]).toEqual([0, 0, 0]);
    expect(network.sockets[0]?.hasHandlers).toBe(false);
    expect(doc._observers.has("update")).toBe(false);
    expect(awareness._observers.size).toBe(0);
    expect(awareness.getLocalState()).not.toBeNull();
    provider.connect();
    await settle();
    expect([network.sockets.length, provider.status.connection]).toEqual([1, "disconnected"]);
    awareness.destroy();
  });

  it("accepts listeners of events it never emits, for Lexical", () => {
    const { provider } = setUp({ connect: false });
    const listener = () => {};
    provider.on("reload", listener);
    provider.off("reload", listener);
    provider.off("update", listener);
    expect(provider.document).toBe(provider.doc);
  });

  it("destroys the awareness it made, and follows its document", async () => {
    const { provider, doc, settle } = setUp();
    await settle();
    doc.destroy();
    expect([provider.shouldConnect, provider.awareness.getLocalState()]).toEqual([false, null]);
  });

  it("a listener that throws stops neither the others nor the provider", async () => {
    const { provider, settle, log } = setUp();
    const thrown: unknown[] = [];
    const queue = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((callback) => {
      try {
        callback();
      } catch (error) {
        thrown.push(error);
      }
    });
    provider.once("status", () => {
      throw new Error("a bug of the application");
    });
    await settle();
    queue.mockRestore();
    expect([log, thrown.length]).toEqual([["connected", "synced"], 1]);
  });

  it("disconnect() and destroy() may be called by listeners of any event", async () => {
    for (const method of ["disconnect", "destroy"] as const) {
      for (const name of ["status", "synced", "connection-close"] as const) {
        const { provider, network, timing, settle } = setUp();
        provider.on(name, () => provider[method]());
        await settle();
        if (name === "connection-close") network.cut();
        await settle();
        expect([name, network.openSockets.length, timing.timerCount]).toEqual([name, 0, 0]);
      }
    }
  });

  it("any sequence of calls and faults leaves at most one socket, and after destroy nothing", async () => {
    const action = fc.constantFrom<string>(
      ...["connect", "disconnect", "settle", "cut", "permanent", "wait", "long wait", "wake", "edit", "unreachable"],
      ...["reachable", "garbage", "silent", "heard", "destroy", "settle", "settle"],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), fc.boolean(), async (actions, isTokenFetched) => {
        const page = new EventTarget();
        const world = setUp({ pageEvents: page, ...(isTokenFetched ? { token: async () => "t" } : {}) });
        for (const name of actions) {
          await act(name, world, page);
          expect(world.network.openSockets.length).toBeLessThanOrEqual(1);
        }
        world.provider.destroy();
        await world.settle();
        page.dispatchEvent(new Event("online"));
        expect([world.network.openSockets.length, world.timing.timerCount]).toEqual([0, 0]);
        expect(world.network.sockets.filter(({ hasHandlers }) => hasHandlers)).toEqual([]);
        expect(world.doc._observers.has("update")).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it("an edit leaves pending only when it is on the server's disk, and it gets there, whatever fails", async () => {
    const action = fc.constantFrom<string>(
      ...["edit", "edit", "edit", "delete", "settle", "settle", "settle", "flush", "cut", "crash", "lose", "wait"],
      ...["their edit", "disconnect", "connect", "repeat opened", "lie", "new id"],
      ...["fail store", "fail store", "announce store", "restore store"],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const world = setUp();
        const { server, provider, doc, timing } = world;
        server.isAutomatic = false;
        server.sendsReceived = true;
        for (const name of actions) {
          await act(name, world);
          if (provider.pending.count === 0) expect(containsAll(server.disk, doc)).toBe(true);
        }
        server.isAutomatic = true;
        server.announceStore();
        server.restoreStore();
        server.clockError = 0;
        world.network.framesToLose = 0;
        provider.connect();
        let isDurable = false;
        void provider.whenDurable().then(() => (isDurable = true));
        for (let i = 0; i < 40 && !(isDurable && provider.synced); i++) {
          await world.settle();
          server.flush();
          timing.advance(2_000);
        }
        expect(isDurable).toBe(true);
        expect(provider.pending).toEqual({ count: 0, bytes: 0, oldestAgeMs: 0 });
        expect(containsAll(server.disk, doc)).toBe(true);
        expect([server.forbiddenCount, provider.access]).toEqual([0, { level: "write", reason: "" }]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("refusals at random", () => {
  it("never leave a document that differs from the server's once they were reverted or taken", async () => {
    const action = fc.constantFrom<string>(
      ...["edit", "edit", "delete", "delete", "their edit", "settle", "settle", "take", "revert", "cut", "wait"],
      ...["refuse", "refuse deletions", "delete and edit", "save"],
      ...["read only", "writable", "disconnect", "connect", "flush", "compact"],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40, size: "max" }), async (actions) => {
        const world = setUp();
        const { server, provider, doc, timing, settle } = world;
        server.isAutomatic = false;
        const outcomes: Promise<unknown>[] = [];
        let hasReverted = false;
        provider.on("reverted", () => (hasReverted = true));
        const refuse = (which: FakeServer["isRejected"]) => {
          server.rejection = { code: 4403, reason: "no" };
          server.isRejected = which;
        };
        // Loaded once: afterwards each revert begins in the next microtasks.
        await import("./revert.js");
        const also: Record<string, () => unknown> = {
          refuse: () => refuse(() => true),
          "refuse deletions": () => refuse(onlyDeletes),
          "delete and edit": async () => {
            await act("delete", world);
            await act("edit", world);
          },
          save: async () => {
            await settle();
            server.flush();
            await settle();
          },
          take: () => (server.rejection = undefined),
          revert: () => outcomes.push(provider.revertRejected().catch(() => "given up")),
          compact: () => server.compact(),
          "read only": () => grant(world, 1),
          writable: () => grant(world, 2),
        };
        for (const name of actions) {
          await (also[name] ?? (() => act(name, world)))();
          // A document that was reverted holds what the server has, which need not be on disk yet.
          const saved = hasReverted ? server.doc : server.disk;
          if (provider.pending.count === 0) expect(containsAll(saved, doc)).toBe(true);
        }
        server.isAutomatic = true;
        server.rejection = undefined;
        grant(world, 2);
        // What is on its way arrives, the news of a cut among it.
        await settle();
        provider.connect();
        const isDone = () => provider.synced && provider.pending.count === 0 && !provider.status.rejected;
        for (let i = 0; i < 60 && !isDone(); i++) {
          await new Promise((resolve) => void setImmediate(resolve));
          await settle();
          server.flush();
          if (provider.status.rejected) outcomes.push(provider.revertRejected().catch(() => "given up"));
          timing.advance(2_000);
        }
        server.flush();
        await settle();
        expect([provider.synced, provider.pending.count, provider.status.rejected]).toEqual([true, 0, undefined]);
        expect([containsAll(server.disk, doc), containsAll(doc, server.disk)]).toEqual([true, true]);
        await Promise.all(outcomes);
      }),
      { numRuns: 300 },
    );
  });
});

/** As a server whose authorization changes: says so, and asks for edits where they are taken again. */
function grant({ server, network }: ProviderWorld, access: number): void {
  server.access = access;
  server.broadcast({ type: "access", room, access, reason: "", roots: "" });
  const [socket] = network.openSockets;
  if (socket && access === 2 && server.sent("open").length > 0) server.sendOpened(socket);
}

async function act(name: string, world: ProviderWorld, page?: EventTarget): Promise<void> {
  const { provider, server, network, timing, text, doc } = world;
  const [socket] = network.openSockets;
  const actions: Record<string, () => unknown> = {
    connect: () => provider.connect(),
    disconnect: () => provider.disconnect(),
    destroy: () => provider.destroy(),
    settle: () => network.settle(),
    cut: () => network.cut(),
    permanent: () => socket?.end(4403, "no"),
    wait: () => timing.advance(250),
    "long wait": () => timing.advance(40_000),
    wake: () => page?.dispatchEvent(new Event("online")),
    edit: () => text.insert(Math.floor(text.length / 2), "x"),
    delete: () => (text.length > 0 ? text.delete(0, 1) : undefined),
    "their edit": () => server.edit((theirs) => theirs.insert(0, "y")),
    unreachable: () => (network.isReachable = false),
    reachable: () => (network.isReachable = true),
    garbage: () => socket?.deliver("garbage"),
    silent: () => (network.isSilent = true),
    heard: () => (network.isSilent = false),
    flush: () => server.flush(),
    crash: () => server.crash(),
    lose: () => {
      network.framesToLose = 1;
      text.insert(0, "z");
    },
    "repeat opened": () => socket && server.sent("open").length > 0 && server.sendOpened(socket),
    lie: () => (server.clockError = server.clockError === 0 ? -1 : 0),
    "new id": () => (doc.clientID += 1),
    "fail store": () => server.failStore("the disk is full"),
    "announce store": () => server.announceStore(),
    "restore store": () => server.restoreStore(),
  };
  await actions[name]?.();
}
