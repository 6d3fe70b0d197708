/** Coming back with a generation and a seq over real sockets: what it costs, when it is refused, and that a kill costs nothing. */
import { closeCodes } from "@syncline/protocol";
import { MemoryStorage, startServer, type ServerOptions, type SynclineServer } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { startServerProcess } from "../support/server-process.js";
import { Speaker, type SpeakerOptions } from "../support/speaker.js";
import { tempDirectory } from "../support/temp-directory.js";

const documentName = "resumed";

async function serve(limits: ServerOptions["limits"] = {}): Promise<SynclineServer> {
  const server = await startServer({ port: 0, data: new MemoryStorage(), limits });
  onTestFinished(() => server.close());
  return server;
}

/** Somebody who writes, and hears about it. */
class Writer {
  readonly doc = new Y.Doc();
  readonly speaker: Speaker;
  readonly generation: string;
  readonly #room: number;
  #n = 0;

  private constructor(speaker: Speaker, room: number, generation: string) {
    this.speaker = speaker;
    this.#room = room;
    this.generation = generation;
  }

  static async open(url: string, options: SpeakerOptions = {}): Promise<Writer> {
    const speaker = await Speaker.open(url, documentName, options);
    const { room, generation } = await speaker.hears("opened");
    await speaker.hears("synced");
    return new Writer(speaker, room, generation);
  }

