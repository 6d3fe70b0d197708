/** Promise 4: updates that decode but cannot be applied, in the store already: found, set aside, and the room goes on. */
import { encodeYWebsocketMessage } from "@syncline/protocol";
import { LevelStorage } from "@syncline/server";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { buildUpdate, contents } from "../fixtures/update-builder.js";
import { stockClient, synced, synclineClient, textOnServer, until, type Client } from "../support/clients.js";
import { tempDirectory } from "../support/temp-directory.js";
import { faultyServer } from "../support/faulty-server.js";

function typed(clientID: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientID;
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

const mapInRoot = buildUpdate([{ client: 4, clock: 0, structs: [{ content: contents.type(1), parent: "array" }] }]);
const runUnderKey = { content: contents.any([1, 2, 3]), parent: { client: 4, clock: 0 }, key: "k" };

function removal(client: number, clock: number): Uint8Array {
  return buildUpdate([], [{ client, ranges: [{ clock, length: 1 }] }]);
}

/** Each is what a room may hold, as records in order, and which of them Yjs throws at. */
const poisons: Record<string, { readonly records: readonly Uint8Array[]; readonly culprit: number }> = {
  "text said to follow garbage": {
    records: [
      buildUpdate([{ client: 3, clock: 0, structs: [{ content: contents.gc(2) }] }]),
      buildUpdate([{ client: 3, clock: 0, structs: [{ content: contents.string("abc") }] }]),
    ],
    culprit: 1,
  },
  "bytes that are no update": { records: [Uint8Array.of(7, 7, 7)], culprit: 0 },
  "a deletion over which the garbage collector stumbles": {
    records: [
      mapInRoot,
      buildUpdate([{ client: 4, clock: 1, structs: [runUnderKey] }]),
      removal(4, 3),
      removal(4, 0),
    ],
    culprit: 3,
  },
}; // prettier-ignore

/** A store whose document "bad" holds the poison between two good records, and "good" only good ones. */
async function storeWith(records: readonly Uint8Array[]): Promise<string> {
  const directory = await tempDirectory();
  const storage = await LevelStorage.open(directory);
  const all = [typed(1, "before "), ...records, typed(2, "after ")];
  for (const [index, update] of all.entries()) {
    await storage.append([{ documentName: "bad", generation: "g", previousSeq: index, updates: [update] }]);
  }
  await storage.append([{ documentName: "good", generation: "g", previousSeq: 0, updates: [typed(1, "good")] }]);
  await storage.close();
  return directory;
}

/** One edit by a client that does not look at what others wrote, as one that stumbled over it would. It is on disk then. */
async function typeBlindly(url: string, text: string): Promise<void> {
  const [author, witness] = [new WebSocket(url), new WebSocket(url)];
  onTestFinished(() => [author, witness].forEach((socket) => socket.terminate()));
  await Promise.all([author, witness].map((socket) => new Promise((resolve) => socket.once("open", resolve))));
  const isSeen = new Promise<void>((resolve) => {
    witness.on("message", (frame: Uint8Array) => Buffer.from(frame).includes(text) && resolve());
  });
  witness.send(encodeYWebsocketMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) }));
  author.send(encodeYWebsocketMessage({ type: "update", update: typed(50, text) }));
  await isSeen;
}

/** Looks again and again: a Yjs that was given a poison may forget its events. */
async function shows({ text }: Client, part: string): Promise<void> {
  await vi.waitFor(() => expect(text.toString()).toContain(part), { timeout: 20_000, interval: 10 });
}

describe.each(Object.entries(poisons))("%s", (_, { records, culprit }) => {
  test("is found by a compaction, set aside, and members come back by themselves to a room that goes on", async () => {
    const limits = { compactAboveBytes: 2_000, unloadAfterMs: 0 };
    const { url, server, log } = await faultyServer({ limits }, await storeWith(records));
    const good = synclineClient(url, "good");
    await until(good.doc, () => good.text.toString() === "good");
    let lostConnections = 0;
    good.provider.on("connection-close", () => (lostConnections += 1));
    const members = [synclineClient(url, "bad"), stockClient(url, "bad")] as const;
    await typeBlindly(`${url}/bad`, "x".repeat(3_000));
    await log.says(/a document was repaired/);
    await Promise.all(members.map((member) => shows(member, "x".repeat(3_000))));
    const author = synclineClient(url, "bad");
    await synced(author);
    author.text.insert(0, "on ");
    await author.provider.whenDurable();
    await Promise.all(members.map((member) => shows(member, "on ")));
    const { quarantine } = await server.documents.inspect("bad");
    expect(quarantine.map(({ origin }) => origin)).toContain(`record ${culprit + 2}`);
    const text = await textOnServer(url, "bad");
    for (const part of ["before ", "after ", "on "]) expect(text).toContain(part);
    // The other room did not notice.
    good.text.insert(4, ", still");
    await good.provider.whenDurable();
    expect(lostConnections).toBe(0);
  });

  test("does not keep anybody from opening the document, editing it, and finding the edit again", async () => {
    const directory = await storeWith(records);
    const { url, close } = await faultyServer({}, directory);
    await typeBlindly(`${url}/bad`, "edited ");
    await close();
    const again = await faultyServer({}, directory);
    const text = await textOnServer(again.url, "bad");
    for (const part of ["edited ", "before "]) expect(text).toContain(part);
    expect(await textOnServer(again.url, "good")).toBe("good");
  });

  test("is named by check, and set aside by repair", async () => {
    const { url, server } = await faultyServer({}, await storeWith(records));
    const found = (await server.documents.check("bad")).problems;
    expect(found.map(({ origin }) => origin)).toContain(`record ${culprit + 2}`);
    expect((await server.documents.repair("bad")).problems).toEqual(found);
    expect((await server.documents.check("bad")).problems).toEqual([]);
    const member = synclineClient(url, "bad");
    await synced(member);
    member.text.insert(0, "goes on ");
    await member.provider.whenDurable();
    expect(await textOnServer(url, "bad")).toContain("goes on ");
  });
});
