/**
 * Rooms that come and go while the store takes its time: hundreds of rounds of open, edit, close, delete and reopen by several
 * clients, under latencies of up to half a second a step, in virtual time.
 */
import { closeCodes } from "@syncline/protocol";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { Random } from "../../../../test/fixtures/random.js";
import { quietChannel } from "../../test-support/quiet-channel.js";
import { slowStorage } from "../../test-support/slow-storage.js";
import { VirtualTime } from "../../test-support/virtual-time.js";
import { silentLogger } from "../logger.js";
import { resolveOptions } from "../options.js";
import { Refusals } from "../refusals.js";
import { CommitQueue } from "../storage/commit-queue.js";
import { MemoryStorage } from "../storage/memory.js";
import { StateVector } from "../update/state-vector.js";
import { scanUpdate } from "../update/scan.js";
import { compact } from "../worker/compact.js";
import type { Pieces } from "../worker/jobs.js";
import { scanLarge } from "../worker/large-update.js";
import { salvage } from "../worker/salvage.js";
import { Backlog } from "./backlog.js";
import type { Channel } from "./channel.js";
import { DocumentDeleted } from "./deleted.js";
import { KeptClaims } from "./kept-claims.js";
import type { Room } from "./room.js";
import { anybody } from "./standing.js";
import { Rooms } from "./rooms.js";
import { RepeatedUpdates } from "./repeated-updates.js";
import { createSegmentCache } from "./segment-cache.js";
import type { RoomServices } from "./services.js";

const maxLatencyMs = 500;
const gone = { code: closeCodes.deleted, reason: "deleted" };

class World {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly storage = new MemoryStorage();
  readonly keptClaims = new KeptClaims();
  readonly rooms: Rooms;
  /** Rooms that somebody holds, and how many do. */
  readonly #held = new Map<Room, number>();

