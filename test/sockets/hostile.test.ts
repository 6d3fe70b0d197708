/** Hostile first contact: whatever a stranger sends, the server lives, members notice nothing, the log stays loadable. */
import { connect as connectTcp } from "node:net";
import { encodeFrame, encodeYWebsocketMessage, synclinePath, type Message, type Open } from "@syncline/protocol";
import { startServer, type SynclineServer } from "@syncline/server";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { mutate } from "../fixtures/hostile.js";
import { pills } from "../fixtures/pills.js";
import { Random } from "../fixtures/random.js";
import {
  stockClient,
  synced,
  synclineClient,
  textOnServer,
  until,
  whenConnectionCloses,
  type Client,
} from "../support/clients.js";
import { tempDirectory } from "../support/temp-directory.js";

const attackedRoom = "attacked";

let data = "";
let server: SynclineServer;
let members: readonly Client[];
let lostConnections: string[];

beforeEach(async () => {
  data = await tempDirectory();
  server = await startServer({ port: 0, data });
  members = [stockClient(server.url, attackedRoom), synclineClient(server.url, attackedRoom)];
  await Promise.all(members.map(synced));
  lostConnections = [];
  for (const { provider } of members) {
    whenConnectionCloses(provider, () => lostConnections.push(provider.constructor.name));
  }
  await assertUndisturbed();
});

afterEach(async () => {
  await assertUndisturbed();
  expect(lostConnections).toEqual([]);
  const before = members.map(({ doc }) => doc);
  await server.close();
  for (const member of members) member.destroy();
  // What is on disk is what the members have, and it loads.
  const restarted = await startServer({ port: 0, data });
  const reader = stockClient(restarted.url, attackedRoom);
  await synced(reader);
  for (const doc of before) expect(Y.encodeStateVector(reader.doc)).toEqual(Y.encodeStateVector(doc));
  expect(reader.doc.store.pendingStructs).toBeNull();
  expect(reader.text.toString()).toBe(before[0]?.getText("text").toString());
  reader.destroy();
  await restarted.close();
});

let marks = 0;

/** Both members still see each other's edits, and neither waits for something that never came. */
async function assertUndisturbed(): Promise<void> {
  for (const [author, reader] of [members, [...members].reverse()] as unknown as [Client, Client][]) {
    const mark = `mark ${(marks += 1)};`;
    author.text.insert(0, mark);
    await until(reader.doc, () => reader.text.toString().includes(mark));
    expect(reader.doc.store.pendingStructs).toBeNull();
  }
}

interface Answer {
  readonly code: number;
  readonly reason: string;
}

/** A socket that says what it likes. */
class Stranger {
  readonly #socket: WebSocket;
  /** Resolves with how the server closed it. */
  readonly closed: Promise<Answer>;
  readonly #opened: Promise<void>;

