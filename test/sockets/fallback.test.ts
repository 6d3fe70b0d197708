/** Where WebSocket is blocked: the same frames and promises over SSE and over long polling, through proxies that do harm. */
import { openFallback, probe } from "@syncline/client/fallback";
import { closeCodes, synclinePath } from "@syncline/protocol";
import { MemoryStorage, startServer, type ServerLimits, type SynclineServer } from "@syncline/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { Random } from "../fixtures/random.js";
import { CarrierSpeaker } from "../support/carrier-speaker.js";
import { LogLines } from "../support/faulty-server.js";
import { bufferingProxy, idleCuttingProxy, randomlyCuttingProxy, refusingProxy } from "../support/proxies.js";
import { Speaker } from "../support/speaker.js";

const kinds = ["sse", "poll"] as const;

async function newServer(limits: Partial<ServerLimits> = {}, logger = new LogLines()): Promise<SynclineServer> {
  const server = await startServer({ port: 0, data: new MemoryStorage(), limits, logger });
  onTestFinished(() => server.close());
  return server;
}

/** The updates of a document into which `count` letters were typed by `clientId`. */
function typed(clientId: number, count: number): Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let i = 0; i < count; i++) doc.getText("text").insert(i, String(i % 10));
  return updates;
}

/** The places of `clientId`'s letters that the updates bring, in the order in which they bring them. */
function clocksOf(updates: readonly Uint8Array[], clientId: number): number[] {
  return updates.flatMap((update) => {
    const { structs } = Y.decodeUpdate(update);
    return structs
      .filter(({ id }) => id.client === clientId)
      .flatMap(({ id, length }) => Array.from({ length }, (_, i) => id.clock + i));
  });
}

const upTo = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i);

/** A WebSocket that opens, as Node's and the browsers' do; only for probes. */
const openWebSocket: Parameters<typeof probe>[0] = (url, { onOpen, onError, onClose }) => {
  const socket = new WebSocket(url);
  socket.on("open", onOpen).on("error", onError);
  socket.on("close", (code, reason) => onClose({ code, reason: String(reason) }));
  return { send: (frame) => socket.send(frame), close: () => socket.close() };
};

