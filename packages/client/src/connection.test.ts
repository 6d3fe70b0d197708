/** Tokens, coming back, and what an application may say about either, against a server that is fake. */
import { describe, expect, it, vi } from "vitest";
import * as Y from "yjs";
import { room } from "../test-support/fake-server.js";
import { setUp } from "../test-support/provider-world.js";

const tokens = () => {
  let count = 0;
  return vi.fn(async () => `token ${++count}`);
};

describe("tokens", () => {
  it("are fetched anew when the server says that one runs out, and sent in band", async () => {
    const token = tokens();
    const { server, settle, network } = setUp({ token });
    await settle();
    server.broadcast({ type: "token", token: "", expiresInMs: 30_000 });
    await settle();
    expect(server.sent("token")).toEqual([{ type: "token", token: "token 2", expiresInMs: 0 }]);
    expect([network.sockets.length, token.mock.calls.length]).toEqual([1, 2]);
  });

  it("that cannot be refreshed are reported, and the connection stays while it can", async () => {
    const answers = ["first"];
    const token = async () => answers.shift() ?? Promise.reject(new Error("no session"));
    const { server, settle, log, provider } = setUp({ token });
    await settle();
    server.broadcast({ type: "token", token: "", expiresInMs: 30_000 });
    await settle();
    expect(log.slice(2)).toEqual(["error token-failed"]);
    expect([provider.wsconnected, provider.status.lastError?.code]).toEqual([true, "token-failed"]);
  });

  it.each([
    ["the document is refused", 4401],
    ["the socket is closed", 4401],
  ])("that are bad get one more attempt with a fresh one when %s, then it is over", async (how, code) => {
    const token = tokens();
    const world = setUp({ token });
    const { server, settle, log, network, timing, provider } = world;
    if (how === "the document is refused") server.refusal = { code, reason: "expired" };
    for (let i = 0; i < 10; i++) {
      await settle();
      if (how === "the socket is closed") network.openSockets[0]?.end(code, "expired");
      await settle();
      timing.advance(1_000);
    }
    expect(server.sent("hello").map((hello) => hello.token)).toEqual(["token 1", "token 2"]);
    expect(log.at(-1)).toBe("closed 4401 expired");
    expect(provider.shouldConnect).toBe(false);
  });

  it("are trusted again once a connection has held", async () => {
    const { network, settle, timing, provider, server } = setUp({ token: tokens() });
    for (let i = 0; i < 5; i++) {
      await settle();
      timing.advance(6_000);
      await settle();
      expect(provider.synced).toBe(true);
      network.openSockets[0]?.end(4401, "expired");
      await settle();
      timing.advance(1_000);
    }
    await settle();
    expect([provider.synced, server.sent("hello").length]).toEqual([true, 6]);
  });

  it("given as a string are tried once", async () => {
    const { network, settle, log } = setUp({ token: "fixed" });
    await settle();
    network.openSockets[0]?.end(4401, "expired");
    await settle();
    expect(log.at(-1)).toBe("closed 4401 expired");
  });

  it("never travel in a URL, also when they are given as a parameter", async () => {
    const { server, network, settle, provider } = setUp({ params: { token: "secret", branch: "main" } });
    await settle();
    expect(network.sockets[0]?.url).toBe("ws://host:1/.syncline/v1?branch=main");
    expect(provider.url).not.toContain("secret");
    expect(server.sent("hello").map((hello) => hello.token)).toEqual(["secret"]);
  });
});

describe("coming back", () => {
  it("is spread over the time that a draining server asks for", async () => {
    const { server, network, settle, timing } = setUp();
    await settle();
    server.broadcast({ type: "goaway", reconnectAfterMs: 20_000, reason: "restarting" });
    await settle();
    expect(network.openSockets.length).toBe(1);
    network.sockets[0]?.end(4503, "restarting");
    await settle();
    timing.advance(9_999);
    expect(network.sockets.length).toBe(1);
    timing.advance(1);
    expect(network.sockets.length).toBe(2);
    // Only that once.
    await settle();
    network.cut();
    await settle();
    timing.advance(400);
    expect(network.sockets.length).toBe(3);
  });

  it("is the application's to decide, for every code", async () => {
    const codes: number[] = [];
    const shouldReconnect = ({ code }: { code: number }) => codes.push(code) < 2;
    const { network, settle, timing, log } = setUp({ shouldReconnect });
    await settle();
    network.sockets[0]?.end(4403, "no");
    await settle();
    timing.advance(1_000);
    await settle();
    network.sockets[1]?.end(1006, "");
    await settle();
    expect([codes, log.at(-1)]).toEqual([[4403, 1006], "closed 1006 "]);
  });

  it("takes an option that is undefined for one that was left out", async () => {
    const { server, settle, provider } = setUp({ token: undefined, params: undefined, protocols: undefined } as never);
    await settle();
    expect([provider.synced, server.sent("hello")[0]?.token]).toEqual([true, ""]);
  });

  it("asks for the subprotocols it was told", async () => {
    const asked: unknown[] = [];
    const world = setUp({ connect: false });
    const { WebSocket } = world.network;
    class Recording extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url);
        asked.push(protocols);
      }
    }
    setUp({ WebSocketPolyfill: Recording, protocols: ["a", "b"] });
    setUp({ WebSocketPolyfill: Recording });
    await world.settle();
    expect(asked).toEqual([["a", "b"], undefined]);
  });
});

