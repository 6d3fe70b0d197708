/**
 * Clients that resume by seq through whatever may happen to them and to the server, in virtual time: what a client claims
 * to have it has, and in the end everybody has what the server has.
 */
import { closeCodes } from "@syncline/protocol";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import type { Random } from "../../../../test/fixtures/random.js";
import { documentName, World } from "../../test-support/resume-world.js";
import type { ResumingClient } from "../../test-support/resuming-client.js";

const lowLimits = {
  compactAboveBytes: 1_500,
  tailCacheBytes: 400,
  unloadAfterMs: 100,
  maxUnsentBytes: 500,
  lagAllowanceMs: 120_000,
};

function edit(doc: Y.Doc, random: Random): void {
  const text = doc.getText("text");
  const at = random.int(text.length + 1);
  const kind = random.int(10);
  if (kind < 3 && text.length > 0) text.delete(Math.min(at, text.length - 1), 1);
  else if (kind < 5) doc.getMap("map").set(`${random.int(4)}`, random.int(1_000));
  else text.insert(at, "x".repeat(1 + random.int(random.chance(0.1) ? 300 : 10)));
}

function expectSame(doc: Y.Doc, other: Y.Doc): void {
  expect(doc.store.pendingStructs).toBeNull();
  expect(Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(other))).toBe(true);
  expect(doc.getText("text").toString()).toBe(other.getText("text").toString());
  expect(doc.getMap("map").toJSON()).toEqual(other.getMap("map").toJSON());
}

/** What happens at a step, and how often of a hundred. */
const actions: readonly (readonly [weight: number, act: (world: World, client: ResumingClient) => void])[] = [
  [40, ({ random }, client) => edit(client.doc, random)],
  [15, ({ server }, client) => client.isConnected || client.connect(server.services)],
  [2, ({ server }, client) => client.isConnected || client.connect(server.services, "state-vector")],
  [14, (_, client) => client.disconnect()],
  [4, (_, client) => client.transport?.stall()],
  [6, (_, client) => client.transport?.resume()],
  [2, (world) => world.restart()],
  [1, ({ witnesses }) => witnesses.forEach(({ client }) => client.disconnect())],
  // Its user closes the laptop for good, and somebody else comes.
  [2, (world, client) => leaveForGood(world, client)],
];

function leaveForGood(world: World, client: ResumingClient): void {
  client.disconnect();
  world.witnesses.splice(
    world.witnesses.findIndex((witness) => witness.client === client),
    1,
  );
  world.add();
}

async function history(world: World): Promise<void> {
  const { random, witnesses } = world;
  const total = actions.reduce((sum, [weight]) => sum + weight, 0);
  for (let step = 0; step < 150; step++) {
    let at = random.int(total);
    const action = actions.find(([weight]) => (at -= weight) < 0);
    action?.[1](world, random.pick(witnesses).client);
    if (random.chance(0.6)) await world.time.sleep(random.int(random.chance(0.05) ? 2_000 : 40));
  }
  for (const { client } of witnesses) client.transport?.resume();
  await world.until(() => {
    for (const { client } of witnesses) if (!client.isConnected) client.connect(world.server.services);
    return witnesses.every(({ client }) => client.isSettled);
  });
  // What others settled last is on its way.
  await world.time.sleep(2_000);
}

