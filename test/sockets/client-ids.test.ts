/**
 * Yjs client ids belong to persons: nobody can write in the name of one who is away, and so have what that one writes offline
 * taken for known when it comes back. In both dialects, also when the room was unloaded or the server restarted meanwhile.
 */
import { SynclineProvider, type RejectedUpdate } from "@syncline/client";
import { encodeYWebsocketMessage } from "@syncline/protocol";
import { MemoryStorage, startServer, type Authorize, type ServerOptions, type SynclineServer } from "@syncline/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { buildUpdate, contents } from "../fixtures/update-builder.js";
import { synced, until, untilPresence, whenConnectionCloses, type Client } from "../support/clients.js";
import { LogLines } from "../support/faulty-server.js";
import { Speaker } from "../support/speaker.js";
import { tempDirectory } from "../support/temp-directory.js";

const documentName = "plan";

type Dialect = "syncline" | "y-websocket";

/** Tokens are `person/device`; without one nobody knows who it is. */
const authorize: Authorize = ({ token }) => {
  const [subject] = token.split("/");
  return subject ? { access: "write", subject } : { access: "write" };
};

interface World {
  server: SynclineServer;
  readonly url: string;
  readonly log: LogLines;
  readonly restart: () => Promise<void>;
  readonly refusedCount: () => Promise<number>;
  readonly roomCount: () => Promise<number>;
}

async function serve(options: Partial<ServerOptions> = {}): Promise<World> {
  const log = new LogLines();
  const data = options.data ?? (await tempDirectory());
  const start = (port: number) =>
    startServer({ data, logger: log, authorize, fsync: false, limits: { unloadAfterMs: 0 }, ...options, port });
  const server = await start(0);
  const { port, url } = server;
  const metric = async (pattern: RegExp) => {
    const text = await (await fetch(`${world.url.replace("ws", "http")}/metrics`)).text();
    return Number(pattern.exec(text)?.[1] ?? NaN);
  };
  const world: World = {
    server,
    url,
    log,
    restart: async () => {
      await world.server.close();
      world.server = await start(port);
    },
    refusedCount: () => metric(/^syncline_refusals_total\{kind="client-id"\} (\d+)$/m),
    roomCount: () => metric(/^syncline_rooms (\d+)$/m),
  };
  onTestFinished(() => world.server.close());
  return world;
}

interface Person extends Client {
  /** What the server said to what it may not do: the code, and the reason where the dialect has room for it. */
  readonly refused: Promise<number>;
}

function join(dialect: Dialect, { url }: World, token: string | (() => string), doc = new Y.Doc()): Person {
  return dialect === "syncline" ? joinWithSdk(url, token, doc) : joinWithStock(url, token, doc);
}

function joinWithSdk(url: string, token: string | (() => string), doc: Y.Doc): Person {
  const provider = new SynclineProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket,
    maxBackoffTime: 200,
    token,
  });
  const destroy = () => provider.destroy();
  onTestFinished(destroy);
  const refused = new Promise<number>((resolve) =>
    provider.once("rejected", ({ code }: RejectedUpdate) => resolve(code)),
  );
  return { doc, text: doc.getText("text"), provider, destroy, refused };
}

function joinWithStock(url: string, token: string | (() => string), doc: Y.Doc): Person {
  const provider = new WebsocketProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
    maxBackoffTime: 200,
    params: { token: typeof token === "string" ? token : token() },
  });
  const destroy = () => {
    provider.destroy();
    provider.awareness.destroy();
  };
  onTestFinished(destroy);
  const refused = new Promise<number>((resolve) =>
    whenConnectionCloses(provider, (code) => {
      if (code === 4403) resolve(code);
    }),
  );
  return { doc, text: doc.getText("text"), provider, destroy, refused };
}

/** What somebody finds who opens the document now. */
async function found(world: World, token = "reader"): Promise<string> {
  const reader = join("y-websocket", world, token);
  await synced(reader);
  const text = reader.text.toString();
  reader.destroy();
  return text;
}

