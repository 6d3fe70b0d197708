/** What the demo's "Crash the server" knows of a pane's edits and how it keeps panes away, with real providers and servers. */
import { MemoryStorage, startServer, type SynclineServer } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { Hold } from "../../demo/src/crash/hold.js";
import { missingFrom } from "../../demo/src/crash/missing-edits.js";
import { SavedEdits, type Edit } from "../../demo/src/crash/saved-edits.js";
import { synced, synclineClient, until } from "../support/clients.js";

const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 30_000 });

async function freshServer(): Promise<SynclineServer> {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  return server;
}

const numbers = (edits: readonly Edit[]) => edits.map(({ number }) => number);

test("what shows as durable is known edit by edit, and a server that has lost some of it is found out", async () => {
  const server = await freshServer();
  const ada = synclineClient(server.url, "room");
  const bob = synclineClient(server.url, "room");
  const saved = new SavedEdits(ada);
  bob.text.insert(0, "Bob was first. ");
  await until(ada.doc, () => ada.text.length > 0);
  for (const letter of "Ada") ada.text.insert(0, letter);
  await ada.provider.whenDurable();
  expect(numbers(saved.durable)).toEqual([1, 2, 3]);
  const early = await server.documents.export("room");

  ada.text.delete(0, 8);
  ada.text.insert(0, "Last.");
  expect(numbers(saved.durable)).toEqual([1, 2, 3]);
  await ada.provider.whenDurable();
  expect(numbers(saved.durable)).toEqual([1, 2, 3, 4, 5]);
  ada.provider.disconnect();
  ada.text.insert(0, "Offline.");
  expect(numbers(saved.durable)).toEqual([1, 2, 3, 4, 5]);

  const reader = synclineClient(server.url, "room");
  await synced(reader);
  expect(missingFrom(reader.doc, saved.durable)).toEqual([]);

  const forgetful = await freshServer();
  await forgetful.documents.import("room", [early]);
  const misled = synclineClient(forgetful.url, "room");
  await synced(misled);
  expect(numbers(missingFrom(misled.doc, saved.durable))).toEqual([4, 5]);
});

test("of edits that were made before anybody looked, it is known what they inserted", async () => {
  const server = await freshServer();
  const { provider, doc, text } = synclineClient(server.url, "late");
  for (const letter of "early") text.insert(0, letter);
  const saved = new SavedEdits({ provider, doc });
  text.insert(0, "late");
  await provider.whenDurable();
  expect(saved.durable.map(({ number, count }) => [number, count])).toEqual([
    [5, 5],
    [6, 1],
  ]);
  const reader = synclineClient(server.url, "late");
  await synced(reader);
  expect(missingFrom(reader.doc, saved.durable)).toEqual([]);
  expect(numbers(missingFrom(synclineClient((await freshServer()).url, "late").doc, saved.durable))).toEqual([5, 6]);
});

test("held panes stay away whatever is clicked, can be edited, and come back as they were", async () => {
  const server = await freshServer();
  const connected = synclineClient(server.url, "held");
  const off = synclineClient(server.url, "held");
  const switchedOn = synclineClient(server.url, "held");
  const switchedOff = { ...synclineClient(server.url, "held"), isSwitchedOff: false };
  const all = [connected, off, switchedOn, switchedOff];
  await Promise.all(all.map(synced));
  off.provider.disconnect();
  switchedOn.provider.disconnect();

  const hold = new Hold(all);
  expect(all.map(({ provider }) => provider.status.connection)).toEqual(all.map(() => "disconnected"));
  connected.text.insert(0, "typed meanwhile");
  switchedOn.provider.connect();
  switchedOff.isSwitchedOff = true;
  const witness = synclineClient(server.url, "held");
  await synced(witness);
  expect(all.map(({ provider }) => provider.shouldConnect)).toEqual([false, false, false, false]);
  expect(witness.text.toString()).toBe("");

  hold.release();
  await until(witness.doc, () => witness.text.toString() === "typed meanwhile");
  await eventually(() => all.map(({ provider }) => provider.status.connection)).toEqual([
    "connected",
    "disconnected",
    "connected",
    "disconnected",
  ]);
});
