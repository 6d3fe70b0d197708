/** A disk that takes no writes for a while: who can be told is told, and everything is written when it is back. */
import { expect, test } from "vitest";
import { configOf } from "./config.js";
import { RealWorld } from "./real-world.js";
import type { StockClient } from "./stock-client.js";
import type { SynclineClient } from "./syncline-client.js";
import { Trace } from "./trace.js";
import { World } from "./world.js";

const allowanceMs = 3_000;

/** One server, one document, a person at each kind of provider, and nothing that happens by itself. */
async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const base = configOf(1);
  const limits = { ...base.server.limits, readOnlyAllowanceMs: allowanceMs };
  const server = { ...base.server, relay: "durable" as const, isCorrupting: false, limits };
  const people = { readerShare: 0, areKnown: false, changesMind: false };
  const config = { ...base, server, people, serverCount: 1, documentCount: 1, clientCount: 0 };
  // eslint-disable-next-line prefer-const -- the guard needs the world, the world the guard
  let world: World;
  const guard = new RealWorld((callback) => void world.scheduler.after(0.001, "", callback));
  world = new World({ config, trace: new Trace(), allowTimer: (allowed) => guard.allow(allowed) });
  try {
    await run(world);
  } finally {
    await guard.end();
  }
  expect(guard.errors).toEqual([]);
  expect(world.trace.violation).toBeUndefined();
}

test("a failed commit makes the room read-only, and writable again when the disk recovers, without a client doing anything", async () => {
  await inWorld(async (world) => {
    const [ledger] = world.ledgers;
    const [server] = world.servers;
    if (!ledger || !server) throw new Error("an empty world");
    const author = world.arrive(ledger, { kind: "syncline" }) as SynclineClient;
    const stock = world.arrive(ledger, { kind: "stock" }) as StockClient;
    await world.scheduler.advance(2_000);
    expect([author.isSynced, stock.isSynced]).toEqual([true, true]);

    server.disk.faults.refusal = 1;
    author.doc.getText("text").insert(0, "while it fails");
    await world.scheduler.advance(500);
    expect(author.provider.access.level).toBe("read");
    expect(author.provider.access.reason).not.toBe("");
    expect(author.provider.pending.count).toBe(1);
    expect(stock.doc.getText("text").toString()).toBe("");
    expect(stock.isSynced).toBe(true);

    // What is typed now stays with the client.
    author.doc.getText("text").insert(0, "and more ");
    await world.scheduler.advance(2 * allowanceMs);
    expect(world.trace.counts.get("closed with 4505")).toBeGreaterThan(0);
    expect(author.provider.pending.count).toBe(2);

    server.disk.faults.refusal = 0;
    await world.scheduler.advance(20_000);
    expect(author.provider.access.level).toBe("write");
    expect(author.provider.pending.count).toBe(0);
    expect(stock.isSynced).toBe(true);
    expect(stock.doc.getText("text").toString()).toBe("and more while it fails");
  });
});