async function untilFound(world: World, text: string): Promise<void> {
  await expect.poll(() => found(world), { timeout: 30_000 }).toBe(text);
}

/** What an attacker makes of the document as everybody knows it, and where the victim's clock is in that. */
const attacks: Record<string, (victim: number, clock: number, known: Y.Doc) => Uint8Array> = {
  "structs that are garbage": (victim, clock) =>
    buildUpdate([{ client: victim, clock, structs: [{ content: contents.gc(50) }] }]),
  "a struct that is deleted": (victim, clock) =>
    buildUpdate([{ client: victim, clock, structs: [{ content: contents.deleted(50) }] }]),
  text: (victim, _clock, known) => {
    const forger = new Y.Doc();
    Y.applyUpdate(forger, Y.encodeStateAsUpdate(known));
    const before = Y.encodeStateVector(forger);
    forger.clientID = victim;
    forger.getText("text").insert(0, "something else, of just about any length");
    return Y.encodeStateAsUpdate(forger, before);
  },
  "deletions of what is yet to come": (victim, clock) =>
    buildUpdate([], [{ client: victim, ranges: [{ clock, length: 50 }] }]),
  "structs further on": (victim, clock) =>
    buildUpdate([{ client: victim, clock: clock + 3, structs: [{ content: contents.gc(50) }] }]),
};

async function forged(world: World, attack: string, victim: Client): Promise<Uint8Array> {
  const reader = join("y-websocket", world, "mallory/reader");
  await synced(reader);
  const { clientID } = victim.doc;
  const update = attacks[attack]?.(clientID, Y.getState(reader.doc.store, clientID), reader.doc);
  reader.destroy();
  if (!update) throw new Error(`no attack is called ${attack}`);
  return update;
}

/** The code with which the server answers `update`, which no replica applies first. */
async function answerTo(dialect: Dialect, { url }: World, token: string, update: Uint8Array): Promise<number> {
  if (dialect === "y-websocket") {
    const socket = new WebSocket(`${url}/${documentName}?token=${token}`);
    onTestFinished(() => socket.terminate());
    socket.once("open", () => socket.send(encodeYWebsocketMessage({ type: "update", update })));
    return new Promise((resolve) => socket.once("close", resolve));
  }
  const speaker = await Speaker.open(url, documentName, { token });
  const { room } = await speaker.hears("opened");
  speaker.say({ type: "update", room, n: 1, update });
  const { code } = await speaker.hears("reject");
  speaker.hangUp();
  return code;
}

/** The victim is away, and has typed; then the attacker sends `attack`, is refused, and the victim comes back. */
async function strike(world: World, dialect: Dialect, attack: string, meanwhile: (world: World) => Promise<void>) {
  const victim = join(dialect, world, "alice/desk");
  await synced(victim);
  victim.text.insert(0, "here ");
  await untilFound(world, "here ");
  victim.provider.disconnect();
  victim.text.insert(5, "offline ");
  await meanwhile(world);
  expect(await answerTo(dialect, world, "mallory", await forged(world, attack, victim))).toBe(4403);
  victim.provider.connect();
  victim.text.insert(13, "back");
  await untilFound(world, "here offline back");
  expect(victim.text.toString()).toBe("here offline back");
  expect(await world.refusedCount()).toBeGreaterThan(0);
}

/** The author writes, goes offline and writes on; what that was reaches the server by somebody else, who has it from the author. */
async function carries(carrier: Person, author: Person): Promise<void> {
  await Promise.all([synced(author), synced(carrier)]);
  author.text.insert(0, "here");
  await until(carrier.doc, () => carrier.text.length === 4);
  author.provider.disconnect();
  author.text.insert(4, " offline");
  Y.applyUpdate(carrier.doc, Y.encodeStateAsUpdate(author.doc));
}

/** Others see it: that is what tells an attacker its id. */
async function isSeenBy(other: Person, { doc, provider }: Person): Promise<void> {
  provider.awareness.setLocalStateField("user", { name: "Alice" });
  await untilPresence(other.provider.awareness, () => other.provider.awareness.getStates().has(doc.clientID));
}

