import { maxStreamsPerSocket } from "@syncline/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeOrigin, type FakeTab } from "../../test-support/fake-origin.js";
import { FakeSharedServer } from "../../test-support/fake-shared-server.js";
import { FakeTiming } from "../../test-support/fake-timing.js";
import type { Carrier, CarrierCloseEvent } from "../carrier.js";
import { sharedSocketCarrier } from "./shared-socket.js";

const url = "ws://server/base/.syncline/v1";

class World {
  readonly origin: FakeOrigin;
  readonly server: FakeSharedServer;
  readonly #timings = new Map<FakeTab, FakeTiming>();
  readonly clients: Client[] = [];

  constructor(random?: () => number) {
    this.origin = new FakeOrigin(random);
    this.server = new FakeSharedServer(this.origin);
  }

  open(tab = this.origin.tab()): Client {
    const client = new Client(this, tab);
    this.clients.push(client);
    return client;
  }

  /** A tab's own; what it draws is drawn by no other. */
  timingOf(tab: FakeTab): FakeTiming {
    const timing = this.#timings.get(tab) ?? new FakeTiming();
    this.#timings.set(tab, timing);
    timing.random = () => (this.#drawn += 1e-6);
    return timing;
  }
  #drawn = 0;

  async opened(count: number): Promise<Client[]> {
    const clients = Array.from({ length: count }, () => this.open());
    await this.origin.run();
    return clients;
  }

  get socket() {
    const [socket, ...others] = this.server.sockets;
    if (!socket || others.length > 0) throw new Error(`${this.server.sockets.size} sockets`);
    return socket;
  }

  /** Time passes for all tabs that live, and what comes of it. */
  async pass(ms: number): Promise<void> {
    for (const [tab, timing] of this.#timings) if (!tab.isGone) timing.advance(ms);
    await this.origin.run();
  }

  /** Everything that a tab could leave behind. */
  get remains() {
    const { origin, server } = this;
    const timings = [...this.#timings].filter(([tab]) => !tab.isGone);
    const timers = timings.reduce((count, [, { timerCount }]) => count + timerCount, 0);
    return { locks: origin.lockNames, channels: origin.channels.size, sockets: server.sockets.size, timers };
  }
}

const nothing = { locks: [], channels: 0, sockets: 0, timers: 0 };

/** A connection's use of a carrier: each frame it sends has the next number; they all come back. */
class Client {
  readonly tab: FakeTab;
  readonly heard: number[] = [];
  readonly events: CarrierCloseEvent[] = [];
  sent = 0;
  isOpen = false;
  readonly carrier: Carrier;

  constructor(world: World, tab: FakeTab) {
    this.tab = tab;
    const openSocket = world.server.openSocket(tab);
    const open = sharedSocketCarrier({ openSocket, timing: world.timingOf(tab), scope: tab });
    this.carrier = open(url, {
      onOpen: () => {
        expect(this.isOpen).toBe(false);
        this.isOpen = true;
      },
      onFrame: (frame) => {
        expect([this.isOpen, this.events]).toEqual([true, []]);
        this.heard.push(new DataView(frame.buffer, frame.byteOffset).getUint32(0));
      },
      onError: () => {},
      onClose: (event) => this.events.push(event),
    });
  }

  get isGone(): boolean {
    return this.events.length > 0 || this.tab.isGone;
  }

  send(): void {
    const frame = new Uint8Array(4);
    new DataView(frame.buffer).setUint32(0, this.sent);
    if (this.isOpen) this.sent++;
    this.carrier.send(frame);
  }
}

const firstNumbers = (count: number) => Array.from({ length: count }, (_, number) => number);

test("three tabs use one socket, at the shared path, each by a stream of its own", async () => {
  const world = new World();
  const clients = await world.opened(3);
  for (const client of clients) for (let i = 0; i < 4; i++) client.send();
  await world.origin.run();
  expect(world.server.urls).toEqual(["ws://server/base/.syncline/v1/shared"]);
  expect(clients.map(({ heard }) => heard)).toEqual([firstNumbers(4), firstNumbers(4), firstNumbers(4)]);
  expect(world.socket.streams).toHaveLength(3);
});

test("several connections of one tab share the socket, too", async () => {
  const world = new World();
  const tab = world.origin.tab();
  const clients = [world.open(tab), world.open(tab)];
  await world.origin.run();
  for (const client of clients) client.send();
  await world.origin.run();
  expect(clients.map(({ heard }) => heard)).toEqual([[0], [0]]);
  expect(world.socket.streams).toHaveLength(2);
});

test("a frame sent before the carrier is open, or after it has ended, is dropped", async () => {
  const world = new World();
  const [leader, follower] = [world.open(), world.open()];
  for (const client of [leader, follower]) client.send();
  await world.origin.run();
  expect(world.socket.streams).toEqual([]);
  follower.send();
  follower.carrier.close();
  follower.carrier.send(new Uint8Array(4));
  await world.origin.run();
  expect(world.socket.records.slice(-2).map(({ kind }) => kind)).toEqual(["frame", "close"]);
  expect(follower.events).toEqual([]);
});

test("when the connection that leads closes, its tab keeps the socket for the others until none is left", async () => {
  const world = new World();
  const [leader, follower] = await world.opened(2);
  leader?.carrier.close();
  follower?.send();
  await world.origin.run();
  expect(follower?.heard).toEqual([0]);
  follower?.carrier.close();
  await world.origin.run();
  expect(world.remains).toEqual(nothing);
});

test("when the leader's tab goes, every follower is told at once, and comes back through another", async () => {
  const world = new World();
  const [leader, ...followers] = await world.opened(4);
  leader?.tab.crash();
  if (leader) world.server.drop(leader.tab);
  await world.origin.run();
  for (const { events } of followers) expect(events).toEqual([expect.objectContaining({ code: 1006 })]);
  const returned = await world.opened(3);
  for (const client of returned) client.send();
  await world.origin.run();
  expect(returned.map(({ heard }) => heard)).toEqual([[0], [0], [0]]);
  expect(world.socket.streams).toHaveLength(3);
});

test("a follower hears of a new leader also when it is not the next in line", async () => {
  const world = new World();
  const [leader] = await world.opened(1);
  const impatient = world.origin.tab();
  let isLost = false;
  const openChannel = impatient.openChannel;
  Object.assign(impatient, {
    openChannel: (name: string) => {
      const channel = openChannel(name);
      const post = channel.postMessage.bind(channel);
      channel.postMessage = (message) => {
        const isKnock = typeof message === "object" && message !== null && "knock" in message;
        if (isKnock && !isLost) isLost = true;
        else post(message);
      };
      return channel;
    },
  });
  const next = world.open(impatient);
  await world.origin.run();
  const follower = world.open();
  await world.origin.run();
  expect([isLost, next.isOpen, follower.isOpen]).toEqual([true, false, true]);
  leader?.tab.crash();
  if (leader) world.server.drop(leader.tab);
  await world.origin.run();
  expect(next.isOpen).toBe(true);
  expect(follower.events).toEqual([expect.objectContaining({ code: 1006 })]);
});

test("tabs that come at once lose nobody, and what one says before it leaves arrives", async () => {
  const chances = fc.infiniteStream(fc.nat(999));
  await fc.assert(
    fc.asyncProperty(chances, async (chance) => {
      const world = new World(() => chance.next().value / 1_000);
      const clients = await world.opened(4);
      const { socket } = world;
      for (const client of clients) client.send();
      await world.origin.run();
      for (const client of clients) for (let i = 0; i < 3; i++) client.send();
      const [stays, ...others] = clients.sort((a, b) => Number(b.tab === socket.tab) - Number(a.tab === socket.tab));
      for (const client of others) client.carrier.close();
      await world.origin.run();
      expect(clients.flatMap(({ events }) => events)).toEqual([]);
      expect(socket.records.filter(({ kind }) => kind === "frame")).toHaveLength(16);
      stays?.carrier.close();
      await world.origin.run();
      await world.pass(1_000);
      expect(world.remains).toEqual(nothing);
    }),
    { numRuns: 50 },
  );
});

test("a follower whose tab is killed leaves its stream", async () => {
  const world = new World();
  const [, follower] = await world.opened(2);
  follower?.send();
  await world.origin.run();
  const [stream] = world.socket.streams;
  follower?.tab.crash();
  await world.origin.run();
  await world.pass(1_000);
  expect(world.socket.records.at(-1)).toEqual({ kind: "close", stream, code: 0, reason: "" });
});

test("nothing waits for the last words of a tab that was killed when the socket breaks", async () => {
  const world = new World();
  const [leader, follower] = await world.opened(2);
  follower?.send();
  await world.origin.run();
  follower?.tab.crash();
  await world.origin.run();
  expect(world.remains.timers).toBe(1);
  world.socket.break(1006);
  await world.origin.run();
  expect(leader?.events).toHaveLength(1);
  expect(world.remains).toEqual(nothing);
});

test("a stream the server closes ends that carrier alone, with its code", async () => {
  const world = new World();
  const [leader, follower] = await world.opened(2);
  follower?.send();
  await world.origin.run();
  world.socket.closeStream(world.socket.streams[0] ?? 0, 4403, "not yours");
  await world.origin.run();
  expect(follower?.events).toEqual([{ code: 4403, reason: "not yours" }]);
  expect(leader?.events).toEqual([]);
  expect(world.origin.channels.size).toBe(1);
});

test("a socket that breaks ends all streams with its code and leaves nothing", async () => {
  const world = new World();
  const clients = await world.opened(3);
  world.socket.break(1012, "restart");
  await world.origin.run();
  for (const { events } of clients) expect(events).toEqual([{ code: 1012, reason: "restart" }]);
  expect(world.remains).toEqual(nothing);
});

test("a record that is none ends the socket", async () => {
  const world = new World();
  const clients = await world.opened(2);
  world.socket.deliver(Uint8Array.of(1, 9));
  await world.origin.run();
  for (const { events } of clients) expect(events).toEqual([expect.objectContaining({ code: 1006 })]);
  expect(world.remains).toEqual(nothing);
});

test("who gets no answer in 3 s, because the leader is frozen, opens a socket of its own", async () => {
  const world = new World();
  const [leader] = await world.opened(1);
  if (leader) leader.tab.isFrozen = true;
  const lonely = world.open();
  await world.origin.run();
  world.timingOf(lonely.tab).advance(2_999);
  expect(world.server.urls).toHaveLength(1);
  world.timingOf(lonely.tab).advance(1);
  await world.origin.run();
  expect(world.server.urls[1]).toBe(url);
  expect(lonely.isOpen).toBe(true);
  leader?.tab.crash();
  if (leader) world.server.drop(leader.tab);
  const third = world.open();
  await world.origin.run();
  expect(third.isOpen).toBe(true);
  expect(world.server.urls[2]).toBe(`${url}/shared`);
  lonely.carrier.close();
  expect([...world.server.sockets].map(({ tab }) => tab)).toEqual([third.tab]);
});

test("a leader whose socket is full sends the next one away at once", async () => {
  const world = new World();
  const clients = await world.opened(maxStreamsPerSocket + 1);
  expect(clients.every(({ isOpen }) => isOpen)).toBe(true);
  expect(world.server.urls.filter((opened) => opened === url)).toHaveLength(1);
});

test.each(["locks", "openChannel"] as const)("without %s a carrier is a socket of its own", async (missing) => {
  const world = new World();
  const tab = world.origin.tab();
  const scope = { locks: tab.locks, openChannel: tab.openChannel, [missing]: undefined };
  const open = sharedSocketCarrier({ openSocket: world.server.openSocket(tab), timing: world.timingOf(tab), scope });
  open(url, { onOpen: () => {}, onFrame: () => {}, onError: () => {}, onClose: () => {} });
  expect(world.server.urls).toEqual([url]);
});

test("locks that cannot be had after all lead to a socket of its own", async () => {
  const world = new World();
  const tab = world.origin.tab();
  const locks = { request: async () => Promise.reject(new Error("SecurityError")) };
  const scope = { locks, openChannel: tab.openChannel };
  const open = sharedSocketCarrier({ openSocket: world.server.openSocket(tab), timing: world.timingOf(tab), scope });
  open(url, { onOpen: () => {}, onFrame: () => {}, onError: () => {}, onClose: () => {} });
  await world.origin.run();
  expect(world.server.urls).toEqual([url]);
  expect(world.origin.channels.size).toBe(0);
});

test("a socket that cannot be made is reported as one that closed", async () => {
  const world = new World();
  const events: unknown[] = [];
  const openSocket = () => {
    throw new Error("no WebSocket");
  };
  const open = sharedSocketCarrier({ openSocket, timing: new FakeTiming(), scope: world.origin.tab() });
  open(url, {
    onOpen: () => {},
    onFrame: () => {},
    onError: (cause) => events.push(String(cause)),
    onClose: (event) => events.push(event.code),
  });
  await world.origin.run();
  expect(events).toEqual(["Error: no WebSocket", 1006]);
  expect(world.remains).toEqual(nothing);
});

type Action = { readonly kind: "open" | "close" | "send" | "crash" | "break" | "run"; readonly pick: number };

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("open", "open", "close", "send", "send", "send", "crash", "break", "run", "run"),
    pick: fc.nat(40),
  }),
  { minLength: 5, maxLength: 60 },
);

