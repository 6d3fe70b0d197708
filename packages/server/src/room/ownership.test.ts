/** Whose client ids are: who gets one, who keeps it, and what is left on disk of those that were only named. */
import { expect, test } from "vitest";
import * as Y from "yjs";
import type { Claim } from "../storage/storage.js";
import { scanUpdate } from "../update/scan.js";
import { ownerOf, Ownership, type Claimant, type Foreign } from "./ownership.js";

class World {
  readonly stored = new Map<number, Claim>();
  readonly written = new Set<number>();
  nowMs = 1_000;
  ownership = this.#load();

  #load(): Ownership {
    return new Ownership({
      claims: [...this.stored.values()],
      store: (clientId, claim) => void (claim ? this.stored.set(clientId, claim) : this.stored.delete(clientId)),
      isWritten: (clientId) => this.written.has(clientId),
      wallClock: () => this.nowMs++,
    });
  }

  /** The room is let go, and loaded again. */
  reload(): void {
    this.ownership = this.#load();
  }

  /** Opens a page for each of these ids, one after the other, and closes it again. */
  visit(subject: string, firstId: number, lastId: number): void {
    for (let clientId = firstId; clientId <= lastId; clientId++) {
      const page = person(subject);
      this.ownership.use(clientId, page);
      this.ownership.leave(page);
    }
  }

  foreign(member: Claimant, ...clientIds: readonly number[]): Foreign | undefined {
    return this.ownership.foreignIn(scanned(...clientIds), member);
  }
}

function scanned(...clientIds: readonly number[]) {
  const updates = clientIds.map((clientId) => {
    const doc = new Y.Doc();
    doc.clientID = clientId;
    doc.getArray("list").push([clientId]);
    return Y.encodeStateAsUpdate(doc);
  });
  return scanUpdate(Y.mergeUpdates(updates));
}

const person = (subject: string | undefined, mayWrite = true) => ({
  owner: ownerOf(subject),
  standing: { mayWrite },
  named: [] as number[],
});

