/** Who is shown to whom, and as what: over real sockets, with the clients that people use, and with some that lie. */
import { closeCodes, decodeAwarenessUpdate, encodeAwarenessUpdate } from "@syncline/protocol";
import { MemoryStorage, startServer, type ServerOptions } from "@syncline/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { Awareness } from "y-protocols/awareness";
import { WebsocketProvider as Provider1 } from "y-websocket-1";
import { WebsocketProvider as Provider2 } from "y-websocket-2";
import { WebsocketProvider as Provider3 } from "y-websocket";
import * as Y from "yjs";
import { synced, synclineClient, untilPresence } from "../support/clients.js";
import { serve, stock } from "../support/door.js";
import { Speaker } from "../support/speaker.js";

async function openServer(options: ServerOptions = {}): Promise<string> {
  const server = await startServer({ port: 0, data: new MemoryStorage(), ...options });
  onTestFinished(() => server.close());
  return server.url;
}

const person = (name: string) => ({ user: { name } });
const nameOf = (state: unknown) => (state as { user?: { name?: string } } | undefined)?.user?.name;

/** The names that `awareness` shows of others. */
const namesIn = (awareness: Awareness) =>
  [...awareness.getStates()].filter(([id]) => id !== awareness.clientID).map(([, state]) => nameOf(state));

const seesNames = (awareness: Awareness, ...names: string[]) =>
  untilPresence(awareness, () => JSON.stringify(namesIn(awareness).toSorted()) === JSON.stringify(names.toSorted()));

/** What a test says as the syncline client `clientId`. */
async function speaks(url: string, clientId: number, token = "") {
  const speaker = await Speaker.open(url, "doc", { clientId, token });
  const { room } = await speaker.hears("opened");
  const say = (id: number, clock: number, state: unknown) => {
    const update = encodeAwarenessUpdate([{ clientId: id, clock, state: JSON.stringify(state) }]);
    speaker.say({ type: "awareness", room, update });
  };
  const sayBytes = (update: Uint8Array) => speaker.say({ type: "awareness", room, update });
  return { speaker, say, sayBytes };
}

/** Everything that `speaker` was told of `clientId`. */
const toldOf = ({ heard }: Speaker, clientId: number) =>
  heard.flatMap((message) =>
    message.type === "awareness"
      ? decodeAwarenessUpdate(message.update).filter((entry) => entry.clientId === clientId)
      : [],
  );

const hearsOf = (speaker: Speaker, clientId: number, fits: (state: string) => boolean) =>
  speaker.hears("awareness", ({ update }) =>
    decodeAwarenessUpdate(update).some((entry) => entry.clientId === clientId && fits(entry.state)),
  );

type StockProvider = typeof Provider3;
const stockProviders: Record<string, StockProvider> = {
  "y-websocket 1.5": Provider1 as unknown as StockProvider,
  "y-websocket 2.1": Provider2 as unknown as StockProvider,
  "y-websocket 3.1": Provider3,
};