  constructor(path: string) {
    this.#socket = new WebSocket(server.url + path);
    this.#socket.on("error", () => undefined);
    this.#opened = new Promise((resolve) => this.#socket.once("open", () => resolve()));
    this.closed = new Promise((resolve) =>
      this.#socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  async send(...frames: readonly (Uint8Array | string)[]): Promise<void> {
    await this.#opened;
    for (const frame of frames) this.#socket.send(frame);
  }

  async leave(): Promise<Answer> {
    await Promise.race([this.#opened, this.closed]);
    this.#socket.close();
    return this.closed;
  }
}

const update = (bytes: Uint8Array) => encodeYWebsocketMessage({ type: "update", update: bytes });
const hello: Message = { type: "hello", version: 1, token: "", client: "stranger" };

describe("every pill gets its answer", () => {
  test.each(pills.map((pill) => [pill.name, pill] as const))("%s", async (_, { before = [], bytes, answer }) => {
    const stranger = new Stranger("/pill");
    await stranger.send(...before.map(update), update(bytes));
    if (answer === "refused") {
      const { code, reason } = await stranger.closed;
      // What is larger than may be need not be broken.
      expect([4400, 4413]).toContain(code);
      expect(reason).toMatch(/^an update was refused: ./);
    }
    await stranger.leave();
    const expected = new Y.Doc();
    for (const piece of before) Y.applyUpdate(expected, piece);
    const reader = stockClient(server.url, "pill");
    await synced(reader);
    expect(reader.doc.store.pendingStructs).toBeNull();
    if (answer === "refused" || answer === "gap") {
      expect(Y.encodeStateAsUpdate(reader.doc)).toEqual(Y.encodeStateAsUpdate(expected));
    }
    reader.destroy();
  });
});

describe("frames that are not understood are answered with words", () => {
  const cases: [string, string, (Uint8Array | string)[], RegExp][] = [
    ["a text frame, y-websocket", `/${attackedRoom}`, ["hello"], /text frame/],
    ["a text frame, syncline", synclinePath, ["hello"], /text frame/],
    ["an empty frame, y-websocket", `/${attackedRoom}`, [new Uint8Array()], /bytes end/],
    ["an empty frame, syncline", synclinePath, [new Uint8Array()], /frame is empty/],
    ["a sync message of an unknown kind", `/${attackedRoom}`, [Uint8Array.of(0, 9, 0)], /unknown kind 9/],
    ["a length beyond the frame", `/${attackedRoom}`, [Uint8Array.of(0, 2, 0xff, 0xff, 0x7f, 1)], /longer than/],
    ["a number above 2^53", `/${attackedRoom}`, [Uint8Array.of(0, 2, ...Array(8).fill(0xff), 1)], /2\^53/],
    ["an over-long number", `/${attackedRoom}`, [Uint8Array.of(0x80, 0x00)], /more bytes than it needs/],
    ["a state vector that lies about its length", `/${attackedRoom}`, [Uint8Array.of(0, 0, 2, 200, 1)], /./],
    [
      "presence that lies about its length",
      `/${attackedRoom}`,
      [Uint8Array.of(1, 2, 100, 1)],
      /more awareness entries/,
    ],
    ["something else than hello first", synclinePath, [encodeFrame([{ type: "ping", n: 1 }])], /must be hello/],
    ["a second hello", synclinePath, [encodeFrame([hello]), encodeFrame([hello])], /may not send hello/],
    [
      "a server's message",
      synclinePath,
      [encodeFrame([hello, { type: "synced", room: 1, seq: 1 }])],
      /may not send synced/,
    ],
    ["another version", synclinePath, [encodeFrame([{ ...hello, version: 99 }])], /speaks version 1/],
    ["a hello of 9 KiB", synclinePath, [encodeFrame([{ ...hello, token: "x".repeat(9_000) }])], /8192 bytes/],
  ];
  test.each(cases)("%s", async (_, path, frames, reason) => {
    const stranger = new Stranger(path);
    await stranger.send(...frames);
    const answer = await stranger.closed;
    expect(answer.code).toBe(4400);
    expect(answer.reason).toMatch(reason);
  });

  test("a frame above the limit closes with 1009, as RFC 6455 says", async () => {
    const stranger = new Stranger(`/${attackedRoom}`);
    await stranger.send(new Uint8Array(9 * 1024 * 1024));
    expect((await stranger.closed).code).toBe(1009);
  });

  test("an update above the limit closes with 4413 and names both sizes", async () => {
    const stranger = new Stranger(`/${attackedRoom}`);
    await stranger.send(update(new Uint8Array(5 * 1024 * 1024)));
    const { code, reason } = await stranger.closed;
    expect(code).toBe(4413);
    expect(reason).toMatch(/5242880 bytes; at most 4194304/);
  });

  test("message types of a later version are skipped, in both dialects", async () => {
    const stranger = new Stranger(`/${attackedRoom}`);
    await stranger.send(Uint8Array.of(77, 1, 2, 3));
    const other = new Stranger(synclinePath);
    await other.send(encodeFrame([hello]), Uint8Array.of(3, 77, 1, 2));
    await assertUndisturbed();
    expect((await stranger.leave()).code).not.toBe(4400);
    expect((await other.leave()).code).not.toBe(4400);
  });

  test("a hello that never comes is waited for 5 seconds at most", async () => {
    const impatient = await startServer({ port: 0, data: await tempDirectory(), limits: { helloTimeoutMs: 30 } });
    const socket = new WebSocket(impatient.url + synclinePath);
    const [code, reason] = await new Promise<[number, Uint8Array]>((resolve) =>
      socket.once("close", (closeCode, text) => resolve([closeCode, text])),
    );
    expect(code).toBe(4508);
    expect(String(reason)).toMatch(/no hello within/);
    await impatient.close();
  });
});

describe("names in the URL", () => {
  const refused: [string, string, RegExp][] = [
    ["bad percent-encoding", "/%E0%A4%A", /not percent-encoded UTF-8/],
    ["percent-encoding that is not UTF-8", "/%ff%fe", /not percent-encoded UTF-8/],
    ["no name", "/", /empty/],
    ["a null byte", "/a%00b", /control character/],
    ["a line break", "/a%0Ab", /control character/],
    ["a way up", `/${encodeURIComponent("../../etc/passwd")}`, /"\.\."/],
    ["a dot between slashes", `/${encodeURIComponent("a/./b")}`, /"\."/],
    ["an accent of its own", `/${encodeURIComponent("cafe\u0301")}`, /NFC|normal/i],
    ["256 bytes", `/${"x".repeat(256)}`, /256 bytes/],
    ["256 bytes of emoji", `/${encodeURIComponent("\u{1f600}".repeat(64))}`, /256 bytes/],
  ];
  test.each(refused)("%s is refused with 4400 and the reason", async (_, path, reason) => {
    const answer = await new Stranger(path).closed;
    expect(answer.code).toBe(4400);
    expect(answer.reason).toMatch(reason);
  });

  test.each(["a/b", "__proto__", "constructor", "x".repeat(255), "\u{1f600}".repeat(63), ".syncline/v2", "%2F"])(
    "%s is a document like any other",
    async (name) => {
      const socket = new Stranger(`/${encodeURIComponent(name)}`);
      const doc = new Y.Doc();
      doc.getText("text").insert(0, name);
      await socket.send(update(Y.encodeStateAsUpdate(doc)));
      await assertUndisturbed();
      expect(await textOnServer(server.url, encodeURIComponent(name))).toBe(name);
      await socket.leave();
    },
  );
});

test("10,000 random, truncated and mutated frames in both dialects", async () => {
  const random = new Random(Number(process.env["HOSTILE_SEED"] ?? 20_261_122));
  const genuine = genuineFrames();
  let frameCount = 0;
  const attack = async () => {
    while (frameCount < 10_000) {
      const isSyncline = frameCount % 2 === 0;
      const stranger = new Stranger(isSyncline ? synclinePath : `/${attackedRoom}`);
      if (isSyncline) await stranger.send(encodeFrame([hello, openAttacked]));
      // The server hangs up at the first frame it does not understand; those after it must do nothing.
      for (let i = 0; i < 8; i++) {
        const frames = isSyncline ? genuine.syncline : genuine.yWebsocket;
        await stranger.send(mutate(random, random.pick(frames), random.pick(frames)));
        frameCount += 1;
      }
      await stranger.leave();
    }
  };
  await Promise.all([attack(), attack(), attack(), attack()]);
  // Mutated updates that are still sound are edits like others: the members have the same.
  await assertUndisturbed();
  expect(Y.encodeStateVector(members[0]?.doc as Y.Doc)).toEqual(Y.encodeStateVector(members[1]?.doc as Y.Doc));
});

const openAttacked: Open = {
  type: "open",
  requestId: 1,
  documentName: attackedRoom,
  token: "",
  clientId: 1,
  generation: "",
  have: { kind: "state-vector", stateVector: Uint8Array.of(0) },
};

/** Frames as real clients send them. */
function genuineFrames(): { yWebsocket: Uint8Array[]; syncline: Uint8Array[] } {
  const doc = new Y.Doc();
  doc.clientID = 7;
  const updates: Uint8Array[] = [];
  doc.on("update", (bytes: Uint8Array) => updates.push(bytes));
  doc.getText("other").insert(0, "some text");
  doc.getText("other").format(2, 4, { bold: true });
  doc.getText("other").delete(1, 3);
  doc.getMap("map").set("key", { nested: [1, "two", null] });
  doc.getXmlFragment("xml").insert(0, [new Y.XmlElement("p")]);
  updates.push(Y.encodeStateAsUpdate(doc));
  const stateVector = Y.encodeStateVector(doc);
  const awareness = Uint8Array.of(1, 7, 1, 2, 0x7b, 0x7d);
  return {
    yWebsocket: [
      ...updates.map(update),
      encodeYWebsocketMessage({ type: "sync-step-1", stateVector }),
      encodeYWebsocketMessage({ type: "sync-step-2", update: updates[0] as Uint8Array }),
      encodeYWebsocketMessage({ type: "awareness", update: awareness }),
      encodeYWebsocketMessage({ type: "query-awareness" }),
    ],
    syncline: [
      // The attacked room was the first to be loaded.
      ...updates.map((bytes, index) => encodeFrame([{ type: "update", room: 1, n: index + 1, update: bytes }])),
      encodeFrame([{ type: "awareness", room: 1, update: awareness }]),
      encodeFrame([{ ...openAttacked, requestId: 2, documentName: "second" }]),
      encodeFrame([
        { type: "ping", n: 1 },
        { type: "close", room: 1, code: 0, reason: "" },
      ]),
    ],
  };
}

describe("bytes that are not a WebSocket", () => {
  const upgrade = [
    "GET /attacked HTTP/1.1",
    "Host: x",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
    "",
  ].join("\r\n");
  const cases: [string, (string | Uint8Array)[]][] = [
    ["noise", [Uint8Array.from({ length: 500 }, (_, i) => (i * 37) % 256)]],
    ["a request without an end", ["GET / HTTP/1.1\r\nHost: x\r\nA: "]],
    ["a header of 100 KB", [`GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(100_000)}\r\n\r\n`]],
    ["an upgrade without a key", ["GET /a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"]],
    ["an unmasked frame after the upgrade", [upgrade, Uint8Array.of(0x82, 1, 0)]],
    ["a frame with reserved bits", [upgrade, Uint8Array.of(0xf2, 0x81, 0, 0, 0, 0, 0)]],
    [
      "a frame that announces 2^63 bytes",
      [upgrade, Uint8Array.of(0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255)],
    ],
    ["a fragment of nothing", [upgrade, Uint8Array.of(0x80, 0x80, 0, 0, 0, 0)]],
    ["a ping of 200 bytes", [upgrade, Uint8Array.of(0x89, 0xfe, 0, 200, ...new Uint8Array(204))]],
  ];
  test.each(cases)("%s", async (_, chunks) => {
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("connect", resolve));
    for (const chunk of chunks) socket.write(chunk);
    await assertUndisturbed();
    socket.resetAndDestroy();
  });
});