  constructor(seed: number) {
    this.random = new Random(seed);
    this.rooms = new Rooms(this.#services());
  }

  pause(maxMs = maxLatencyMs): Promise<void> {
    return this.time.sleep(this.random.int(maxMs + 1));
  }

  async open(documentName: string): Promise<Room> {
    const room = await this.rooms.open(documentName);
    for (const other of this.#held.keys()) {
      // One that was ended may still be held for a moment when its successor is there. It takes no edits.
      if (other.documentName === documentName && !other.ending && !room.ending) expect(other.number).toBe(room.number);
    }
    this.#held.set(room, (this.#held.get(room) ?? 0) + 1);
    return room;
  }

  release(room: Room): void {
    const count = (this.#held.get(room) ?? 0) - 1;
    if (count === 0) this.#held.delete(room);
    else this.#held.set(room, count);
    this.rooms.release(room);
  }

  #services(): RoomServices {
    const { limits } = resolveOptions({});
    const storage = slowStorage(this.storage, () => this.pause());
    const { time: timers } = this;
    let lastId = 0;
    return {
      storage,
      commitQueue: new CommitQueue({ storage, timers, logger: silentLogger }),
      backlog: new Backlog(limits.maxBacklogBytes),
      workers: {
        compact: async (pieces, options) => compact(await this.#gathered(pieces), options),
        salvage: async (pieces) => salvage(await this.#gathered(pieces)),
        scan: async (request) => scanLarge(request),
        trial: async ({ update }) => {
          await this.pause();
          return { kind: "accepted", scanned: scanUpdate(update), integrateMs: 1, integrateMicrosPerStruct: 1 };
        },
        checkRoots: () => Promise.reject(new Error("nobody here is limited to some root types")),
        forget: () => undefined,
      },
      diffSegments: () => Promise.reject(new Error("nobody here has a part of a snapshot")),
      segmentCache: createSegmentCache(1_000),
      keptClaims: this.keptClaims,
      repeatedUpdates: new RepeatedUpdates(),
      timers,
      wallClock: () => timers.now(),
      logger: silentLogger,
      refusals: new Refusals(silentLogger, timers),
      newGeneration: () => `generation ${++lastId}`,
      limits: {
        ...limits,
        relay: "durable",
        clientIds: "enforce",
        compactAboveBytes: 2_000,
        unloadAfterMs: 100,
        tailCacheBytes: 500,
      },
    };
  }

  async #gathered(pieces: Pieces): Promise<Uint8Array[]> {
    const all: Uint8Array[] = [];
    for await (const piece of pieces) all.push(piece);
    await this.pause();
    return all;
  }
}

/** A client that edits one document, and knows what of it the server has acknowledged. */
class Editor {
  readonly doc = new Y.Doc();
  /** Its updates up to this many are durable. */
  ackedCount = 0;
  sentCount = 0;
  closedWith: number | undefined;
  rejectedCount = 0;

  channel(): Channel {
    return quietChannel({
      ack: (n) => void (this.ackedCount = Math.max(this.ackedCount, n)),
      reject: () => void (this.rejectedCount += 1),
      leave: (code) => void (this.closedWith = code),
    });
  }

  /** One character, as an update. */
  type(): Uint8Array {
    const before = Y.encodeStateVector(this.doc);
    this.doc.getText("text").insert(this.sentCount, "x");
    this.sentCount += 1;
    return Y.encodeStateAsUpdate(this.doc, before);
  }
}

test("five hundred rounds of open, edit, close and reopen lose no edit and never make two rooms of a document", async () => {
  const world = new World(1);
  await world.time.run(Promise.all([0, 1, 2, 3, 4].map((index) => rounds(world, `document ${index % 2}`, 100))));
});

async function rounds(world: World, documentName: string, count: number): Promise<void> {
  const editor = new Editor();
  for (let round = 0; round < count; round++) {
    const room = await world.open(documentName);
    // What it handed in was in a room that was let go, or is still in use: either way it is here.
    expect(room.stateVector.get(editor.doc.clientID)).toBe(editor.sentCount);
    const member = room.join(editor.channel(), { clientId: editor.doc.clientID, standing: anybody });
    room.sync(member, new StateVector());
    for (let edits = world.random.int(4), n = 1; n <= edits; n++) {
      room.receive(member, { update: editor.type(), n });
      if (world.random.chance(0.5)) await world.pause(50);
    }
    if (world.random.chance(0.5)) await world.pause(1_000);
    room.leave(member);
    world.release(room);
    if (world.random.chance(0.7)) await world.pause(2_000);
  }
}

test("whose the ids are in a document that nobody wrote to is known as long as it is neither written nor deleted", async () => {
  const world = new World(6);
  const visit = async (subject: string, updates: readonly Uint8Array[] = []) => {
    const room = await world.open("new");
    const editor = new Editor();
    const member = room.join(editor.channel(), { clientId: 7, standing: { ...anybody, subject } });
    for (const [index, update] of updates.entries()) room.receive(member, { update, n: index + 1 });
    room.leave(member);
    world.release(room);
    while (world.rooms.count > 0) await world.time.sleep(100);
    return editor.rejectedCount;
  };
  const update = new Y.Doc();
  update.clientID = 7;
  update.getArray("list").push([1]);
  const theft = [Y.encodeStateAsUpdate(update)];
  await world.time.run(
    (async () => {
      await visit("alice");
      expect([await visit("mallory", theft), await visit("mallory", theft)]).toEqual([1, 1]);
      expect(await world.storage.readPointer("new")).toBeUndefined();
      // A failure changes nothing.
      const failing = world.rooms.exclusively("new", gone, () => Promise.reject(new Error("it cannot")));
      await expect(failing).rejects.toThrow("it cannot");
      expect(world.keptClaims.of("new").length).toBe(1);
      await world.rooms.exclusively("new", gone, async () => undefined);
      expect(world.keptClaims.of("new")).toEqual([]);
      expect(await visit("mallory", theft)).toBe(0);
      expect(world.keptClaims.of("new")).toEqual([]);
      expect((await world.storage.readClaims("new")[Symbol.asyncIterator]().next()).done).toBe(false);
    })(),
  );
});

test("when everybody has gone no room is left, and the store holds everything", async () => {
  const world = new World(2);
  const editors = [new Editor(), new Editor()];
  await world.time.run(
    (async () => {
      for (const editor of editors) {
        const room = await world.open("kept");
        const member = room.join(editor.channel(), { clientId: editor.doc.clientID, standing: anybody });
        for (let n = 1; n <= 20; n++) room.receive(member, { update: editor.type(), n });
        room.leave(member);
        world.release(room);
      }
      while (world.rooms.count > 0) await world.time.sleep(100);
      const room = await world.open("kept");
      for (const { doc, sentCount } of editors) expect(room.stateVector.get(doc.clientID)).toBe(sentCount);
    })(),
  );
});

test("whoever lets go of an ended room does not let go of its successor", async () => {
  const world = new World(3);
  await world.time.run(
    (async () => {
      const ended = await world.open("ended");
      await world.rooms.exclusively("ended", gone, async () => undefined);
      const successor = await world.open("ended");
      await world.open("ended");
      world.release(ended);
      world.release(successor);
      await world.time.sleep(5_000);
      expect(await world.open("ended")).toBe(successor);
    })(),
  );
});

test("a room that is ended while it is folding its log, to be let go, does not take its successor with it", async () => {
  const world = new World(4);
  await world.time.run(
    (async () => {
      const room = await world.open("folding");
      const editor = new Editor();
      const member = room.join(editor.channel(), { clientId: editor.doc.clientID, standing: anybody });
      for (let n = 1; n <= 60; n++) room.receive(member, { update: editor.type(), n });
      room.leave(member);
      world.release(room);
      // Past the 100 ms after which it is let go, and not yet done folding, which takes a few steps of the store.
      while (!room.isCompacting) await world.time.sleep(10);
      await world.time.sleep(200);
      expect(room.isCompacting).toBe(true);
      await world.rooms.exclusively("folding", gone, async () => undefined);
      const successor = await world.open("folding");
      await world.time.sleep(10_000);
      expect(await world.open("folding")).toBe(successor);
    })(),
  );
});

test("an update whose trial ends after its room was ended does not enter the log", async () => {
  const world = new World(5);
  await world.time.run(
    (async () => {
      const room = await world.open("tried");
      const editor = new Editor();
      const member = room.join(editor.channel(), { clientId: editor.doc.clientID, standing: anybody });
      editor.doc.getText("text").insert(0, "x".repeat(70_000));
      room.receive(member, { update: Y.encodeStateAsUpdate(editor.doc), n: 1 });
      await world.rooms.exclusively("tried", gone, async () => undefined);
      while (!room.isSettled) await world.time.sleep(10);
      expect(room.stateVector.size).toBe(0);
      expect(await world.storage.readPointer("tried")).toBeUndefined();
    })(),
  );
});

test("deletion and recreation amid edits: what was deleted stays deleted, what came after is kept", async () => {
  for (let seed = 10; seed < 40; seed++) {
    const world = new World(seed);
    await world.time.run(Promise.all([deletions(world), ...[1, 2, 3].map(() => visits(world, 15))]));
  }
});

async function deletions(world: World): Promise<void> {
  const { rooms, storage } = world;
  for (let round = 0; round < 6; round++) {
    await world.pause(3_000);
    await rooms.exclusively("fought over", gone, () => storage.deleteDocument("fought over", 1));
    if (await storage.readTombstone("fought over")) {
      await expect(rooms.open("fought over")).rejects.toBeInstanceOf(DocumentDeleted);
      // Nothing that was on its way before comes after all.
      expect(await storage.readEverything("fought over")[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
    }
    await world.pause(3_000);
    await rooms.exclusively("fought over", gone, () => storage.createDocument("fought over", `made ${round}`));
  }
}

async function visits(world: World, count: number): Promise<void> {
  for (let visit = 0; visit < count; visit++) {
    await world.pause(1_500);
    const room = await world.open("fought over").catch((thrown: unknown) => {
      expect(thrown).toBeInstanceOf(DocumentDeleted);
      return undefined;
    });
    // A moment too late: it was ended before this client could join.
    if (!room || room.ending) continue;
    const editor = new Editor();
    const member = room.join(editor.channel(), { clientId: editor.doc.clientID, standing: anybody });
    for (let n = 1; n <= 3; n++) room.receive(member, { update: editor.type(), n });
    await world.pause(1_500);
    if (editor.closedWith === undefined) {
      expect(room.stateVector.get(editor.doc.clientID)).toBe(3);
      room.leave(member);
    }
    world.release(room);
    await checkKept(world, editor, room.generation);
  }
}

/** What was acknowledged is there as long as the document has the generation that it was written to. */
async function checkKept(world: World, editor: Editor, generation: string): Promise<void> {
  const room = await world.open("fought over").catch(() => undefined);
  if (!room) return;
  const held = room.stateVector.get(editor.doc.clientID);
  if (room.generation === generation) expect(held).toBeGreaterThanOrEqual(editor.ackedCount);
  else expect(held).toBe(0);
  world.release(room);
}