describe.each(Object.keys(stockProviders))("two tabs of one browser with %s", (name) => {
  const Provider = stockProviders[name] as StockProvider;

  /** As in a browser: what one says, the others of this process hear at once, and repeat. */
  function openTab(url: string, user: string): InstanceType<StockProvider> {
    const provider = new Provider(url, "doc", new Y.Doc(), {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    onTestFinished(() => {
      provider.destroy();
      provider.awareness.destroy();
    });
    provider.awareness.setLocalState(person(user));
    return provider;
  }

  test("are shown both, whichever of them says first what the other is", async () => {
    const url = await openServer();
    const { awareness } = synclineClient(url, "doc").provider;
    const first = openTab(url, "first");
    await seesNames(awareness, "first");
    const vanished: number[] = [];
    awareness.on("change", ({ removed }: { removed: number[] }) => vanished.push(...removed));
    // The first tab hears of it, and repeats it, before the second one's socket is open.
    const second = openTab(url, "second");
    expect(first.awareness.getStates().has(second.awareness.clientID)).toBe(true);
    await seesNames(awareness, "first", "second");
    second.awareness.setLocalState(person("second moved"));
    await seesNames(awareness, "first", "second moved");
    expect(vanished).toEqual([]);
    second.destroy();
    await seesNames(awareness, "first");
    first.awareness.setLocalState(person("first stays"));
    await seesNames(awareness, "first stays");
    expect(vanished).toEqual([second.awareness.clientID]);
  });
});

test("a person whose socket is half dead is shown under the next one at once, and nobody sees them go", async () => {
  const { url } = await serve({ ann: { access: "write", subject: "ann" }, bob: { access: "write", subject: "bob" } });
  const [watcher, old] = [await speaks(url, 1, "bob"), await speaks(url, 5, "ann")];
  old.say(5, 1, { at: "old" });
  await hearsOf(watcher.speaker, 5, (state) => state.includes("old"));
  const back = await speaks(url, 5, "ann");
  back.say(5, 1, { at: "old" });
  back.say(5, 2, { at: "new" });
  await hearsOf(watcher.speaker, 5, (state) => state.includes("new"));
  old.speaker.hangUp();
  await old.speaker.closed;
  back.say(5, 3, { at: "end" });
  await hearsOf(watcher.speaker, 5, (state) => state.includes("end"));
  expect(toldOf(watcher.speaker, 5).map(({ state }) => state)).not.toContain("null");
});

test("a stock client that nobody knows and that comes back beside its dead socket is shown when that is given up", async () => {
  const url = await openServer();
  const doc = new Y.Doc();
  const { awareness } = synclineClient(url, "doc").provider;
  const dead = await speaks(url, doc.clientID);
  dead.say(doc.clientID, 1, person("before"));
  await seesNames(awareness, "before");
  const back = stock(url, "doc", "", doc);
  back.provider.awareness.setLocalState(person("after"));
  await synced(back);
  dead.speaker.hangUp();
  await seesNames(awareness, "after");
});

test("a client that goes on under another id is not seen twice", async () => {
  const url = await openServer();
  const [watcher, changing] = [await speaks(url, 1), await speaks(url, 5)];
  changing.say(5, 1, { n: 1 });
  await hearsOf(watcher.speaker, 5, (state) => state !== "null");
  changing.say(6, 1, { n: 2 });
  await hearsOf(watcher.speaker, 6, (state) => state !== "null");
  await hearsOf(watcher.speaker, 5, (state) => state === "null");
});

test("others are shown the user of a client's token, and the client never hears of it", async () => {
  const { url } = await serve({
    ann: { access: "write", subject: "ann", user: { name: "Ann" } },
    bob: { access: "write", subject: "bob" },
  });
  const [liar, watcher] = [stock(url, "doc", "ann"), stock(url, "doc", "bob")];
  await Promise.all([liar, watcher].map(synced));
  const said = { user: { name: "The administrator", color: "#ff0000" }, cursor: 1 };
  liar.provider.awareness.setLocalState(said);
  await seesNames(watcher.provider.awareness, "Ann");
  const shown = watcher.provider.awareness.getStates().get(liar.doc.clientID);
  expect(shown).toEqual({ user: { name: "Ann", color: "#ff0000" }, cursor: 1 });
  watcher.provider.awareness.setLocalState(person("Bob"));
  await seesNames(liar.provider.awareness, "Bob");
  expect(liar.provider.awareness.getLocalState()).toEqual(said);
});

test("what cannot be shown is not, its author stays, and others see the last that could be", async () => {
  const url = await openServer();
  const [watcher, author] = [await speaks(url, 1), await speaks(url, 5)];
  const deep = `${'{"a":'.repeat(20)}1${"}".repeat(20)}`;
  author.say(5, 1, { n: 1 });
  author.say(5, 2, { text: "x".repeat(5_000) });
  author.sayBytes(encodeAwarenessUpdate([{ clientId: 5, clock: 3, state: deep }]));
  author.sayBytes(encodeAwarenessUpdate([{ clientId: 5, clock: 4, state: "[]" }]));
  author.sayBytes(encodeAwarenessUpdate([{ clientId: 5, clock: 2 ** 32 + 1, state: "{}" }]));
  author.sayBytes(encodeAwarenessUpdate([{ clientId: 5, clock: 5, state: '{"__proto__":{"n":2},"n":1,"n":3}' }]));
  await hearsOf(watcher.speaker, 5, (state) => state === '{"n":3}');
  expect(toldOf(watcher.speaker, 5).every(({ state }) => ['{"n":1}', '{"n":3}'].includes(state))).toBe(true);
});

test.each([
  ["one entry more than there is", [2, 5, 1, 2, 0x7b, 0x7d]],
  ["a state that is not UTF-8", [1, 5, 1, 3, 0x22, 0xff, 0x22]],
  ["a number in more bytes than it needs", [1, 0x85, 0, 1, 2, 0x7b, 0x7d]],
])("presence that is malformed, %s, closes with 4400, and disturbs nobody", async (_, bytes) => {
  const url = await openServer();
  const [watcher, author, other] = [await speaks(url, 1), await speaks(url, 5), await speaks(url, 6)];
  author.sayBytes(Uint8Array.from(bytes));
  expect(await author.speaker.closed).toBe(closeCodes.protocolError);
  other.say(6, 1, { still: "here" });
  await hearsOf(watcher.speaker, 6, (state) => state.includes("here"));
  expect(toldOf(watcher.speaker, 5)).toEqual([]);
});

test("of a flood the last arrives exactly, and what another says meanwhile as well", async () => {
  const url = await openServer();
  const [watcher, flooding, quiet] = [await speaks(url, 1), await speaks(url, 5), await speaks(url, 6)];
  for (let clock = 1; clock <= 2_000; clock++) flooding.say(5, clock, { clock });
  quiet.say(6, 1, { quiet: true });
  await hearsOf(watcher.speaker, 5, (state) => state === '{"clock":2000}');
  await hearsOf(watcher.speaker, 6, (state) => state === '{"quiet":true}');
  // 20 and the last, and a few more where reading 2,000 messages takes long.
  expect(toldOf(watcher.speaker, 5).length).toBeLessThan(500);
});

test("who is one too many in a document is not shown, and is when somebody has left", async () => {
  const url = await openServer({ limits: { maxPresenceStatesPerRoom: 2 } });
  const watcher = await speaks(url, 1);
  const [first, second, third] = [await speaks(url, 5), await speaks(url, 6), await speaks(url, 7)];
  first.say(5, 1, { n: 1 });
  await hearsOf(watcher.speaker, 5, (state) => state !== "null");
  second.say(6, 1, { n: 1 });
  await hearsOf(watcher.speaker, 6, (state) => state !== "null");
  third.say(7, 1, { n: 1 });
  third.speaker.say({ type: "ping", n: 1 });
  await third.speaker.hears("pong");
  first.speaker.hangUp();
  await hearsOf(watcher.speaker, 5, (state) => state === "null");
  third.say(7, 2, { n: 2 });
  await hearsOf(watcher.speaker, 7, () => true);
  expect(toldOf(watcher.speaker, 7).map(({ state }) => state)).toEqual(['{"n":2}']);
});
