/** Several connections on one socket, in raw records: to the server each stream is a client like any other. */
import {
  ackLevel,
  closeCodes,
  decodeAwarenessUpdate,
  decodeFrame,
  decodeStreamRecord,
  encodeAwarenessUpdate,
  encodeFrame,
  encodeStreamClose,
  encodeStreamFrame,
  maxStreamsPerSocket,
  sharedSocketPath,
  type Message,
} from "@syncline/protocol";
import { MemoryStorage, startServer, type AppendEntry, type ServerOptions } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { Random } from "../fixtures/random.js";
import { stockClient, synced, until } from "../support/clients.js";
import { Speaker } from "../support/speaker.js";

type MessageOf<Type extends Message["type"]> = Extract<Message, { type: Type }>;
type Close = { readonly code: number; readonly reason: string };

class SharedSocket {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly heard = new Map<number, Message[]>();
  readonly closes = new Map<number, Close>();
  #watchers: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("message", (bytes: Uint8Array) => {
      const record = decodeStreamRecord(Uint8Array.from(bytes));
      if (record.kind === "close") this.closes.set(record.stream, { code: record.code, reason: record.reason });
      else this.heardOn(record.stream).push(...decodeFrame(record.frame));
      for (const look of this.#watchers.splice(0)) look();
    });
  }

  static async open(url: string): Promise<SharedSocket> {
    const socket = new WebSocket(url + sharedSocketPath);
    onTestFinished(() => socket.terminate());
    const shared = new SharedSocket(socket);
    await new Promise((resolve) => socket.once("open", resolve));
    return shared;
  }

  heardOn(stream: number): Message[] {
    const heard = this.heard.get(stream) ?? [];
    this.heard.set(stream, heard);
    return heard;
  }

  say(stream: number, ...messages: readonly Message[]): void {
    this.socket.send(encodeStreamFrame(stream, encodeFrame(messages)));
  }

  /** Opens a document on a stream; the client id is the stream's number. */
  join(stream: number, documentName: string): Promise<MessageOf<"opened">> {
    const have = { kind: "state-vector", stateVector: Uint8Array.of(0) } as const;
    this.say(
      stream,
      { type: "hello", version: 1, token: "", client: "test" },
      { type: "open", requestId: 1, documentName, token: "", clientId: stream, generation: "", have },
    );
    return this.hears(stream, "opened");
  }

  leave(stream: number): void {
    this.socket.send(encodeStreamClose(stream, 0, ""));
  }

  async hears<Type extends Message["type"]>(
    stream: number,
    type: Type,
    fits: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    const isIt = (message: Message): message is MessageOf<Type> =>
      message.type === type && fits(message as MessageOf<Type>);
    await this.sees(() => this.heardOn(stream).some(isIt));
    return this.heardOn(stream).find(isIt) as MessageOf<Type>;
  }

  async closeOf(stream: number): Promise<Close> {
    await this.sees(() => this.closes.has(stream));
    return this.closes.get(stream) as Close;
  }

  async sees(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }
}

/** Appends when it is let to. */
class GatedStorage extends MemoryStorage {
  gate: Promise<void> = Promise.resolve();

  override async append(entries: readonly AppendEntry[]): Promise<number[]> {
    await this.gate;
    return super.append(entries);
  }
}

async function serve(limits: ServerOptions["limits"] = {}, data: MemoryStorage = new MemoryStorage()): Promise<string> {
  const server = await startServer({ port: 0, data, limits });
  onTestFinished(() => server.close());
  return server.url;
}

function textOf(messages: readonly Message[]): string {
  const doc = new Y.Doc();
  for (const message of messages) if (message.type === "update") Y.applyUpdate(doc, message.update);
  return doc.getText("text").toString();
}

