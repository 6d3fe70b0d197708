/** The pieces of a large document as one client's updates, to a real server and from there to a stock reader. */
import { MemoryStorage, startServer } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { makeHistory } from "../../../test/fixtures/histories.js";
import { Random } from "../../../test/fixtures/random.js";
import { Speaker } from "../../../test/support/speaker.js";
import { splitUpdate } from "./split-update.js";

const clientId = 77;
/** Larger ones of many structs take the server longer than the second it gives an update. */
const maxPieceBytes = 256 * 1024;

/** About 6 MB: what three people wrote, an import of many short lines, a pasted text, and much of it deleted again. */
function largeDocument(): Y.Doc {
  const { updates } = makeHistory(new Random(3), 3, 1500);
  const doc = new Y.Doc({ gc: false });
  doc.clientID = clientId;
  for (const update of updates) Y.applyUpdate(doc, update);
  doc.transact(() => {
    const lines = doc.getArray<Y.Map<unknown>>("lines");
    for (let index = 0; index < 20_000; index++) {
      lines.push([new Y.Map<unknown>([["text", `line ${index} ${"words ".repeat(8)}`], ["done", index % 2 === 0]])]); // prettier-ignore
      if (index % 10 === 9) lines.delete(lines.length - 4, 2);
    }
    doc.getText("text").insert(0, "日本語 🙂 ".repeat(300_000));
  });
  return doc;
}

async function readerOf(url: string, documentName: string): Promise<Y.Doc> {
  const doc = new Y.Doc({ gc: false });
  const provider = new WebsocketProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  onTestFinished(() => {
    provider.destroy();
    provider.awareness.destroy();
  });
  await new Promise<void>((resolve) => provider.on("sync", (isSynced: boolean) => isSynced && resolve()));
  return doc;
}

test(
  "a document of 6 MB goes up in pieces, each durable, and a stock reader gets all of it",
  { timeout: 120_000 },
  async () => {
    const server = await startServer({ port: 0, data: new MemoryStorage() });
    onTestFinished(() => server.close());
    const doc = largeDocument();
    const update = Y.encodeStateAsUpdate(doc);
    expect(update.length).toBeGreaterThan(6_000_000);
    const pieces = splitUpdate(update, maxPieceBytes);
    expect(pieces.length).toBeGreaterThan(20);

    const speaker = await Speaker.open(server.url, "large", { clientId });
    const { room } = await speaker.hears("opened");
    for (const [index, piece] of pieces.entries()) speaker.say({ type: "update", room, n: index + 1, update: piece });
    const ack = await speaker.hears("ack", ({ n, level }) => n === pieces.length && level === 2);
    expect(ack.clock).toBe(Y.getState(doc.store, clientId));
    // Nothing was asked for again: no piece leaned on what had not come.
    expect(speaker.countOf("opened")).toBe(1);
    expect(speaker.countOf("reject")).toBe(0);

    const reader = await readerOf(server.url, "large");
    expect(Y.encodeStateVector(reader)).toEqual(Y.encodeStateVector(doc));
    expect(Y.equalSnapshots(Y.snapshot(reader), Y.snapshot(doc))).toBe(true);
    expect(reader.store.pendingStructs).toBeNull();
    expect(reader.getArray("lines").toJSON()).toEqual(doc.getArray("lines").toJSON());
    expect(reader.getXmlFragment("xml").toString()).toBe(doc.getXmlFragment("xml").toString());
    expect(reader.getText("text").toString()).toBe(doc.getText("text").toString());
  },
);