const unloaded = async (world: World) => {
  await expect.poll(() => world.roomCount(), { timeout: 30_000 }).toBe(0);
};
const restarted = (world: World) => world.restart();
const nothing = () => Promise.resolve();

describe.each<Dialect>(["syncline", "y-websocket"])("in the %s dialect", (dialect) => {
  test.each(Object.keys(attacks))(
    "nobody can have what another writes offline be lost by sending %s",
    async (attack) => {
      await strike(await serve(), dialect, attack, nothing);
    },
  );

  test("not after the room was unloaded either", async () => {
    await strike(await serve(), dialect, "structs that are garbage", unloaded);
  });

  test("nor after the server was restarted", async () => {
    await strike(await serve(), dialect, "structs that are garbage", restarted);
  });

  test("nor when the victim had only opened the document, before the server was restarted", async () => {
    const world = await serve();
    const other = join("syncline", world, "bob");
    await synced(other);
    other.text.insert(0, "bob's. ");
    await untilFound(world, "bob's. ");
    const victim = join(dialect, world, "alice");
    await synced(victim);
    await isSeenBy(other, victim);
    victim.provider.disconnect();
    other.destroy();
    await unloaded(world);
    await world.restart();
    victim.text.insert(7, "alice's.");
    const attack = await forged(world, "structs that are garbage", victim);
    expect(await answerTo(dialect, world, "mallory", attack)).toBe(4403);
    victim.provider.connect();
    await untilFound(world, "bob's. alice's.");
  });

  test("nor when the document was never written, and the room was unloaded", async () => {
    const world = await serve();
    const other = join("syncline", world, "mallory");
    const victim = join(dialect, world, "alice");
    await Promise.all([synced(other), synced(victim)]);
    await isSeenBy(other, victim);
    victim.provider.disconnect();
    victim.text.insert(0, "alice's.");
    other.destroy();
    // More than once: what was handed to a room comes back from it.
    for (let n = 1; n <= 2; n++) {
      await unloaded(world);
      const attack = await forged(world, "structs that are garbage", victim);
      expect(await answerTo(dialect, world, "mallory", attack)).toBe(4403);
    }
    await unloaded(world);
    victim.provider.connect();
    await untilFound(world, "alice's.");
    victim.provider.disconnect();
    victim.text.insert(8, " hers.");
    // It is on disk now, with what was written.
    await world.restart();
    expect(await answerTo(dialect, world, "mallory", await forged(world, "text", victim))).toBe(4403);
    victim.provider.connect();
    await untilFound(world, "alice's. hers.");
  });

  test("who has no token that says who it is may not write under somebody's id either", async () => {
    const world = await serve();
    const victim = join(dialect, world, "alice");
    await synced(victim);
    victim.text.insert(0, "alice's");
    await untilFound(world, "alice's");
    expect(await answerTo(dialect, world, "", await forged(world, "text", victim))).toBe(4403);
    expect(await found(world)).toBe("alice's");
  });

  test("what one device of a person has written may come with another", async () => {
    const world = await serve();
    const desk = join(dialect, world, "alice/desk");
    await synced(desk);
    desk.text.insert(0, "desk");
    await untilFound(world, "desk");
    desk.provider.disconnect();
    desk.text.insert(4, " offline");
    const phone = join(dialect, world, "alice/phone");
    await synced(phone);
    Y.applyUpdate(phone.doc, Y.encodeStateAsUpdate(desk.doc));
    await untilFound(world, "desk offline");
    desk.text.insert(12, " again");
    desk.provider.connect();
    await untilFound(world, "desk offline again");
    expect(await world.refusedCount()).toBe(0);
  });

  test("what others have written offline may not, but that is said, not dropped", async () => {
    const world = await serve();
    const [alice, bob] = [join(dialect, world, "alice"), join(dialect, world, "bob")];
    await carries(bob, alice);
    expect(await bob.refused).toBe(4403);
    expect(await found(world)).toBe("here");
    alice.provider.connect();
    await untilFound(world, "here offline");
  });

  test('with `clientIds: "log"` it is taken and counted', async () => {
    const world = await serve({ clientIds: "log" });
    await carries(join(dialect, world, "bob"), join(dialect, world, "alice"));
    await untilFound(world, "here offline");
    expect(await world.refusedCount()).toBeGreaterThan(0);
    expect(world.log.having(/refused.*client-id/).length).toBe(1);
  });

  test("where nobody says who they are everything is taken, and nothing counted", async () => {
    const world = await serve({ authorize: () => ({ access: "write" }), data: new MemoryStorage() });
    const one = join(dialect, world, "");
    await carries(join(dialect, world, ""), one);
    await untilFound(world, "here offline");
    one.provider.connect();
    one.text.insert(12, " and back");
    await untilFound(world, "here offline and back");
    expect(await world.refusedCount()).toBe(0);
  });
});

