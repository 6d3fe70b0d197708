import {
  ackLevel,
  decodeFrame,
  encodeAwarenessUpdate,
  encodeFrame,
  protocolVersion,
  type Message,
} from "@syncline/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import * as Y from "yjs";
import { FakeTiming } from "../../test-support/fake-timing.js";
import { FakeYWebsocketServer } from "../../test-support/fake-y-websocket-server.js";
import type { Carrier, CarrierCloseEvent } from "../carrier.js";
import { yWebsocketCarrier } from "./carrier.js";
import { yWebsocketUrl } from "./url.js";

/** The client's end: one document, and the frames a syncline client would send. */
class Speaker {
  readonly doc = new Y.Doc();
  readonly text = this.doc.getText("text");
  readonly heard: Message[] = [];
  readonly closes: CarrierCloseEvent[] = [];
  readonly errors: unknown[] = [];
  readonly carrier: Carrier;
  openCount = 0;
  #requestId = 0;
  #n = 0;

  constructor(params: Record<string, string> = {}, resyncIntervalMs = -1) {
    const open = yWebsocketCarrier({
      ...{ serverUrl: "ws://host/base/", params: () => params, openWebSocket: server.openWebSocket },
      ...{ stateVector: () => Y.encodeStateVector(this.doc), resyncIntervalMs, timing },
    });
    this.carrier = open("unused", {
      onOpen: () => (this.openCount += 1),
      onFrame: (frame) => {
        for (const message of decodeFrame(frame)) this.#hear(message);
      },
      onError: (cause) => this.errors.push(cause),
      onClose: (event) => this.closes.push(event),
    });
  }

  all<Type extends Message["type"]>(type: Type): Extract<Message, { type: Type }>[] {
    return this.heard.filter((message) => message.type === type) as Extract<Message, { type: Type }>[];
  }

  say(...messages: readonly Message[]): void {
    this.carrier.send(encodeFrame(messages));
  }

  greet(token = ""): void {
    this.say({ type: "hello", version: protocolVersion, token, client: "test" });
  }

  open(token = ""): void {
    const have = { kind: "state-vector", stateVector: Y.encodeStateVector(this.doc) } as const;
    const requestId = ++this.#requestId;
    const { clientID: clientId } = this.doc;
    this.#n = 0;
    this.say({ type: "open", requestId, documentName: "notes", token, clientId, generation: "", have });
  }

  async join(): Promise<void> {
    this.greet();
    this.open();
    await server.settle();
  }

  /** Sends what `change` does to the document as one update. */
  edit(change: () => void): void {
    const before = Y.encodeStateVector(this.doc);
    this.doc.transact(change);
    this.sendUpdate(Y.encodeStateAsUpdate(this.doc, before));
  }