test("an id is whose who called it its own first, on all sockets of theirs, and nobody else's", () => {
  const { ownership, ...world } = new World();
  const [alice, phone, mallory, nobody] = [person("alice"), person("alice"), person("mallory"), person(undefined)];
  ownership.use(7, alice);
  ownership.use(7, mallory);
  expect([alice, phone, mallory, nobody].map((member) => ownership.mayUse(7, member))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(ownership.foreignIn(scanned(7), alice)).toBeUndefined();
  expect(ownership.foreignIn(scanned(7), phone)).toBeUndefined();
  expect(ownership.foreignIn(scanned(9, 7, 8), mallory)).toEqual({ clientId: 7, isOwned: true });
  expect(ownership.foreignIn(scanned(7), nobody)).toEqual({ clientId: 7, isOwned: true });
  expect(ownership.foreignIn(scanned(8), mallory)).toBeUndefined();
  expect([...world.stored.keys()]).toEqual([7]);
});

test("it stays theirs when they have left, and when the document is loaded again", () => {
  const world = new World();
  const alice = person("alice");
  world.ownership.use(7, alice);
  world.ownership.leave(alice);
  expect(world.foreign(person("mallory"), 7)).toEqual({ clientId: 7, isOwned: true });
  world.reload();
  expect(world.foreign(person("mallory"), 7)).toEqual({ clientId: 7, isOwned: true });
  expect(world.foreign(person("alice"), 7)).toBeUndefined();
});

test("on disk is nobody's name", () => {
  const world = new World();
  world.ownership.use(7, person("alice"));
  const [claim] = world.stored.values();
  expect(claim).toMatchObject({ clientId: 7, claimedAt: 1_000 });
  expect(claim?.owner.length).toBe(16);
  expect(Buffer.from(claim?.owner ?? []).toString("latin1")).not.toContain("alice");
});

test("who may only read owns nothing, until it may write", () => {
  const world = new World();
  const reader = { ...person("alice", false) };
  world.ownership.use(7, reader);
  expect(world.stored.size).toBe(0);
  reader.standing = { mayWrite: true };
  world.ownership.regard(reader);
  expect(world.foreign(person("mallory"), 7)).toEqual({ clientId: 7, isOwned: true });
});

test.each(["mallory", undefined])("that %s, who may not write, calls an id its own keeps it from nobody", (subject) => {
  const world = new World();
  const reader = { ...person(subject, false) };
  world.ownership.use(7, reader);
  world.ownership.use(7, person("alice"));
  expect([...world.stored.keys()]).toEqual([7]);
  // Nor does it get it when it may write after all.
  reader.standing = { mayWrite: true };
  world.ownership.regard(reader);
  world.ownership.wrote(scanned(7), reader);
  expect(world.foreign(person("alice"), 7)).toBeUndefined();
});

test("what is written under already, by nobody knows whom, becomes somebody's when it writes, not when it is named", () => {
  const world = new World();
  const [alice, mallory] = [person("alice"), person("mallory")];
  for (const clientId of [6, 7, 8]) {
    world.written.add(clientId);
    world.ownership.use(clientId, mallory);
  }
  expect(world.stored.size).toBe(0);
  world.ownership.leave(mallory);
  world.ownership.use(7, alice);
  expect(world.stored.size).toBe(0);
  world.ownership.wrote(scanned(6, 7), alice);
  expect([...world.stored.keys()]).toEqual([7]);
  expect(world.foreign(mallory, 7)).toEqual({ clientId: 7, isOwned: true });
});

test("an update that is admitted after its author has left makes nothing its author's", () => {
  const world = new World();
  world.written.add(7);
  const alice = person("alice");
  world.ownership.use(7, alice);
  world.ownership.leave(alice);
  world.ownership.wrote(scanned(7), undefined);
  expect(world.stored.size).toBe(0);
});

test("what somebody passes on of ids that are nobody's does not become its own", () => {
  const world = new World();
  const [bob, alice] = [person("bob"), person("alice")];
  world.ownership.use(8, bob);
  world.ownership.wrote(scanned(7), bob);
  world.ownership.use(7, alice);
  expect(world.foreign(alice, 7)).toBeUndefined();
  expect(world.foreign(bob, 7)).toEqual({ clientId: 7, isOwned: true });
});

test("who calls no id its own owns that under which it first writes, unless it is one of several", () => {
  const world = new World();
  const mute = person("bot");
  world.ownership.wrote(scanned(5, 6), mute);
  expect(world.stored.size).toBe(0);
  world.ownership.wrote(scanned(7), mute);
  expect([...world.stored.keys()]).toEqual([7]);
  world.ownership.wrote(scanned(8), mute);
  expect([...world.stored.keys()]).toEqual([7]);
});

test("an id that somebody unknown calls its own is not taken over while they are here", () => {
  const world = new World();
  const [unknown, mallory] = [person(undefined), person("mallory")];
  world.ownership.use(7, unknown);
  world.ownership.use(7, mallory);
  expect(world.stored.size).toBe(0);
  expect(world.foreign(unknown, 7)).toBeUndefined();
  world.ownership.leave(unknown);
  world.ownership.use(7, mallory);
  expect([...world.stored.keys()]).toEqual([7]);
});

test("of two unknown ones that call an id their own, the first is noticed when it goes on writing; one that reconnects is not", () => {
  const world = new World();
  const [first, second, other] = [person(undefined), person(undefined), person(undefined)];
  world.ownership.use(7, first);
  world.ownership.use(7, second);
  expect(world.foreign(second, 7)).toBeUndefined();
  expect(world.foreign(other, 7)).toBeUndefined();
  expect(world.foreign(first, 7)).toEqual({ clientId: 7, isOwned: false });
  world.ownership.leave(second);
  expect(world.foreign(first, 7)).toBeUndefined();
});

test("an id that is known to be another's counts more than one that is in doubt", () => {
  const world = new World();
  const [first, second] = [person(undefined), person(undefined)];
  world.ownership.use(9, first);
  world.ownership.use(9, second);
  world.ownership.use(7, person("alice"));
  expect(world.foreign(first, 9, 7)).toEqual({ clientId: 7, isOwned: true });
});

test("of the pages that somebody opened without writing, the newest 64 are remembered; those written under all", () => {
  const world = new World();
  world.visit("alice", 1, 1);
  world.ownership.wrote(scanned(1), person("alice"));
  world.visit("alice", 2, 100);
  expect([...world.stored.keys()]).toEqual([1, ...Array.from({ length: 64 }, (_, index) => 37 + index)]);
  // Written under since: not to be given up any more.
  world.written.add(1).add(37);
  world.reload();
  world.visit("alice", 101, 102);
  expect(world.stored.has(1)).toBe(true);
  expect(world.stored.has(37)).toBe(true);
  expect(world.stored.has(38)).toBe(false);
  expect(world.stored.has(39)).toBe(true);
  expect(world.ownership.mayUse(38, person("bob"))).toBe(true);
  // What another person does has no part in it.
  world.visit("mallory", 200, 300);
  expect(world.stored.has(101)).toBe(true);
});

test("who calls ever new ids its own leaves a bounded trace", () => {
  const world = new World();
  const mallory = person("mallory");
  for (let clientId = 1; clientId <= 1_000; clientId++) world.ownership.use(clientId, mallory);
  expect(mallory.named.length).toBeLessThanOrEqual(16);
  expect(world.stored.size).toBe(64);
});

test("a page that is open keeps its id, however many others of the same person are opened, and is as old as any when it has gone", () => {
  const world = new World();
  const page = person("alice");
  world.ownership.use(1, page);
  world.visit("alice", 2, 200);
  expect(world.stored.has(1)).toBe(true);
  expect(world.foreign(person("mallory"), 1)).toEqual({ clientId: 1, isOwned: true });
  expect(world.stored.size).toBe(64);
  world.ownership.leave(page);
  world.visit("alice", 201, 300);
  expect(world.stored.has(1)).toBe(false);
});

test("pages that are open do not keep those that were closed from being forgotten", () => {
  const world = new World();
  const pages = Array.from({ length: 500 }, (_, index) => {
    const page = person("alice");
    world.ownership.use(index + 1, page);
    return page;
  });
  expect(world.stored.size).toBe(500);
  for (const page of pages.slice(1)) world.ownership.leave(page);
  world.visit("alice", 1_001, 1_400);
  expect(world.stored.size).toBe(64);
  expect(world.stored.has(1)).toBe(true);
});

test("an id that was given up becomes its writer's when it writes after all", () => {
  const world = new World();
  const mallory = person("mallory");
  for (let clientId = 1; clientId <= 100; clientId++) world.ownership.use(clientId, mallory);
  expect(world.stored.has(1)).toBe(false);
  const alice = person("alice");
  world.ownership.use(1, alice);
  world.ownership.wrote(scanned(1), alice);
  world.visit("alice", 200, 300);
  expect(world.foreign(mallory, 1)).toEqual({ clientId: 1, isOwned: true });
});

test("of those who come once, each as somebody else, a document remembers the newest 10,000 and those who have written", () => {
  const world = new World();
  const [first, writer] = [person("first"), person("writer")];
  world.ownership.use(1, first);
  world.ownership.use(2, writer);
  world.ownership.wrote(scanned(2), writer);
  world.ownership.leave(writer);
  for (let clientId = 3; clientId <= 10_100; clientId++) world.visit(`guest ${clientId}`, clientId, clientId);
  expect(world.stored.size).toBe(10_001);
  expect([1, 2, 3, 101, 102, 10_100].filter((clientId) => !world.stored.has(clientId))).toEqual([3, 101]);
});
