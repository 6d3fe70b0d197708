/** What applications say to each other in a document: passed on as it is to who is there, bounded, never stored. */
import { closeCodes, eventKind, type EventMessage } from "@syncline/protocol";
import { MemoryStorage, startServer, type ServerOptions } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { diskError } from "../support/faulty-store.js";
import { faultyServer, LogLines } from "../support/faulty-server.js";
import { Speaker } from "../support/speaker.js";

async function serve(options: Partial<ServerOptions> = {}) {
  const log = new LogLines();
  const server = await startServer({ port: 0, data: new MemoryStorage(), logger: log, ...options });
  onTestFinished(() => server.close());
  return { server, url: server.url, log };
}

/** A member of the document, and the room's number. */
async function member(url: string, documentName: string, token = ""): Promise<[speaker: Speaker, room: number]> {
  const speaker = await Speaker.open(url, documentName, { token });
  const { room } = await speaker.hears("synced");
  return [speaker, room];
}

const textEvent = (room: number, text: string): EventMessage => ({
  type: "event",
  room,
  kind: eventKind.text,
  payload: new TextEncoder().encode(text),
});

/** Payloads of the events it has heard, as text. */
const eventsOf = ({ heard }: Speaker) =>
  heard.flatMap((message) => (message.type === "event" ? [new TextDecoder().decode(message.payload)] : []));

/** Resolves when the server has dealt with everything `speaker` said so far. */
async function answered(speaker: Speaker, n: number): Promise<void> {
  speaker.say({ type: "ping", n });
  await speaker.hears("pong", (pong) => pong.n === n);
}

test("it reaches the other members as it is, whatever its kind, in order, and not its author", async () => {
  const { url } = await serve();
  const [[author, room], [ann], [bob]] = [await member(url, "d"), await member(url, "d"), await member(url, "d")];
  const [elsewhere] = await member(url, "another");
  const events: EventMessage[] = [
    textEvent(room, "saluton \u{1f600}"),
    { type: "event", room, kind: eventKind.bytes, payload: Uint8Array.of(0, 255, 128) },
    { type: "event", room, kind: 77, payload: new Uint8Array() },
  ];
  author.say(...events);
  for (const speaker of [ann, bob]) {
    await speaker.hears("event", ({ kind }) => kind === 77);
    expect(speaker.heard.filter(({ type }) => type === "event")).toEqual(events);
  }
  await Promise.all([answered(author, 1), answered(elsewhere, 1)]);
  expect([author.countOf("event"), elsewhere.countOf("event")]).toEqual([0, 0]);
});

test("it is not stored, who comes later does not hear it, and y-websocket clients do not either", async () => {
  const { url, server } = await serve();
  const [author, room] = await member(url, "d");
  const [reader] = await member(url, "d");
  const stock = new WebSocket(`${url}/d`);
  onTestFinished(() => stock.terminate());
  const frames: unknown[] = [];
  stock.on("message", (frame: Uint8Array) => frames.push([...frame]));
  await new Promise((resolve) => stock.once("message", resolve));
  const framesBefore = frames.length;
  author.say(textEvent(room, "now"));
  await reader.hears("event");
  await new Promise((resolve) => {
    stock.once("pong", resolve);
    stock.ping();
  });
  expect(frames).toHaveLength(framesBefore);

  const late = await Speaker.open(url, "d");
  expect(await late.hears("synced")).toMatchObject({ seq: 0 });
  await answered(late, 1);
  expect(late.countOf("event")).toBe(0);
  await expect(server.documents.inspect("d")).rejects.toThrow(/no document/);
});

test("one for a document that its sender does not have open reaches nobody", async () => {
  const { url } = await serve();
  const [, room] = await member(url, "d");
  const [ann] = await member(url, "d");
  const [stranger] = await member(url, "another");
  stranger.say(textEvent(room, "from outside"));
  await answered(stranger, 1);
  await answered(ann, 1);
  expect(ann.countOf("event")).toBe(0);
});

test("readers hear events, and what they send is dropped without a word", async () => {
  const authorize: ServerOptions["authorize"] = ({ token }) => ({ access: token === "reader" ? "read" : "write" });
  const { url } = await serve({ authorize });
  const [[writer, room], [reader]] = [await member(url, "d"), await member(url, "d", "reader")];
  reader.say(textEvent(room, "from a reader"));
  await answered(reader, 1);
  writer.say(textEvent(room, "from a writer"));
  await reader.hears("event");
  await answered(writer, 1);
  expect([eventsOf(writer), eventsOf(reader)]).toEqual([[], ["from a writer"]]);
  expect([reader.countOf("close"), reader.countOf("reject")]).toEqual([0, 0]);
});

test("they go on while the store refuses writes", async () => {
  const { url, store } = await faultyServer();
  const [[author, room], [other]] = [await member(url, "d"), await member(url, "d")];
  store.writes.fail(diskError("ENOSPC"));
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "x");
  author.say({ type: "update", room, n: 1, update: Y.encodeStateAsUpdate(doc) });
  expect(await author.hears("access")).toMatchObject({ access: 1 });
  author.say(textEvent(room, "still here"));
  await other.hears("event");
  expect(eventsOf(other)).toEqual(["still here"]);
});

test("one above 64 KiB costs its sender the document, not the connection, and is not passed on", async () => {
  const { url } = await serve();
  const [[author, room], [other]] = [await member(url, "d"), await member(url, "d")];
  author.say(textEvent(room, "x".repeat(65_536)), textEvent(room, "y".repeat(65_537)), textEvent(room, "z"));
  expect(await author.hears("close")).toEqual({
    type: "close",
    room,
    code: closeCodes.tooLarge,
    reason: "an event of 65537 bytes; at most 65536 are allowed",
  });
  await answered(author, 1);
  await other.hears("event");
  await answered(other, 1);
  expect(eventsOf(other).map((text) => [text[0], text.length])).toEqual([["x", 65_536]]);
});

test("of a flood the first 40 pass, the rest is dropped, and the server's log says so once", async () => {
  const { url, log } = await serve();
  const [[author, room], [other]] = [await member(url, "d"), await member(url, "d")];
  const [quiet] = await member(url, "d");
  // In one frame: no time passes in between.
  author.say(...Array.from({ length: 500 }, (_, i) => textEvent(room, `${i}`)));
  await answered(author, 1);
  await answered(other, 1);
  expect(eventsOf(other).slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}`));
  // And those that a slow machine refilled meanwhile.
  expect(eventsOf(other).length).toBeLessThan(80);
  expect(author.countOf("close")).toBe(0);
  expect(log.having(/more events than it may/)).toMatchObject([{ level: "warn", fields: { documentName: "d" } }]);
  // Others are not held to what one has spent.
  quiet.say(textEvent(room, "quiet"));
  await other.hears("event", ({ payload }) => new TextDecoder().decode(payload) === "quiet");
});

test("limits are the embedder's", async () => {
  const { url } = await serve({ limits: { maxEventBytes: 10, eventBurst: 2, eventsPerSecond: 1 } });
  const [[author, room], [other]] = [await member(url, "d"), await member(url, "d")];
  author.say(...["1", "2", "3", "4"].map((text) => textEvent(room, text)), textEvent(room, "01234567890"));
  expect(await author.hears("close")).toMatchObject({ code: closeCodes.tooLarge });
  await answered(other, 1);
  expect(eventsOf(other)).toEqual(["1", "2"]);
});