  sendUpdate(update: Uint8Array): void {
    this.say({ type: "update", room: 1, n: ++this.#n, update });
  }

  #hear(message: Message): void {
    this.heard.push(message);
    if (message.type === "update") Y.applyUpdate(this.doc, message.update);
  }
}

let timing: FakeTiming;
let server: FakeYWebsocketServer;
beforeEach(() => {
  timing = new FakeTiming();
  server = new FakeYWebsocketServer();
});

const type = (speaker: Speaker, typed: string) => speaker.edit(() => speaker.text.insert(0, typed));
const typesOf = (messages: readonly Message[]) => messages.map((message) => message.type);
/** Two words, the second written by somebody else. */
function fill(doc: Y.Doc): void {
  doc.getText("text").insert(0, "world");
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  other.getText("text").insert(0, "hello ");
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
}

describe("the URL", () => {
  test("is the one y-websocket uses: slashes cut, the name as it is, parameters encoded", () => {
    expect(yWebsocketUrl("ws://h//", "a/ü b", {})).toBe("ws://h/a/ü b");
    expect(yWebsocketUrl("https://h/x", "a", {})).toBe("wss://h/x/a");
    expect(yWebsocketUrl("ws://h/x", "a", { one: "ä&=", "b c": "2" })).toBe("ws://h/x/a?one=%C3%A4%26%3D&b%20c=2");
  });

  test("carries the token of the hello, or the document's own", async () => {
    const one = new Speaker({ token: "old", v: "1" });
    one.greet("t&1");
    one.open();
    const two = new Speaker();
    two.greet("t1");
    two.open("t2");
    const three = new Speaker();
    await three.join();
    expect(server.links.map(({ url }) => url)).toEqual([
      "ws://host/base/notes?token=t%261&v=1",
      "ws://host/base/notes?token=t2",
      "ws://host/base/notes",
    ]);
  });
});

describe("opening a document", () => {
  test("the client is welcomed when the WebSocket is open, and no handler is called from within its calls", async () => {
    server.isSilent = true;
    const speaker = new Speaker();
    expect(speaker.openCount).toBe(0);
    await Promise.resolve();
    expect(speaker.openCount).toBe(1);
    await speaker.join();
    expect(speaker.heard).toEqual([]);
    server.isSilent = false;
    await server.settle();
    expect(speaker.heard[0]).toMatchObject({ type: "welcome", heartbeatMs: 15_000, server: "y-websocket" });
  });

  test("a client that opens no document yet is welcomed at once, and once", async () => {
    const speaker = new Speaker();
    speaker.greet();
    expect(speaker.heard).toEqual([]);
    await server.settle();
    expect(typesOf(speaker.heard)).toEqual(["welcome"]);
    expect(server.links).toEqual([]);
    speaker.open();
    await server.settle();
    expect(typesOf(speaker.heard)).toEqual(["welcome", "opened", "update", "synced"]);
  });

  test("it is told what the server has, gets what it lacks, and is synced", async () => {
    fill(server.doc);
    const speaker = new Speaker();
    await speaker.join();
    expect(typesOf(speaker.heard)).toEqual(["welcome", "opened", "update", "synced"]);
    const stateVector = Y.encodeStateVector(server.doc);
    const opened = { type: "opened", requestId: 1, room: 1, access: 2, generation: "", seq: 0, stateVector };
    expect(speaker.all("opened")).toEqual([opened]);
    expect(speaker.all("update")).toMatchObject([{ room: 1, n: 0 }]);
    expect(speaker.all("synced")).toEqual([{ type: "synced", room: 1, seq: 0 }]);
    expect(speaker.text.toString()).toBe("hello world");
  });

  test("a server that does not say what it has is taken to have nothing", async () => {
    server.asks = false;
    const speaker = new Speaker();
    await speaker.join();
    expect(speaker.all("opened")).toMatchObject([{ stateVector: Uint8Array.of(0) }]);
    expect(speaker.all("synced")).toHaveLength(1);
  });

  test("a server that asks again opens the document again", async () => {
    const speaker = new Speaker();
    await speaker.join();
    server.sayToAll({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
    await server.settle();
    expect(speaker.all("opened").map(({ requestId }) => requestId)).toEqual([1, 1]);
  });

  test("one that is left and opened again has a new WebSocket and what the server has by then", async () => {
    const speaker = new Speaker();
    await speaker.join();
    type(speaker, "a");
    await server.settle();
    speaker.say({ type: "close", room: 1, code: 0, reason: "" });
    speaker.open();
    await server.settle();
    expect(server.links.map(({ state }) => state)).toEqual(["closed", "open"]);
    expect(speaker.all("opened").at(-1)).toMatchObject({ requestId: 2, stateVector: Y.encodeStateVector(server.doc) });
    expect(speaker.all("welcome")).toHaveLength(1);
    expect(speaker.closes).toEqual([]);
  });
});

describe("while it is open", () => {
  test("edits and presence go both ways", async () => {
    const [a, b] = [new Speaker(), new Speaker()];
    await Promise.all([a.join(), b.join()]);
    type(a, "from a");
    await server.settle();
    expect(b.text.toString()).toBe("from a");
    type(b, "b, ");
    const update = encodeAwarenessUpdate([{ clientId: 5, clock: 1, state: "{}" }]);
    a.say({ type: "awareness", room: 1, update });
    await server.settle();
    expect(a.text.toString()).toBe("b, from a");
    expect(b.all("awareness")).toEqual([{ type: "awareness", room: 1, update }]);
  });

  test("permission that is denied is read access, with the reason", async () => {
    const speaker = new Speaker();
    await speaker.join();
    server.sayToAll({ type: "permission-denied", reason: "for members only" });
    server.sayToAll({ type: "permission-denied", reason: "for members only" });
    await server.settle();
    expect(speaker.all("access")).toEqual([
      { type: "access", room: 1, access: 1, reason: "for members only", roots: "" },
    ]);
  });

  test("permission that is denied before the document is open is told when it is", async () => {
    server.asks = false;
    const speaker = new Speaker();
    speaker.greet();
    speaker.open();
    server.isSilent = true;
    await server.settle();
    server.links[0]?.handlers.onOpen();
    server.links[0]?.handlers.onFrame(Uint8Array.of(2, 0, 2, 110, 111));
    server.links[0]?.handlers.onFrame(Uint8Array.of(0, 0, 1, 0));
    expect(typesOf(speaker.heard)).toEqual(["welcome", "opened", "access"]);
    expect(speaker.all("opened")).toMatchObject([{ access: 1 }]);
    expect(speaker.all("access")).toMatchObject([{ reason: "no" }]);
  });

  test("messages of unknown types change nothing, and what is no message ends the carrier", async () => {
    const speaker = new Speaker();
    await speaker.join();
    const [link] = server.openLinks;
    const heardBefore = speaker.heard.length;
    if (link) server.sayBytes(link, Uint8Array.of(100, 1, 2));
    await server.settle();
    expect(speaker.heard).toHaveLength(heardBefore);
    expect(speaker.closes).toEqual([]);
    if (link) server.sayBytes(link, Uint8Array.of(0, 9, 0));
    await server.settle();
    expect(speaker.errors).toHaveLength(1);
    expect(speaker.closes).toMatchObject([{ code: 1006 }]);
    expect(server.openLinks).toEqual([]);
  });

  test("the server's close ends the carrier with its code and reason; then nothing is left running", async () => {
    const speaker = new Speaker({}, 60_000);
    await speaker.join();
    server.isKeeping = false;
    type(speaker, "x");
    await server.settle();
    server.end(4403, "go away");
    await server.settle();
    expect(speaker.closes).toEqual([{ code: 4403, reason: "go away" }]);
    expect(timing.timerCount).toBe(0);
  });

  test("after the client's close nothing is told and nothing is left running", async () => {
    const speaker = new Speaker({}, 60_000);
    await speaker.join();
    server.isKeeping = false;
    type(speaker, "x");
    speaker.say({ type: "update", room: 1, n: 2, update: Uint8Array.of(0, 0) });
    const heardBefore = speaker.heard.length;
    speaker.carrier.close();
    server.end(1000, "");
    await server.settle();
    expect(speaker.heard).toHaveLength(heardBefore);
    expect(speaker.closes).toEqual([]);
    expect(timing.timerCount).toBe(0);
    expect(server.openLinks).toEqual([]);
  });

  test("what the client was to be told when it closed or left is not told", async () => {
    const speaker = new Speaker();
    await speaker.join();
    speaker.sendUpdate(Uint8Array.of(0, 0));
    speaker.say({ type: "close", room: 1, code: 0, reason: "" });
    await server.settle();
    expect(server.openLinks).toEqual([]);
    speaker.open();
    await server.settle();
    speaker.sendUpdate(Uint8Array.of(0, 0));
    speaker.carrier.close();
    await server.settle();
    expect(speaker.all("ack")).toEqual([]);
  });

  test("a document opened a second time leaves no second WebSocket", async () => {
    const speaker = new Speaker();
    await speaker.join();
    speaker.open();
    await server.settle();
    expect(server.links.map(({ state }) => state)).toEqual(["closed", "open"]);
  });

  test("a carrier closed before it is open says nothing", async () => {
    const speaker = new Speaker();
    speaker.carrier.close();
    await server.settle();
    expect(speaker.openCount).toBe(0);
  });

  test("a WebSocket that cannot be made ends the carrier", async () => {
    const closes: CarrierCloseEvent[] = [];
    const open = yWebsocketCarrier({
      ...{ serverUrl: "ws://h", params: () => ({}), stateVector: () => Uint8Array.of(0), resyncIntervalMs: 0, timing },
      openWebSocket: () => {
        throw new Error("bad URL");
      },
    });
    const carrier = open("", { onOpen() {}, onFrame() {}, onError() {}, onClose: (event) => closes.push(event) });
    const have = { kind: "state-vector", stateVector: Uint8Array.of(0) } as const;
    const open1 = {
      type: "open",
      requestId: 1,
      documentName: "d",
      token: "",
      clientId: 1,
      generation: "",
      have,
    } as const;
    carrier.send(encodeFrame([open1]));
    expect(closes).toEqual([]);
    await Promise.resolve();
    expect(closes).toMatchObject([{ code: 1006, reason: "Error: bad URL" }]);
  });
});

describe("acks", () => {
  const acked = (speaker: Speaker) => speaker.all("ack").map(({ n }) => n);

  test("a stock server's echo of an edit acknowledges it as received; no question is needed", async () => {
    const speaker = new Speaker();
    await speaker.join();
    type(speaker, "abc");
    type(speaker, "d");
    await server.settle();
    const { clientID } = speaker.doc;
    expect(speaker.all("ack")).toEqual([
      { type: "ack", room: 1, n: 1, clock: 3, level: ackLevel.received, seq: 0 },
      { type: "ack", room: 1, n: 2, clock: 4, level: ackLevel.received, seq: 0 },
    ]);
    expect(Y.getState(server.doc.store, clientID)).toBe(4);
    timing.advance(60_000);
    await server.settle();
    expect(server.questionCount).toBe(0);
  });

  test("where nothing comes back the server is asked, and its answer acknowledges all that was sent before", async () => {
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    timing.advance(2_000);
    type(speaker, "abc");
    type(speaker, "d");
    await server.settle();
    expect(acked(speaker)).toEqual([]);
    timing.advance(250);
    await server.settle();
    expect(speaker.all("ack")).toMatchObject([{ n: 2, clock: 4, level: ackLevel.received }]);
    expect(server.questionCount).toBe(1);
  });

  test("an answer holds no more than the end of what was sent", async () => {
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    type(speaker, "x".repeat(100_000));
    timing.advance(2_000);
    await server.settle();
    expect(acked(speaker)).toEqual([1]);
    expect(speaker.all("update").at(-1)?.update.length).toBeLessThan(50);
  });

  test("someone who types without pause makes one question a second", async () => {
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    for (let i = 0; i < 100; i++) {
      type(speaker, "x");
      timing.advance(100);
      await server.settle();
    }
    expect(server.questionCount).toBeGreaterThanOrEqual(7);
    expect(server.questionCount).toBeLessThanOrEqual(10);
    expect(acked(speaker).length).toBe(server.questionCount);
  });

  test("typing without pause on a server that echoes makes no question", async () => {
    const speaker = new Speaker();
    await speaker.join();
    for (let i = 0; i < 100; i++) {
      type(speaker, "x");
      await server.settle();
      type(speaker, "y");
      timing.advance(100);
      await server.settle();
    }
    expect(acked(speaker).at(-1)).toBe(200);
    expect(server.questionCount).toBe(0);
  });

  test("the pause grows with the answers, since each tells all deletions", async () => {
    server.isEchoing = false;
    const map = server.doc.getMap<number>("map");
    server.doc.transact(() => {
      for (let i = 0; i < 20_000; i++) {
        map.set("overwritten", i);
        map.set(`kept ${i}`, i);
      }
    });
    const speaker = new Speaker();
    await speaker.join();
    const answerBytes = Y.encodeStateAsUpdate(server.doc, Y.encodeStateVector(server.doc)).length;
    timing.advance(30_000);
    type(speaker, "x");
    timing.advance(250);
    await server.settle();
    type(speaker, "y");
    const pauseMs = answerBytes / 32;
    expect(pauseMs).toBeGreaterThan(1_100);
    timing.advance(pauseMs - 1);
    await server.settle();
    expect(server.questionCount).toBe(1);
    timing.advance(2);
    await server.settle();
    expect(server.questionCount).toBe(2);
  });

  test("no ack before the server has the edit", async () => {
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    server.isSilent = true;
    type(speaker, "abc");
    timing.advance(10_000);
    await server.settle();
    expect(acked(speaker)).toEqual([]);
    server.isSilent = false;
    await server.settle();
    expect(acked(speaker)).toEqual([1]);
    expect(server.doc.getText("text").toString()).toBe("abc");
  });

  test("deletions alone are acknowledged when the server has deleted", async () => {
    fill(server.doc);
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    server.isKeeping = false;
    speaker.edit(() => speaker.text.delete(2, 5));
    timing.advance(2_000);
    await server.settle();
    expect(acked(speaker)).toEqual([]);
    server.isKeeping = true;
    speaker.sendUpdate(Y.encodeStateAsUpdate(speaker.doc, Y.encodeStateVector(speaker.doc)));
    timing.advance(4_000);
    await server.settle();
    expect(acked(speaker)).toEqual([2]);
    expect(server.doc.getText("text").toString()).toBe("heorld");
  });

  test("a deletion that somebody else made first, which no echo shows, is found out by a question", async () => {
    fill(server.doc);
    const speaker = new Speaker();
    await speaker.join();
    server.isSilent = true;
    server.doc.getText("text").delete(0, 4);
    speaker.edit(() => speaker.text.delete(2, 5));
    server.isSilent = false;
    await server.settle();
    expect(acked(speaker)).toEqual([]);
    timing.advance(2_000);
    await server.settle();
    expect(acked(speaker)).toEqual([1]);
    expect(server.questionCount).toBe(1);
  });

  test("an edit that got lost is not acknowledged, nor is what follows it, though the server answers", async () => {
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    type(speaker, "one");
    timing.advance(2_000);
    await server.settle();
    server.isKeeping = false;
    type(speaker, "two");
    await server.settle();
    server.isKeeping = true;
    type(speaker, "three");
    for (let i = 0; i < 5; i++) {
      timing.advance(30_000);
      await server.settle();
    }
    expect(acked(speaker)).toEqual([1]);
  });

  test("an edit behind a gap does not speak for what is missing in the gap", async () => {
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    type(speaker, "one");
    await server.settle();
    server.isKeeping = false;
    type(speaker, "two");
    await server.settle();
    server.isKeeping = true;
    type(speaker, "three");
    await server.settle();
    timing.advance(2_000);
    await server.settle();
    expect(server.questionCount).toBe(1);
    expect(acked(speaker)).toEqual([1]);
  });

  test("what the echo of an earlier edit leaves open is asked for", async () => {
    fill(server.doc);
    const speaker = new Speaker();
    await speaker.join();
    server.isSilent = true;
    server.doc.getText("text").delete(0, 4);
    type(speaker, "x");
    speaker.edit(() => speaker.text.delete(2, 5));
    server.isSilent = false;
    await server.settle();
    expect(acked(speaker)).toEqual([1]);
    timing.advance(2_000);
    await server.settle();
    expect(acked(speaker)).toEqual([1, 2]);
    expect(speaker.all("synced")).toHaveLength(1);
  });

  test("what others wrote and this client brought counts as well", async () => {
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    fill(speaker.doc);
    type(speaker, "x");
    speaker.sendUpdate(Y.encodeStateAsUpdate(speaker.doc));
    timing.advance(2_000);
    await server.settle();
    expect(acked(speaker)).toEqual([2]);
    expect(server.doc.getText("text").toString()).toBe("xhello world");
  });

  test("an update without content is acknowledged at once, after those before it", async () => {
    server.isEchoing = false;
    const speaker = new Speaker();
    await speaker.join();
    speaker.sendUpdate(Uint8Array.of(0, 0));
    expect(acked(speaker)).toEqual([]);
    await Promise.resolve();
    expect(acked(speaker)).toEqual([1]);
    server.isKeeping = false;
    type(speaker, "x");
    speaker.sendUpdate(Uint8Array.of(0, 0));
    await server.settle();
    expect(acked(speaker)).toEqual([1]);
  });

  test("the clock of an ack counts what the server had before", async () => {
    const speaker = new Speaker();
    speaker.text.insert(0, "four");
    Y.applyUpdate(server.doc, Y.encodeStateAsUpdate(speaker.doc));
    await speaker.join();
    speaker.edit(() => speaker.text.delete(0, 1));
    await server.settle();
    expect(speaker.all("ack")).toMatchObject([{ n: 1, clock: 4 }]);
  });

  test("a server that answers and never has the edits makes the document read-only, asked ever more rarely", async () => {
    server.isKeeping = false;
    const speaker = new Speaker();
    await speaker.join();
    type(speaker, "x");
    for (let i = 0; i < 300; i++) {
      timing.advance(1_000);
      await server.settle();
    }
    const told = { type: "access", room: 1, access: 1, reason: "The server does not keep the edits", roots: "" };
    expect(speaker.all("access")).toEqual([told]);
    // After 1, 2, 4, 8, 16 s and then every 30 s.
    expect(server.questionCount).toBeGreaterThanOrEqual(12);
    expect(server.questionCount).toBeLessThanOrEqual(15);
    expect(acked(speaker)).toEqual([]);
  });

  test("one that was only slow opens the document again", async () => {
    server.isKeeping = false;
    const speaker = new Speaker();
    await speaker.join();
    type(speaker, "x");
    for (let i = 0; i < 20; i++) {
      timing.advance(1_000);
      await server.settle();
    }
    expect(speaker.all("access")).toHaveLength(1);
    Y.applyUpdate(server.doc, Y.encodeStateAsUpdate(speaker.doc));
    await server.settle();
    expect(acked(speaker)).toEqual([1]);
    expect(speaker.all("opened")).toHaveLength(2);
    expect(speaker.all("opened")[1]).toMatchObject({ requestId: 1, access: 2, stateVector: Uint8Array.of(0) });
  });
});

describe("signs of life", () => {
  test("a ping makes the server say something, and that is its pong", async () => {
    const speaker = new Speaker();
    await speaker.join();
    speaker.say({ type: "ping", n: 7 });
    await server.settle();
    server.sayToAll({ type: "query-awareness" });
    await server.settle();
    expect(speaker.all("pong")).toEqual([{ type: "pong", n: 7 }]);
    expect(server.questionCount).toBe(1);
  });

  test("over a half-open link no pong comes, and pings pile up no questions", async () => {
    const speaker = new Speaker();
    await speaker.join();
    server.isSilent = true;
    for (const n of [1, 2, 3]) speaker.say({ type: "ping", n });
    timing.advance(60_000);
    await server.settle();
    expect(speaker.all("pong")).toEqual([]);
    server.isSilent = false;
    await server.settle();
    expect(speaker.all("pong")).toEqual([{ type: "pong", n: 3 }]);
    expect(server.questionCount).toBe(1);
  });

  test("any message is a sign of life where questions are not answered", async () => {
    const speaker = new Speaker();
    await speaker.join();
    server.isSilent = true;
    speaker.say({ type: "ping", n: 1 });
    await server.settle();
    const [link] = server.openLinks;
    link?.handlers.onFrame(Uint8Array.of(100));
    expect(speaker.all("pong")).toEqual([{ type: "pong", n: 1 }]);
  });

  test("with a resync interval the server is asked each time, and what was missed arrives", async () => {
    const speaker = new Speaker({}, 5_000);
    await speaker.join();
    const [link] = server.openLinks;
    server.doc.getText("text").insert(0, "missed");
    link?.down.splice(0);
    await server.settle();
    expect(speaker.text.toString()).toBe("");
    timing.advance(4_999);
    await server.settle();
    expect(server.questionCount).toBe(0);
    timing.advance(1);
    await server.settle();
    expect(speaker.text.toString()).toBe("missed");
    timing.advance(5_000);
    await server.settle();
    expect(server.questionCount).toBe(2);
  });
});
