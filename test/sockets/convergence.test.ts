/** Random edits, drops, duplicates and returns with clients of both dialects: everybody ends with what is on disk. */
import { startServer, type SynclineServer } from "@syncline/server";
import * as fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { encodeYWebsocketMessage } from "@syncline/protocol";
import * as Y from "yjs";
import { stockClient, synced, synclineClient, type Client } from "../support/clients.js";

const documentName = "convergence";

type Action =
  | { readonly kind: "insert"; readonly who: number; readonly at: number; readonly text: string }
  | { readonly kind: "delete"; readonly who: number; readonly at: number; readonly length: number }
  | { readonly kind: "format"; readonly who: number; readonly at: number; readonly length: number }
  | { readonly kind: "set"; readonly who: number; readonly key: string; readonly value: number }
  | { readonly kind: "leave" | "return" | "cut" | "repeat"; readonly who: number }
  | { readonly kind: "pause" };

const who = fc.nat(3);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("insert" as const), who, at: fc.nat(), text: fc.string() }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("delete" as const), who, at: fc.nat(), length: fc.nat(8) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("format" as const), who, at: fc.nat(), length: fc.nat(8) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      who,
      key: fc.constantFrom("a", "b", "__proto__"),
      value: fc.integer(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("leave", "return", "cut", "repeat"), who }) },
  { weight: 2, arbitrary: fc.constant({ kind: "pause" as const }) },
);

/** A document's content, in an order that does not depend on who wrote what when. */
function contentOf(doc: Y.Doc): unknown {
  return { text: doc.getText("text").toString(), map: Object.entries(doc.getMap("map").toJSON()).sort() };
}

function edit(client: Client, step: Extract<Action, { who: number }>): void {
  const { text, doc } = client;
  const start = "at" in step ? step.at % (text.length + 1) : 0;
  if (step.kind === "insert") text.insert(start, step.text);
  else if (step.kind === "delete") text.delete(start, Math.min(step.length, text.length - start));
  else if (step.kind === "format") text.format(start, Math.min(step.length, text.length - start), { bold: true });
  else if (step.kind === "set") doc.getMap("map").set(step.key, step.value);
}

/** Sends all that `client` has from a socket of its own, as a second delivery of what was delivered before. */
async function repeat(server: SynclineServer, client: Client): Promise<void> {
  const socket = new WebSocket(`${server.url}/${documentName}`);
  await new Promise((resolve) => socket.once("open", resolve));
  const update = Y.encodeStateAsUpdate(client.doc);
  socket.send(encodeYWebsocketMessage({ type: "update", update }));
  socket.send(encodeYWebsocketMessage({ type: "update", update }));
  await new Promise((resolve) => {
    socket.once("close", resolve);
    socket.close();
  });
}

function cut({ provider }: Client): void {
  (provider.ws as unknown as WebSocket | null)?.terminate();
}

async function run(server: SynclineServer, clients: readonly Client[], steps: readonly Action[]): Promise<void> {
  for (const step of steps) {
    if (step.kind === "pause") {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      continue;
    }
    const client = clients[step.who] as Client;
    if (step.kind === "leave") client.provider.disconnect();
    else if (step.kind === "return") client.provider.connect();
    else if (step.kind === "cut") cut(client);
    else if (step.kind === "repeat") await repeat(server, client);
    else edit(client, step);
  }
}

/** Resolves when all documents have the same ids and deletions. */
async function converged(clients: readonly Client[]): Promise<void> {
  const areEqual = () => {
    const [first, ...rest] = clients.map(({ doc }) => Y.snapshot(doc));
    return rest.every((snapshot) => Y.equalSnapshots(snapshot, first as Y.Snapshot));
  };
  while (!areEqual()) {
    await new Promise<void>((resolve) => {
      const look = () => {
        for (const { doc } of clients) doc.off("update", look);
        resolve();
      };
      for (const { doc } of clients) doc.on("update", look);
    });
  }
}

test("whatever happens on the way, everybody ends with the same document, and it is the one on disk", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 5, maxLength: 60 }),
      fc.constantFrom("durable" as const, "immediate" as const),
      async (steps, relay) => {
        const data = await mkdtemp(join(tmpdir(), "syncline-convergence-"));
        // Small limits, so that compaction, catching up and reading from disk all happen.
        const limits = { compactAboveBytes: 1_000, tailCacheBytes: 500, unloadAfterMs: 0 };
        const server = await startServer({ port: 0, data, relay, limits });
        const clients = [0, 1, 2, 3].map((index) =>
          index % 2 === 0 ? stockClient(server.url, documentName) : synclineClient(server.url, documentName),
        );
        await run(server, clients, steps);
        for (const { provider } of clients) provider.connect();
        await Promise.all(clients.map(synced));
        await converged(clients);
        for (const client of clients) {
          if ("whenDurable" in client.provider) await client.provider.whenDurable();
        }
        const [first, ...rest] = clients.map(({ doc }) => contentOf(doc));
        for (const content of rest) expect(content).toEqual(first);
        await server.close();
        for (const client of clients) client.destroy();

        const fresh = await startServer({ port: 0, data });
        const reader = stockClient(fresh.url, documentName);
        await synced(reader);
        expect(contentOf(reader.doc)).toEqual(first);
        reader.destroy();
        await fresh.close();
        await rm(data, { recursive: true, force: true });
      },
    ),
    { numRuns: Number(process.env["CONVERGENCE_RUNS"] ?? 40) },
  );
});