function editBy(clientId: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

const presenceOf = (clientId: number, state: string) => encodeAwarenessUpdate([{ clientId, clock: 1, state }]);

/** The last that was said about a client's presence. */
function stateIn(messages: readonly Message[], clientId: number): string | undefined {
  const entries = messages.flatMap((message) =>
    message.type === "awareness" ? decodeAwarenessUpdate(message.update) : [],
  );
  return entries.filter((entry) => entry.clientId === clientId).at(-1)?.state;
}

test("each stream is a client of its own: what one writes is acked to it, and relayed to the others and to other sockets", async () => {
  const url = await serve();
  const shared = await SharedSocket.open(url);
  const { room } = await shared.join(1, "tabs");
  await shared.join(2, "tabs");
  await shared.join(3, "another");
  const plain = await Speaker.open(url, "tabs");
  await Promise.all([shared.hears(2, "synced"), plain.hears("synced")]);
  shared.say(1, { type: "update", room, n: 1, update: editBy(1, "hello") });

  await shared.hears(1, "ack", ({ n, level }) => n === 1 && level === ackLevel.durable);
  await Promise.all([shared.hears(2, "update"), plain.hears("update")]);
  expect([textOf(shared.heardOn(2)), textOf(plain.heard)]).toEqual(["hello", "hello"]);
  const welcomes = [1, 2, 3].map((stream) => shared.heardOn(stream).find(({ type }) => type === "welcome"));
  expect(new Set(welcomes.map((welcome) => (welcome as MessageOf<"welcome">).connectionId)).size).toBe(3);
  const typesOn = (stream: number) => new Set(shared.heardOn(stream).map(({ type }) => type));
  expect(typesOn(1).has("update")).toBe(false);
  expect(typesOn(2).has("ack")).toBe(false);
  expect(typesOn(3)).toEqual(new Set(["welcome", "opened", "synced"]));
});

test("a large document arrives whole on every stream, in frames of its own size", async () => {
  const url = await serve();
  const random = new Random(5);
  const author = stockClient(url, "large");
  await synced(author);
  const paragraph = () => Array.from({ length: 60_000 }, () => String.fromCharCode(97 + random.int(26))).join("");
  for (let i = 0; i < 80; i++) author.text.insert(random.int(author.text.length + 1), paragraph());
  const reader = stockClient(url, "large");
  await until(reader.doc, () => reader.text.length === author.text.length);

  const shared = await SharedSocket.open(url);
  for (const stream of [1, 2]) await shared.join(stream, "large");
  for (const stream of [1, 2]) {
    await shared.hears(stream, "synced");
    expect(textOf(shared.heardOn(stream)) === author.text.toString()).toBe(true);
  }
});

test("the largest message that is worth sending leaves room for the stream's number", async () => {
  const shared = await SharedSocket.open(await serve({ maxFrameBytes: 64 * 1024, maxUpdateBytes: 64 * 1024 }));
  await shared.join(2 ** 40, "sizes");
  const { maxMessageBytes } = await shared.hears(2 ** 40, "welcome");
  const filler = new Uint8Array(maxMessageBytes - 8);
  shared.say(2 ** 40, { type: "awareness", room: 0, update: filler }, { type: "ping", n: 9 });
  await shared.hears(2 ** 40, "pong", ({ n }) => n === 9);
});

test("who breaks the protocol on a stream loses that stream", async () => {
  const shared = await SharedSocket.open(await serve());
  await shared.join(1, "one");
  await shared.join(2, "one");
  shared.say(2, { type: "welcome", version: 1, connectionId: "", heartbeatMs: 1, maxMessageBytes: 1, server: "" });
  expect((await shared.closeOf(2)).code).toBe(closeCodes.protocolError);
  shared.say(1, { type: "ping", n: 4 });
  await shared.hears(1, "pong");
  expect(shared.closes.has(1)).toBe(false);
});

test("a stream that does not say hello is closed with 4508, its neighbour is not", async () => {
  const shared = await SharedSocket.open(await serve({ helloTimeoutMs: 300 }));
  await shared.join(1, "one");
  // A message of a type nobody knows: it opens the stream, and says nothing.
  shared.socket.send(encodeStreamFrame(2, Uint8Array.of(1, 99)));
  expect((await shared.closeOf(2)).code).toBe(closeCodes.tooSlow);
  shared.say(1, { type: "ping", n: 4 });
  await shared.hears(1, "pong");
});

test("the presence of who leaves goes, by stream and with the socket", async () => {
  const url = await serve();
  const watcher = await Speaker.open(url, "people");
  const shared = await SharedSocket.open(url);
  for (const stream of [1, 2, 3]) {
    const { room } = await shared.join(stream, "people");
    shared.say(stream, { type: "awareness", room, update: presenceOf(stream, '{"at":"here"}') });
    await watcher.hears("awareness", () => stateIn(watcher.heard, stream) === '{"at":"here"}');
  }
  shared.leave(1);
  await watcher.hears("awareness", () => stateIn(watcher.heard, 1) === "null");
  expect([2, 3].map((stream) => stateIn(watcher.heard, stream))).toEqual(['{"at":"here"}', '{"at":"here"}']);
  shared.socket.close();
  await watcher.hears("awareness", () => [2, 3].every((stream) => stateIn(watcher.heard, stream) === "null"));
});

test("a number is used once: what comes for a stream that has ended is dropped", async () => {
  const shared = await SharedSocket.open(await serve());
  await shared.join(2, "one");
  await shared.join(5, "one");
  shared.leave(5);
  shared.say(5, { type: "hello", version: 1, token: "", client: "test" });
  shared.say(4, { type: "hello", version: 1, token: "", client: "test" });
  shared.say(2, { type: "ping", n: 1 });
  await shared.hears(2, "pong");
  expect(shared.heardOn(5).filter(({ type }) => type === "welcome")).toHaveLength(1);
  expect(shared.heardOn(4)).toEqual([]);
});

test("a socket has 50 streams; one more is refused with 4529 until another ends", async () => {
  const shared = await SharedSocket.open(await serve());
  const hello = { type: "hello", version: 1, token: "", client: "test" } as const;
  for (let stream = 1; stream <= maxStreamsPerSocket + 1; stream++) shared.say(stream, hello);
  expect((await shared.closeOf(maxStreamsPerSocket + 1)).code).toBe(closeCodes.rateLimited);
  await shared.hears(maxStreamsPerSocket, "welcome");
  expect([...shared.closes.keys()]).toEqual([maxStreamsPerSocket + 1]);
  shared.leave(7);
  shared.say(100, hello);
  await shared.hears(100, "welcome");
});

test.each([
  ["nothing", []],
  ["a kind that is not one", [1, 7]],
  ["half a close", [1, 1, 0]],
])("a record of %s closes the socket with 4400", async (_, bytes) => {
  const shared = await SharedSocket.open(await serve());
  shared.socket.send(Uint8Array.from(bytes));
  expect(await shared.closed).toBe(closeCodes.protocolError);
});

test("a socket without a stream is closed with 4508, at first and after the last has ended", async () => {
  const url = await serve({ helloTimeoutMs: 200 });
  const silent = await SharedSocket.open(url);
  expect(await silent.closed).toBe(closeCodes.tooSlow);
  const left = await SharedSocket.open(url);
  await left.join(1, "one");
  left.leave(1);
  expect(await left.closed).toBe(closeCodes.tooSlow);
});

test("a tab that answers no heartbeat loses its stream, whatever its neighbours say", async () => {
  // Well above the second in which the server looks: a machine that is busy must not skip the ping.
  const shared = await SharedSocket.open(await serve({ heartbeatMs: 2_500 }));
  await shared.join(1, "one");
  await shared.join(2, "one");
  let answered = 0;
  await shared.sees(() => {
    const pings = shared.heardOn(1).filter((message) => message.type === "ping");
    for (const { n } of pings.slice(answered)) shared.say(1, { type: "pong", n });
    answered = pings.length;
    return shared.closes.has(2);
  });
  expect(shared.closes.get(2)?.code).toBe(closeCodes.tooSlow);
  shared.say(1, { type: "ping", n: 77 });
  await shared.hears(1, "pong", ({ n }) => n === 77);
  expect(shared.closes.has(1)).toBe(false);
});

test("a stream that is not read from holds its neighbours up, and none of them is taken for dead", async () => {
  const storage = new GatedStorage();
  const heartbeatMs = 500;
  const shared = await SharedSocket.open(await serve({ heartbeatMs, maxBacklogBytes: 1_000 }, storage));
  const { room } = await shared.join(1, "full");
  await shared.join(2, "empty");
  let open = () => {};
  storage.gate = new Promise((resolve) => (open = resolve));
  // In one record: what arrived together with the update is still answered.
  const update = { type: "update", room, n: 1, update: editBy(1, "x".repeat(5_000)) } as const;
  shared.say(1, update, { type: "ping", n: 5 });
  await shared.hears(1, "pong");
  shared.say(2, { type: "ping", n: 6 });
  const wasHeldUp = shared.hears(2, "pong").then(() => performance.now());
  await new Promise((resolve) => setTimeout(resolve, 6 * heartbeatMs));
  const openedAtMs = performance.now();
  open();
  expect(await wasHeldUp).toBeGreaterThan(openedAtMs);
  await shared.hears(1, "ack", ({ n, level }) => n === 1 && level === ackLevel.durable);
  expect(shared.closes.size).toBe(0);
});
