import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as Y from "yjs";
import { FakeServer } from "../../test-support/fake-server.js";
import { FakeTiming } from "../../test-support/fake-timing.js";
import { SynclineClient } from "../client.js";
import { Room, type RoomProps } from "./room.js";

// A browser, as far as the room asks.
beforeEach(() => vi.stubGlobal("window", {}));
afterEach(() => vi.unstubAllGlobals());

function setUp(props: Partial<RoomProps> = {}) {
  const [timing, server] = [new FakeTiming(), new FakeServer()];
  const { network } = server;
  const connection = { timing, WebSocketPolyfill: network.WebSocket, pageEvents: null, fallback: false };
  const withProps = (given: Partial<RoomProps>) => ({
    url: "ws://host:1",
    name: "notes",
    ...connection,
    ...props,
    ...given,
  });
  const newRoom = (given: Partial<RoomProps> = {}) => new Room(withProps(given));
  const openSockets = () => network.sockets.filter(({ isEnded }) => !isEnded).length;
  return {
    timing,
    server,
    network,
    connection,
    room: newRoom(),
    newRoom,
    withProps,
    openSockets,
    settle: () => network.settle(),
  };
}

/** As the component's effects do. */
function mount(room: Room): () => void {
  room.hold();
  room.followConnect();
  return () => room.release();
}

describe("a room", () => {
  test("starts nothing until it is asked", () => {
    const { timing, room } = setUp();
    expect([room.status.connection, timing.timerCount]).toEqual(["connecting", 0]);
  });

  test("gives the same provider to all who ask, not connected; unheld it closes, and the next one is another", () => {
    const { timing, room, openSockets } = setUp();
    const { provider } = room;
    expect([room.provider === provider, provider.shouldConnect, openSockets()]).toEqual([true, false, 0]);
    timing.advance(9_999);
    expect(room.provider).toBe(provider);
    timing.advance(1);
    expect([provider.awareness.getLocalState(), timing.timerCount]).toEqual([null, 0]);
    expect(room.provider).not.toBe(provider);
    timing.advance(10_000);
  });

  test("tells those who have the former provider when it is held with another one", () => {
    const { timing, room } = setUp();
    const { provider } = room;
    timing.advance(10_000);
    const told = vi.fn<() => void>();
    room.changes.subscribe(() => undefined, told);
    mount(room)();
    expect([told.mock.calls.length, room.provider === provider]).toEqual([1, false]);
    timing.advance(1_000);
  });

  test("held again at once it goes on with the same socket, and a second after it was let go it leaves", async () => {
    const { timing, room, network, openSockets, settle } = setUp();
    mount(room)();
    const release = mount(room);
    await settle();
    expect(room.status).toMatchObject({ connection: "connected", synced: true });
    release();
    timing.advance(999);
    expect(openSockets()).toBe(1);
    timing.advance(1);
    await settle();
    expect([openSockets(), network.sockets.length, timing.timerCount]).toEqual([0, 1, 0]);
  });

  test("stays until edits that nobody can be told of are on the server's disk", async () => {
    const { timing, room, server, openSockets, settle } = setUp();
    server.isAutomatic = false;
    const release = mount(room);
    await settle();
    room.provider.doc.getText("t").insert(0, "last words");
    release();
    timing.advance(5_000);
    await settle();
    expect(openSockets()).toBe(1);
    server.flush();
    await settle();
    timing.advance(1_000);
    await settle();
    expect([server.disk.getText("t").toString(), openSockets(), timing.timerCount]).toEqual(["last words", 0, 0]);
  });

  test("does not stay for longer than 30 s for edits that the server does not save", async () => {
    const { timing, room, server, openSockets, settle } = setUp();
    server.isAutomatic = false;
    const release = mount(room);
    await settle();
    room.provider.doc.getText("t").insert(0, "last words");
    release();
    for (let second = 0; second < 30; second++) timing.advance(1_000);
    await settle();
    expect([openSockets(), timing.timerCount]).toEqual([0, 0]);
  });

  test("calls the functions it was given last", async () => {
    const asked: string[] = [];
    const withToken = (token: string) => ({ token: () => (asked.push(token), token) });
    const { timing, room, server, newRoom, withProps, settle } = setUp(withToken("first"));
    const second = withProps(withToken("second"));
    expect(room.isOf(second)).toBe(true);
    room.setProps(second);
    const release = mount(room);
    await settle();
    expect([asked, server.sent("hello").map(({ token }) => token)]).toEqual([["second"], ["second"]]);
    release();
    timing.advance(1_000);
    // As without a token at all.
    const releaseOther = mount(newRoom({ token: undefined, params: { token: "in the params" } }));
    await settle();
    expect(server.sent("hello").at(-1)?.token).toBe("in the params");
    releaseOther();
    timing.advance(1_000);
  });

  test("held again after the document was destroyed in between, it has another provider of it", async () => {
    const doc = new Y.Doc();
    const { room, settle } = setUp({ doc });
    const release = mount(room);
    const { provider } = room;
    release();
    doc.destroy();
    const releaseAgain = mount(room);
    await settle();
    expect(room.provider).not.toBe(provider);
    expect([room.provider.doc === doc, room.provider.isDestroyed, room.status.connection]).toEqual([
      true,
      false,
      "connected",
    ]);
    releaseAgain();
  });

  test("hears nothing more of a document that outlives it", () => {
    const doc = new Y.Doc();
    const listeners = () => doc._observers.get("afterTransaction")?.size ?? 0;
    const { timing, room } = setUp({ doc });
    mount(room)();
    expect(listeners()).toBe(1);
    timing.advance(1_000);
    expect(listeners()).toBe(0);
  });

  test("does not let the content of one document into another", () => {
    const { newRoom, withProps } = setUp();
    const doc = new Y.Doc();
    const room = newRoom({ doc });
    expect(() => room.replacedBy(withProps({ doc, name: "other" }))).toThrow('"other" needs a Y.Doc of its own');
    for (const props of [{ doc: new Y.Doc(), name: "other" }, { name: "other" }, { doc, url: "ws://host:2" }]) {
      expect(room.replacedBy(withProps(props)).isOf(withProps(props))).toBe(true);
    }
  });

  test("tries again when it is told to follow after the server closed the document for good", async () => {
    const { timing, room, server, settle } = setUp();
    server.refusal = { code: 4403, reason: "not yours" };
    const release = mount(room);
    await settle();
    expect(room.provider.shouldConnect).toBe(false);
    server.refusal = undefined;
    room.followConnect();
    await settle();
    expect(room.status.synced).toBe(true);
    release();
    timing.advance(1_000);
  });

  test("shares the socket of a client, but for a document that the client has open with another Y.Doc", async () => {
    const { timing, connection, network, newRoom, openSockets, settle } = setUp();
    const client = new SynclineClient({ url: "ws://host:1", token: "secret", ...connection });
    const [first, second, third] = [new Y.Doc(), undefined, new Y.Doc()].map((doc) =>
      newRoom({ url: undefined, client, doc, timing: undefined }),
    ) as [Room, Room, Room];
    const releases = [first, second].map(mount);
    await settle();
    expect([network.sockets.length, second.provider.doc === first.provider.doc]).toEqual([1, true]);
    releases.push(mount(third));
    await settle();
    expect([network.sockets.length, third.status.synced]).toEqual([2, true]);
    expect(third.provider.doc).not.toBe(first.provider.doc);
    for (const release of releases) release();
    timing.advance(1_000);
    await settle();
    expect(openSockets()).toBe(0);
    await client.destroy();
  });
});

