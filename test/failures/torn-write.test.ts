/** A write that goes half-way spoils what the store writes behind it: none of that may be reported as durable. */
import { KeyValueStorage, MemoryKeyValueStore } from "@syncline/server/engine";
import { expect, test } from "vitest";
import { synced, synclineClient, textOnServer } from "../support/clients.js";
import { diskError, FaultyStore } from "../support/faulty-store.js";
import { faultyServer, serverOn } from "../support/faulty-server.js";

const entry = (documentName: string, previousSeq: number) => ({
  documentName,
  generation: "g",
  previousSeq,
  updates: [Uint8Array.of(previousSeq)],
});

test("a write that was queued behind one that went half-way is written once the store was opened again", async () => {
  const store = new FaultyStore(new MemoryKeyValueStore());
  store.isTornByFailure = true;
  const storage = new KeyValueStorage(store, { durability: "fsync" });
  store.writes.hold();
  const held = store.writes.met();
  const [first, second] = [storage.append([entry("a", 0)]), storage.append([entry("b", 0)])];
  const outcomes = Promise.allSettled([first, second]);
  await held;
  store.writes.fail(diskError("ENOSPC"), { times: 1 });
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(store.reopenCount).toBe(1);
  const found: number[] = [];
  for await (const { seq } of storage.readRecords("b", 0)) found.push(seq);
  expect(found).toEqual([1]);
});

test("after a write that went half-way everything acknowledged is found again, compactions included", async () => {
  const { url, store } = await faultyServer({ limits: { compactAboveBytes: 400, commitIntervalMs: 0 } });
  store.isTornByFailure = true;
  const author = synclineClient(url, "d");
  await synced(author);
  for (let round = 0; round < 40; round++) {
    if (round % 5 === 0) store.writes.fail(diskError("EIO"), { times: 1 });
    author.text.insert(author.text.length, `${round} `);
    await author.provider.whenDurable();
  }
  expect(store.reopenCount).toBeGreaterThan(4);
  const after = await serverOn(await store.afterPowerCut());
  expect(await textOnServer(after.url, "d")).toBe(author.text.toString());
});
