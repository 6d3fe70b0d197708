/** A server that stops: clients are told when to come back, then what was kept, then they are closed. */
import { synclinePath } from "@syncline/protocol";
import { MemoryStorage, startServer, type AppendEntry, type ServerOptions } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { Speaker } from "../support/speaker.js";

/** Appends when it is let to. */
class GatedStorage extends MemoryStorage {
  readonly #gate: Promise<void>;
  open: () => void = () => undefined;

  constructor() {
    super();
    this.#gate = new Promise((resolve) => (this.open = resolve));
  }

  override async append(entries: readonly AppendEntry[]): Promise<number[]> {
    await this.#gate;
    return super.append(entries);
  }
}

async function serve(options: Partial<ServerOptions> = {}) {
  const data = new GatedStorage();
  const server = await startServer({ port: 0, ...options, data });
  onTestFinished(() => {
    data.open();
    return server.close();
  });
  return { server, url: server.url, data };
}

function oneEdit(): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "x");
  return Y.encodeStateAsUpdate(doc);
}

test("who has edits on the way to the disk hears goaway first, then their ack, then 4503", async () => {
  const { server, url, data } = await serve();
  const speaker = await Speaker.open(url, "d");
  const { room } = await speaker.hears("opened");
  speaker.say({ type: "update", room, n: 1, update: oneEdit() }, { type: "ping", n: 1 });
  await speaker.hears("pong");
  const closed = server.close();
  expect(await speaker.hears("goaway")).toEqual({
    type: "goaway",
    reconnectAfterMs: 500,
    reason: "the server is shutting down; it will be back",
  });
  // It is not read any more, and not closed either.
  speaker.say({ type: "ping", n: 2 });
  data.open();
  await speaker.hears("ack", ({ level }) => level === 2);
  expect(await speaker.closed).toBe(4503);
  await closed;
  const order = speaker.heard.map(({ type }) => type).filter((type) => ["goaway", "ack"].includes(type));
  expect(order).toEqual(["goaway", "ack"]);
  expect(speaker.countOf("pong")).toBe(1);
});

test("the more clients there are, the longer the time over which they come back", async () => {
  const { server, url } = await serve({ limits: { reconnectsPerSecond: 2 } });
  const speakers = await Promise.all(["a", "b", "c"].map((name) => Speaker.open(url, name)));
  await Promise.all(speakers.map((speaker) => speaker.hears("opened")));
  void server.close();
  for (const speaker of speakers) {
    expect(await speaker.hears("goaway")).toMatchObject({ reconnectAfterMs: 1500 });
    expect(await speaker.closed).toBe(4503);
  }
});

test("who has not said hello yet, and who speaks the other dialect, is closed without a word", async () => {
  const { server, url } = await serve();
  const [silent, stock] = [new WebSocket(url + synclinePath), new WebSocket(`${url}/d`)];
  const codes = [silent, stock].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  const isOpen = new Promise((resolve) => silent.once("open", resolve));
  // The document's state vector.
  await new Promise((resolve) => stock.once("message", resolve));
  await isOpen;
  const heard: unknown[] = [];
  for (const socket of [silent, stock]) socket.on("message", (frame) => heard.push(frame));
  await server.close();
  expect(await Promise.all(codes)).toEqual([4503, 4503]);
  expect(heard).toEqual([]);
});