test("in whatever order it is asked, held, let go and forgotten, it leaves no socket and no timer", async () => {
  const step = fc.oneof(
    fc.constantFrom("ask", "hold", "release", "connect", "disconnect", "settle", "edit"),
    fc.integer({ min: 1, max: 12_000 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { timing, room, withProps, openSockets, settle } = setUp();
      const providers = new Set<Room["provider"]>();
      let release: (() => void) | undefined;
      for (const now of steps) {
        if (now === "ask") providers.add(room.provider);
        if (now === "hold") release ??= mount(room);
        if (now === "edit" && release) room.provider.doc.getText("t").insert(0, "x");
        if (now === "settle") await settle();
        if (typeof now === "number") timing.advance(now);
        if (now === "release") {
          release?.();
          release = undefined;
        }
        if (now === "connect" || now === "disconnect") {
          room.setProps(withProps({ connect: now === "connect" }));
          room.followConnect();
        }
        expect(openSockets()).toBeLessThanOrEqual(release ? 2 : 1);
      }
      release?.();
      for (let second = 0; second < 60; second++) timing.advance(1_000);
      await settle();
      timing.advance(1_000);
      expect([openSockets(), timing.timerCount]).toEqual([0, 0]);
      for (const { awareness } of providers) expect(awareness.getLocalState()).toBeNull();
    }),
    { numRuns: 100 },
  );
});