  /** Resolves with the seq that the durable ack of it carries. */
  async type(text: string): Promise<number> {
    const before = Y.encodeStateVector(this.doc);
    this.doc.getText("text").insert(0, text);
    this.send(Y.encodeStateAsUpdate(this.doc, before));
    const { seq } = await this.speaker.hears("ack", ({ n, level }) => n === this.#n && level === 2);
    return seq;
  }

  send(update: Uint8Array): void {
    this.speaker.say({ type: "update", room: this.#room, n: ++this.#n, update });
  }
}

/** What a stock provider finds that has nothing. */
async function freshText(url: string): Promise<string> {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  await new Promise<void>((resolve) => provider.on("sync", (isSynced: boolean) => isSynced && resolve()));
  provider.destroy();
  provider.awareness.destroy();
  return doc.getText("text").toString();
}

function updatesIn(speaker: Speaker): { n: number; update: Uint8Array }[] {
  return speaker.heard.flatMap((message) => (message.type === "update" ? [message] : []));
}

test("who missed three edits of a document of 1 MB is sent those, in less than 2 kB", async () => {
  const { url } = await serve();
  const writer = await Writer.open(url);
  let seq = 0;
  for (let part = 0; part < 20; part++) seq = await writer.type("large".repeat(10_000));
  const before = Y.encodeStateVector(writer.doc);
  const missed = [await writer.type("a"), await writer.type("b"), await writer.type("c")];

  const { generation } = writer;
  const resumed = await Speaker.open(url, documentName, { clientId: 8, generation, resumeFrom: seq });
  const synced = await resumed.hears("synced");
  expect(synced.seq).toBe(missed[2]);
  expect((await resumed.hears("opened")).stateVector).toHaveLength(0);
  const doc = new Y.Doc();
  for (const { update } of updatesIn(resumed)) Y.applyUpdate(doc, update);
  expect(Y.decodeStateVector(Y.encodeStateVectorFromUpdate(Y.encodeStateAsUpdate(writer.doc, before)))).toEqual(
    Y.decodeStateVector(Y.encodeStateVectorFromUpdate(Y.mergeUpdates(updatesIn(resumed).map(({ update }) => update)))),
  );
  expect(updatesIn(resumed).at(-1)?.n).toBe(missed[2]);
  expect(resumed.heardBytes).toBeLessThan(2_000);
});

test("who types alone learns from the acks how far it may resume, and is then sent nothing", async () => {
  const { url } = await serve();
  const writer = await Writer.open(url);
  expect([await writer.type("a"), await writer.type("b"), await writer.type("c")]).toEqual([1, 2, 3]);
  writer.speaker.hangUp();
  const { generation } = writer;
  const resumed = await Speaker.open(url, documentName, { generation, resumeFrom: 3 });
  expect((await resumed.hears("synced")).seq).toBe(3);
  expect(resumed.countOf("update")).toBe(0);
});

test("what was not acknowledged is sent again after a resume; a question that follows carries a state vector", async () => {
  const { url } = await serve();
  const writer = await Writer.open(url);
  await writer.type("a");
  writer.speaker.hangUp();
  writer.doc.getText("text").insert(0, "lost on the way ");
  const before = Y.encodeStateVector(writer.doc);
  writer.doc.getText("text").insert(0, "again ");
  const { generation } = writer;
  const resumed = await Speaker.open(url, documentName, { generation, resumeFrom: 1 });
  const { room } = await resumed.hears("opened");
  resumed.say({ type: "update", room, n: 1, update: Y.encodeStateAsUpdate(writer.doc, before) });
  const { stateVector } = await resumed.hears("opened", (opened) => opened.stateVector.length > 0);
  resumed.say({ type: "update", room, n: 2, update: Y.encodeStateAsUpdate(writer.doc, stateVector) });
  await resumed.hears("ack", ({ n, level }) => n === 2 && level === 2);
  expect(await freshText(url)).toBe("again lost on the way a");
});

test("one connection that cannot resume opens the document again with what it has", async () => {
  const { url } = await serve();
  const writer = await Writer.open(url);
  await writer.type("a");
  const { generation } = writer;
  const speaker = await Speaker.open(url, documentName, { generation, resumeFrom: 2 });
  expect((await speaker.hears("refused")).code).toBe(closeCodes.cannotResume);
  const open = { requestId: 2, documentName, token: "", clientId: 9, generation } as const;
  speaker.say({
    type: "open",
    ...open,
    have: { kind: "state-vector", stateVector: Y.encodeStateVector(new Y.Doc()) },
  });
  expect((await speaker.hears("opened")).requestId).toBe(2);
  expect((await speaker.hears("synced")).seq).toBe(1);
  expect(speaker.countOf("close")).toBe(0);
});

test("a log that was folded into a snapshot, another generation, and none: each is refused with its code", async () => {
  const server = await serve({ compactAboveBytes: 1_000 });
  const { url } = server;
  const writer = await Writer.open(url);
  const { generation } = writer;
  const refused = async (options: SpeakerOptions) =>
    (await (await Speaker.open(url, documentName, options)).hears("refused")).code;

  for (let edit = 0; edit < 50; edit++) await writer.type("some words ");
  while ((await server.documents.inspect(documentName)).coveredSeq < 2) await writer.type("more ");
  expect(await refused({ generation, resumeFrom: 1 })).toBe(closeCodes.cannotResume);
  expect(await refused({ generation, resumeFrom: 10_000 })).toBe(closeCodes.cannotResume);
  expect(await refused({ generation: "another", resumeFrom: 1 })).toBe(closeCodes.generationMismatch);
  expect(await refused({ generation: "", resumeFrom: 1 })).toBe(closeCodes.protocolError);

  await server.documents.import(documentName, [Y.encodeStateAsUpdate(writer.doc)], { replace: true });
  expect(await refused({ generation, resumeFrom: 1 })).toBe(closeCodes.generationMismatch);
});

test("entries that are sent together are claimed with the last of their updates, in the last frame", async () => {
  const { url } = await serve();
  const writer = await Writer.open(url);
  await writer.type("small ");
  await writer.type("x".repeat(60_000));
  expect(await writer.type("x".repeat(1_030_000))).toBe(3);
  const { generation } = writer;
  const reader = await Speaker.open(url, documentName, { clientId: 8, generation, resumeFrom: 1 });
  await reader.hears("synced");
  const frames = reader.frames.filter((frame) => frame.some(({ type }) => type === "update"));
  const ns = frames.map((frame) => frame.map((message) => (message.type === "update" ? message.n : -1)));
  expect(ns).toEqual([[1], [3]]);
});

test("a server that is killed and started again is resumed from, and nobody lacks anything", async () => {
  const data = await tempDirectory();
  const first = await startServerProcess(data);
  const [one, other] = [await Writer.open(first.url, { clientId: 1 }), await Speaker.open(first.url, documentName)];
  let seq = 0;
  for (let edit = 0; edit < 30; edit++) seq = await one.type(`${edit} `);
  // One more that may be on disk when the process dies, or not.
  one.doc.getText("text").insert(0, "last ");
  one.send(Y.encodeStateAsUpdate(one.doc));
  await other.hears("update", ({ n }) => n >= 20);
  const claimed = Math.max(...updatesIn(other).map(({ n }) => n));
  const doc = new Y.Doc();
  for (const { update } of updatesIn(other)) Y.applyUpdate(doc, update);
  await first.stop("SIGKILL");

  const second = await startServerProcess(data);
  onTestFinished(() => void second.stop("SIGKILL"));
  const { generation } = one;
  const author = await Speaker.open(second.url, documentName, { clientId: 1, generation, resumeFrom: seq });
  const { room } = await author.hears("opened");
  author.say({ type: "update", room, n: 1, update: Y.encodeStateAsUpdate(one.doc) });
  await author.hears("ack", ({ level }) => level === 2);
  const reader = await Speaker.open(second.url, documentName, { generation, resumeFrom: claimed });
  await reader.hears("synced");
  expect((await reader.hears("opened")).stateVector).toHaveLength(0);
  for (const { update } of updatesIn(reader)) Y.applyUpdate(doc, update);
  expect(doc.getText("text").toString()).toBe(one.doc.getText("text").toString());
  expect(await freshText(second.url)).toBe(doc.getText("text").toString());
});