test("an id is somebody's from when the document is opened with it, without presence and before anything is written", async () => {
  const world = await serve();
  const victim = await Speaker.open(world.url, documentName, { clientId: 77, token: "alice" });
  await victim.hears("opened");
  const attack = buildUpdate([{ client: 77, clock: 0, structs: [{ content: contents.gc(50) }] }]);
  expect(await answerTo("syncline", world, "mallory", attack)).toBe(4403);
});

test("who opens a document once for each id in it, of an earlier format or imported, owns none of them by that", async () => {
  const world = await serve();
  const [alice, bob] = [new Y.Doc(), new Y.Doc()];
  alice.getText("text").insert(0, "alice");
  Y.applyUpdate(bob, Y.encodeStateAsUpdate(alice));
  bob.getText("text").insert(5, " bob");
  await world.server.documents.import(documentName, [Y.encodeStateAsUpdate(bob)]);
  for (const { clientID } of [alice, bob]) {
    const mallory = await Speaker.open(world.url, documentName, { clientId: clientID, token: "mallory" });
    await mallory.hears("opened");
    mallory.hangUp();
  }
  await unloaded(world);
  for (const [token, doc] of [
    ["alice", alice],
    ["bob", bob],
  ] as const) {
    const owner = join("syncline", world, token, doc);
    await synced(owner);
    owner.text.insert(owner.text.length, ` and ${token}`);
  }
  await untilFound(world, "alice bob and alice and bob");
  const victim = { doc: alice } as Client;
  expect(await answerTo("syncline", world, "mallory", await forged(world, "text", victim))).toBe(4403);
});

test("a person whose token changes goes on writing under the same id", async () => {
  const world = await serve();
  let tokenCount = 0;
  const alice = joinWithSdk(world.url, () => `alice/token ${++tokenCount}`, new Y.Doc());
  await synced(alice);
  for (let n = 1; n <= 3; n++) {
    alice.text.insert(alice.text.length, `${n}`);
    await untilFound(world, "123".slice(0, n));
    alice.provider.disconnect();
    alice.provider.connect();
    await synced(alice);
  }
  expect(tokenCount).toBeGreaterThan(2);
  expect(await world.refusedCount()).toBe(0);
});

test("another person at the same page, with the same document, does not write under the id of the one before", async () => {
  const world = await serve();
  const alice = join("syncline", world, "alice");
  await synced(alice);
  alice.text.insert(0, "alice");
  await untilFound(world, "alice");
  alice.destroy();
  const bob = join("syncline", world, "bob", alice.doc);
  await synced(bob);
  bob.text.insert(5, " and bob");
  expect(await bob.refused).toBe(4403);
  expect(await found(world)).toBe("alice");
});

test("what was imported is nobody's: whoever first says so may go on under its ids", async () => {
  const world = await serve();
  const alice = new Y.Doc();
  alice.getText("text").insert(0, "imported");
  await world.server.documents.import(documentName, [Y.encodeStateAsUpdate(alice)]);
  const owner = join("syncline", world, "alice", alice);
  await synced(owner);
  alice.getText("text").insert(8, " and mine");
  await untilFound(world, "imported and mine");
  expect(await answerTo("syncline", world, "mallory", await forged(world, "text", owner))).toBe(4403);
});