describe("a document the server cannot open just now", () => {
  it("is asked for again after growing pauses, on the same socket", async () => {
    const { server, network, settle, timing, provider } = setUp();
    await settle();
    server.broadcast({ type: "close", room, code: 4505, reason: "being worked on" });
    server.refusal = { code: 4505, reason: "being worked on" };
    await settle();
    expect([provider.wsconnected, provider.synced]).toEqual([true, false]);
    for (const pauseMs of [100, 200, 400]) {
      const before = server.sent("open").length;
      timing.advance(pauseMs - 1);
      await settle();
      expect(server.sent("open").length).toBe(before);
      timing.advance(1);
      await settle();
      expect(server.sent("open").length).toBe(before + 1);
    }
    server.refusal = undefined;
    timing.advance(800);
    await settle();
    expect([provider.synced, network.sockets.length]).toEqual([true, 1]);
  });

  it("is not asked for after disconnect() or destroy()", async () => {
    for (const method of ["disconnect", "destroy"] as const) {
      const { server, settle, timing, provider } = setUp();
      server.refusal = { code: 4505, reason: "being worked on" };
      await settle();
      void provider[method]();
      timing.advance(100_000);
      await settle();
      expect([server.sent("open").length, timing.timerCount]).toEqual([1, 0]);
    }
  });
});

describe("status", () => {
  it("is one value, the same until something changes, for stores that compare by identity", async () => {
    const { provider, text, settle, server } = setUp();
    const seen: string[] = [];
    const unsubscribe = provider.subscribe(() => seen.push(provider.status.connection));
    const first = provider.status;
    expect(provider.status).toBe(first);
    await settle();
    expect(provider.status).not.toBe(first);
    expect(provider.status).toMatchObject({ connection: "connected", synced: true, inThisBrowser: 0, durable: 0 });
    server.isAutomatic = false;
    text.insert(0, "a");
    await settle();
    expect(provider.status).toMatchObject({ inThisBrowser: 1, received: 0, durable: 0, offline: "off" });
    const before = provider.status;
    server.broadcast({ type: "ping", n: 1 });
    await settle();
    expect(provider.status).toBe(before);
    unsubscribe();
    const count = seen.length;
    server.flush();
    await settle();
    expect(provider.status.durable).toBe(1);
    expect([seen.length, seen.includes("connected")]).toEqual([count, true]);
  });

  it("counts unsynced changes as Hocuspocus does", async () => {
    const { provider, text, settle } = setUp();
    const numbers: number[] = [];
    provider.on("unsyncedChanges", ({ number }) => numbers.push(number));
    await settle();
    text.insert(0, "a");
    expect([provider.unsyncedChanges, provider.hasUnsyncedChanges]).toEqual([1, true]);
    await settle();
    expect([provider.hasUnsyncedChanges, numbers.at(0), numbers.at(-1)]).toEqual([false, 1, 0]);
  });
});

describe("application events", () => {
  it("go out and come in as text or bytes", async () => {
    const { provider, server, settle } = setUp();
    const heard: unknown[] = [];
    provider.on("event", (payload) => heard.push(payload));
    await settle();
    provider.broadcast("hé");
    provider.broadcast(Uint8Array.of(1, 2));
    await settle();
    for (const sent of server.sent("event")) server.broadcast(sent);
    await settle();
    expect(heard).toEqual(["hé", Uint8Array.of(1, 2)]);
  });

  it("above what the server takes are not sent: it would close the document", async () => {
    const { provider, server, settle } = setUp();
    await settle();
    provider.broadcast(new Uint8Array(65_536));
    expect(() => provider.broadcast("é".repeat(40_000))).toThrow(expect.objectContaining({ code: "invalid-option" }));
    await settle();
    expect(server.sent("event").length).toBe(1);
  });

  it("are lost, and nothing fails, while there is no connection", () => {
    const { provider } = setUp({ connect: false });
    expect(() => provider.broadcast("x")).not.toThrow();
  });
});

describe("a client id that changes", () => {
  it("does not let edits of the former one be believed saved by the acks of the new one", async () => {
    const { server, doc, text, settle, provider } = setUp();
    await settle();
    server.isAutomatic = false;
    text.insert(0, "a");
    doc.clientID = 5;
    text.insert(1, "b");
    await settle();
    expect(provider.pending.count).toBe(2);
    server.flush();
    await settle();
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(server.disk));
    expect([copy.getText("t").toString(), provider.pending.count]).toEqual(["ab", 0]);
  });
});