describe.each(["durable", "immediate"] as const)("with relay: %s", (relay) => {
  test("whatever happens, a claim is true and who resumes ends with what the server has", async () => {
    const seen = { resumes: 0, refusals: 0, claims: 0, compactions: 0 };
    for (let seed = 0; seed < 40; seed++) {
      const world = new World(seed, relay, lowLimits);
      // Every third store is so quick that a commit is over before anything else has its turn.
      if (seed % 3 === 0) world.maxLatencyMs = 0;
      for (let count = 0; count < 4; count++) world.add();
      await world.time.run(
        (async () => {
          await history(world);
          const clients = [...world.witnesses];
          const fresh = await world.fresh();
          for (const { client } of clients) expectSame(client.doc, fresh);
          for (const { client, claimCount } of clients) {
            expect(client.refusals.filter((code) => code !== closeCodes.cannotResume)).toEqual([]);
            seen.resumes += client.resumeCount;
            seen.refusals += client.refusals.length;
            seen.claims += claimCount;
          }
          seen.compactions += world.jobCount("compact");
        })(),
      );
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(30);
  }, 60_000);
});

async function connected(world: World, client = world.add()): Promise<ResumingClient> {
  client.connect(world.server.services);
  await world.until(() => client.isSettled);
  return client;
}

function type(client: ResumingClient, text: string): void {
  client.doc.getText("text").insert(0, text);
}

const textOf = ({ doc }: ResumingClient) => doc.getText("text").toString();

test("who missed three edits of a document of 1 MB is sent less than 2 kB, and no worker is asked", async () => {
  const world = new World(1, "durable");
  await world.time.run(
    (async () => {
      const [author, away] = [await connected(world), await connected(world)];
      for (let part = 0; part < 20; part++) type(author, `${part}`.repeat(50_000 / `${part}`.length));
      await world.until(() => author.isSettled && textOf(away).length === 1_000_000);
      away.disconnect();
      for (const letter of "abc") {
        type(author, letter);
        await world.until(() => author.isSettled);
      }
      const jobCount = world.server.jobs.length;
      await connected(world, away);
      expect(textOf(away)).toBe(textOf(author));
      expect(away.resumeCount).toBe(1);
      expect(away.receivedBytes).toBeLessThan(2_000);
      expect(world.server.jobs.length).toBe(jobCount);
    })(),
  );
});

test("who types alone may claim its own entries: it comes back to nothing but synced", async () => {
  const world = new World(2, "durable");
  await world.time.run(
    (async () => {
      const client = await connected(world);
      for (const letter of "abcdef") {
        type(client, letter);
        await world.until(() => client.isSettled);
      }
      expect(client.claim?.seq).toBe(6);
      client.disconnect();
      type(client, "made meanwhile ");
      await connected(world, client);
      expect(client.resumeCount).toBe(1);
      expect(textOf(client)).toBe((await world.fresh()).getText("text").toString());
    })(),
  );
});

test("a claim beyond the end of the log is refused, and what the server lost comes back with the state vector", async () => {
  const world = new World(3, "durable");
  await world.time.run(
    (async () => {
      const client = await connected(world);
      for (const letter of "abc") {
        type(client, letter);
        await world.until(() => client.isSettled);
      }
      world.restart();
      // As a store that was restored from a backup.
      await world.removeRecord(3);
      await connected(world, client);
      expect(client.refusals).toEqual([closeCodes.cannotResume]);
      expect((await world.fresh()).getText("text").toString()).toBe("cba");
    })(),
  );
});

test("across a repair nobody resumes: who has what was set aside brings it back", async () => {
  const world = new World(4, "durable");
  await world.time.run(
    (async () => {
      const [one, other] = [await connected(world), await connected(world)];
      for (const letter of "abc") {
        type(one, letter);
        await world.until(() => one.isSettled && textOf(other) === textOf(one));
      }
      type(other, "d");
      await world.until(() => other.isSettled && textOf(one) === textOf(other));
      one.disconnect();
      other.disconnect();
      const { seq } = one.claim ?? { seq: 0 };
      await world.removeRecord(2);
      await world.server.engine.documents.repair(documentName);
      expect((await world.fresh()).getText("text").toString()).not.toBe("dcba");
      await connected(world, one);
      expect(one.refusals).toEqual([closeCodes.cannotResume]);
      expect(one.claim?.seq).toBeGreaterThan(seq + 1_000);
      expect((await world.fresh()).getText("text").toString()).toBe("dcba");
      await connected(world, other);
      expect(other.refusals).toEqual([closeCodes.cannotResume]);
      expect(textOf(other)).toBe("dcba");
    })(),
  );
});

test("with relay: immediate nobody resumes across a restart: what was sent ahead of the disk comes back with who has it", async () => {
  const world = new World(5, "immediate");
  await world.time.run(
    (async () => {
      const [author, reader] = [await connected(world), await connected(world)];
      type(author, "pt");
      await world.until(() => author.isSettled);
      type(author, "ke");
      await world.until(() => author.isSettled && reader.claim?.seq === 1);
      world.maxLatencyMs = 10_000;
      type(author, "ahead ");
      await world.until(() => textOf(reader) === "ahead kept");
      world.restart();
      expect(world.log.lastSeq).toBe(2);
      // Its author never returns.
      await connected(world, reader);
      expect(reader.refusals).toEqual([closeCodes.cannotResume]);
      expect((await world.fresh()).getText("text").toString()).toBe("ahead kept");
    })(),
  );
});