const timing = {
  now: () => performance.now(),
  random: () => Math.random(),
  setTimer: (callback: () => void, delayMs: number) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

describe.each(kinds)("over %s", (kind) => {
  const open = openFallback(kind);

  test("edits go both ways, are acknowledged as durable, and are gone with a goodbye", async () => {
    const server = await newServer();
    const here = await CarrierSpeaker.open(open, server.url, "notes", 7);
    const other = await Speaker.open(server.url, "notes", { clientId: 8 });
    const { room } = await here.hears("opened");
    await other.hears("synced");
    const [update] = typed(7, 1) as [Uint8Array];
    here.say({ type: "update", room, n: 1, update });
    await here.hears("ack", ({ n, level }) => n === 1 && level === 2);
    expect((await other.hears("update")).update).toEqual(update);

    const [reply] = typed(8, 1) as [Uint8Array];
    other.say({ type: "update", room, n: 1, update: reply });
    expect((await here.hears("update")).update).toEqual(reply);

    const closing = server.close();
    await here.until(() => here.closeEvent !== undefined);
    expect(here.closeEvent?.code).toBe(closeCodes.draining);
    await closing;
  });

  test("what is sent before it is closed arrives, and its client is gone at once", async () => {
    const log = new LogLines();
    const server = await newServer({}, log);
    const here = await CarrierSpeaker.open(open, server.url, "left", 7);
    const { room } = await here.hears("opened");
    const other = await Speaker.open(server.url, "left", { clientId: 8 });
    await other.hears("synced");
    const updates = typed(7, 3);
    for (const [i, update] of updates.entries()) here.say({ type: "update", room, n: i + 1, update });
    here.close();
    await other.hears("update", () => clocksOf(updatesIn(other), 7).length === 3);
    expect(clocksOf(updatesIn(other), 7)).toEqual([0, 1, 2]);
    await sessionsAre(server, 0);
  });

  test("a document larger than what may be unread arrives whole", async () => {
    const server = await newServer();
    const other = await Speaker.open(server.url, "large", { clientId: 8 });
    const { room } = await other.hears("opened");
    const doc = new Y.Doc();
    for (let i = 0; i < 6; i++) doc.getMap("map").set(`${i}`, String(i).repeat(500_000));
    other.say({ type: "update", room, n: 1, update: Y.encodeStateAsUpdate(doc) });
    await other.hears("ack", ({ level }) => level === 2);
    const had = Y.encodeStateVector(doc);
    for (let i = 0; i < 6; i++) doc.getMap("map").set(`more ${i}`, String(i).repeat(500_000));
    other.say({ type: "update", room, n: 2, update: Y.encodeStateAsUpdate(doc, had) });
    await other.hears("ack", ({ n, level }) => n === 2 && level === 2);

    const here = await CarrierSpeaker.open(open, server.url, "large", 7);
    await here.hears("synced");
    const copy = new Y.Doc();
    for (const { update } of here.of("update")) Y.applyUpdate(copy, update);
    expect(copy.getMap("map").toJSON()).toEqual(doc.getMap("map").toJSON());
  });

  test("a proxy that refuses upgrades is no obstacle, while a WebSocket does not open there", async () => {
    const server = await newServer();
    const proxy = await refusingProxy(server.url);
    expect(await probe(openWebSocket, proxy.url + synclinePath, timing)).toBe(false);
    expect(await probe(openWebSocket, server.url + synclinePath, timing)).toBe(true);
    const here = await CarrierSpeaker.open(open, proxy.url, "refused");
    await here.hears("synced");
  });

  test("a proxy that cuts what is idle costs nothing: frames come after the cuts as before", async () => {
    // With comments as rare as they are by default, the stream looks idle to a proxy with so little patience.
    const server = await newServer();
    const proxy = await idleCuttingProxy(server.url);
    const here = await CarrierSpeaker.open(open, proxy.url, "idle", 7);
    const other = await Speaker.open(server.url, "idle", { clientId: 8 });
    const { room } = await other.hears("opened");
    await here.hears("synced");
    const [first, second] = typed(8, 2) as [Uint8Array, Uint8Array];
    const cutsBefore = proxy.cutCount;
    await proxy.hasCut(cutsBefore + 2);
    other.say({ type: "update", room, n: 1, update: first });
    await here.hears("update");
    await proxy.hasCut(proxy.cutCount + 1);
    other.say({ type: "update", room, n: 2, update: second });
    here.say({ type: "ping", n: 1 });
    await here.hears("update", () => clocksOf(updatesIn(here), 8).length === 2);
    await here.hears("pong");
    expect(clocksOf(updatesIn(here), 8)).toEqual([0, 1]);
    expect(here.closeEvent).toBeUndefined();
  });

  test("where every connection is cut at random, 200 frames each way arrive once and in order, or the session says that it ended", async () => {
    let survivorCount = 0;
    for (let seed = 1; seed <= 6; seed++) {
      const server = await newServer();
      const random = new Random(seed);
      const proxy = await randomlyCuttingProxy(server.url, () => random.int(1_000_000) / 1_000_000);
      if (await exchange(server, proxy.url)) {
        survivorCount += 1;
        expect(proxy.cutCount).toBeGreaterThan(5);
      }
      await server.close();
    }
    expect(survivorCount).toBeGreaterThan(2);
  });

  const frameCount = 200;

  /** Whether the session lived through it. */
  async function exchange(server: SynclineServer, url: string): Promise<boolean> {
    const other = await Speaker.open(server.url, "cut", { clientId: 8 });
    const { room } = await other.hears("opened");
    await other.hears("synced");
    const here = await CarrierSpeaker.open(open, url, "cut", 7);
    const isOver = () => here.closeEvent !== undefined;
    await here.until(() => isOver() || here.of("synced").length > 0);
    const [mine, theirs] = [typed(7, frameCount), typed(8, frameCount)];
    for (let i = 0; i < frameCount; i++) {
      here.say({ type: "update", room, n: i + 1, update: mine[i] as Uint8Array });
      here.say({ type: "ping", n: i });
      other.say({ type: "update", room, n: i + 1, update: theirs[i] as Uint8Array });
      if (i % 10 === 0) await here.until(() => isOver() || here.of("pong").length > i - 20);
    }
    const isAcked = () => here.of("ack").some(({ n, level }) => n === frameCount && level === 2);
    const hasAll = () => clocksOf(updatesIn(here), 8).length === frameCount && here.of("pong").length === frameCount;
    await here.until(() => isOver() || (isAcked() && hasAll()));

    if (!isOver()) await other.hears("update", () => clocksOf(updatesIn(other), 7).length >= frameCount);
    const pongs = here.of("pong").map(({ n }) => n);
    expect(pongs).toEqual(upTo(pongs.length));
    const heard = clocksOf(updatesIn(here), 8);
    expect(heard).toEqual(upTo(heard.length));
    const relayed = clocksOf(updatesIn(other), 7);
    expect(relayed).toEqual(upTo(relayed.length));
    if (isOver()) {
      expect(here.closeEvent).toMatchObject({ code: 1006 });
      return false;
    }
    expect([pongs.length, heard.length, relayed.length]).toEqual([frameCount, frameCount, frameCount]);
    return true;
  }
});

test("a proxy that holds answers back lets no stream through, but long polling", async () => {
  const server = await newServer();
  const proxy = await bufferingProxy(server.url);
  const streaming = await CarrierSpeaker.open(openFallback("sse"), proxy.url, "held");
  await proxy.holds(/data: /);
  const polling = await CarrierSpeaker.open(openFallback("poll"), proxy.url, "held");
  await polling.hears("synced");
  expect(streaming.heard).toEqual([]);
});

test("where nothing listens the carrier closes with 1006", async () => {
  const server = await newServer();
  await server.close();
  const here = new CarrierSpeaker(openFallback("sse"), server.url);
  await here.until(() => here.closeEvent !== undefined);
  expect(here.closeEvent?.code).toBe(1006);
});

test("a session that the server has forgotten ends with 1006", async () => {
  const before = await newServer();
  const here = await CarrierSpeaker.open(openFallback("poll"), before.url, "forgotten");
  await here.hears("synced");
  const { port } = before;
  const closed = here.until(() => here.closeEvent !== undefined);
  await before.close();
  const after = await startServer({ port, data: new MemoryStorage() });
  onTestFinished(() => after.close());
  await closed;
  expect([closeCodes.draining, 1006]).toContain(here.closeEvent?.code);
});

test("the log never says what a session's id is", async () => {
  const log = new LogLines();
  const server = await newServer({}, log);
  const answer = await fetch(`${server.url.replace("ws", "http")}${synclinePath}/sessions`, { method: "POST" });
  const { session } = (await answer.json()) as { session: string };
  // 128 bits are 22 characters of base64url.
  expect(session.length).toBeGreaterThanOrEqual(22);
  await server.close();
  expect(log.lines.some(({ message }) => message === "closing a connection")).toBe(true);
  expect(log.having(new RegExp(session))).toEqual([]);
});

function updatesIn({ heard }: { readonly heard: readonly { readonly type: string }[] }): Uint8Array[] {
  return heard.flatMap((message) =>
    "update" in message && message.type === "update" ? [message.update as Uint8Array] : [],
  );
}

/** Resolves once the server's metrics count so many sessions. */
async function sessionsAre(server: SynclineServer, count: number): Promise<void> {
  for (;;) {
    const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    if (metrics.includes(`\nsyncline_http_sessions ${count}\n`)) return;
  }
}