/** What connections do: who loses its carrier opens another, five at most. */
function comeBack(world: World, wanted: Set<Client>): boolean {
  const lost = [...wanted].filter(({ isGone }) => isGone);
  for (const client of lost) {
    wanted.delete(client);
    if (!client.tab.isGone) wanted.add(world.open(client.tab));
  }
  return lost.length > 0;
}

async function act(world: World, wanted: Set<Client>, { kind, pick }: Action): Promise<void> {
  const client = [...wanted][pick % Math.max(1, wanted.size)];
  if (kind === "open" && wanted.size < 5) wanted.add(world.open());
  if (kind === "run") await world.origin.run(pick);
  if (kind === "break") [...world.server.sockets].forEach((socket) => socket.break(1006));
  if (!client) return;
  if (kind === "send") client.send();
  if (kind === "close") {
    client.carrier.close();
    wanted.delete(client);
  }
  if (kind === "crash") {
    client.tab.crash();
    world.server.drop(client.tab);
  }
}

test("whatever tabs open, close, send and crash: frames in order and once, one socket in the end, and nothing left", async () => {
  await fc.assert(
    fc.asyncProperty(actions, fc.infiniteStream(fc.nat(999)), async (steps, chance) => {
      const world = new World(() => chance.next().value / 1_000);
      const wanted = new Set<Client>();
      for (const step of steps) {
        await act(world, wanted, step);
        comeBack(world, wanted);
      }
      do {
        await world.origin.run();
        await world.pass(1_000);
      } while (comeBack(world, wanted));
      expect(world.server.sockets.size).toBe(wanted.size > 0 ? 1 : 0);
      for (const client of wanted) {
        expect(client.isOpen).toBe(true);
        client.send();
      }
      await world.origin.run();
      for (const client of world.clients) {
        const count = wanted.has(client) ? client.sent : client.heard.length;
        expect(client.heard).toEqual(firstNumbers(count));
      }
      for (const client of wanted) client.carrier.close();
      await world.origin.run();
      await world.pass(1_000);
      expect(world.remains).toEqual(nothing);
    }),
    { numRuns: 150 },
  );
}, 60_000);
