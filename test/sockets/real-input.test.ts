/** The main job on real input: recordings of people writing, typed through real sockets. */
import { expect, test } from "vitest";
import * as Y from "yjs";
import { stockClient, synced, synclineClient, textOnServer, until, type Client } from "../support/clients.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { readTrace, type ConcurrentTrace, type Patch, type SequentialTrace } from "../support/traces.js";

function type(text: Y.Text, patches: readonly Patch[]): void {
  for (const [position, deleteCount, insertText] of patches) {
    if (deleteCount > 0) text.delete(position, deleteCount);
    if (insertText !== "") text.insert(position, insertText);
  }
}

/** Lets sockets and timers have their turn. */
const anotherTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

test("a paper of 259,778 keystrokes arrives at a live reader, a later one, and one after kill -9", async () => {
  const data = await tempDirectory();
  const { endContent, txns } = await readTrace<SequentialTrace>("automerge-paper");
  const server = await startServerProcess(data);
  const reader = stockClient(server.url, "paper");
  const writer = synclineClient(server.url, "paper");
  await Promise.all([synced(reader), synced(writer)]);

  let keystrokes = 0;
  writer.doc.on("update", () => (keystrokes += 1));
  for (const [index, { patches }] of txns.entries()) {
    writer.doc.transact(() => type(writer.text, patches));
    if (index % 200 === 0) await anotherTurn();
  }
  expect(keystrokes).toBe(259_778);
  expect(writer.text.toString()).toBe(endContent);

  await writer.provider.whenDurable();
  expect(writer.provider.pending.count).toBe(0);
  await server.stop("SIGKILL");

  // What was relayed before the kill may still be on its way through this process.
  await until(reader.doc, () => reader.text.length === endContent.length);
  expect(reader.text.toString()).toBe(endContent);
  reader.destroy();
  writer.destroy();

  const restarted = await startServerProcess(data);
  expect(await textOnServer(restarted.url, "paper")).toBe(endContent);
  const later = synclineClient(restarted.url, "paper");
  await synced(later);
  expect(later.text.toString()).toBe(endContent);
  expect(await restarted.stop("SIGTERM")).toBe(0);
});

/** Each transaction of a recording as the Yjs update that its author made, having seen what the recording says. */
function updatesOf({ txns, numAgents }: ConcurrentTrace): { agent: number; update: Uint8Array; seen: Uint8Array }[] {
  const authors = Array.from({ length: numAgents }, () => new Y.Doc());
  // At a few places both insert at once; Yjs then lets the lower client id go first, and so did the recording.
  for (const [agent, doc] of authors.entries()) doc.clientID = 1000 + agent;
  /** All updates up to and including a transaction, as they are learnt by whoever has it among its parents. */
  const made: { agent: number; update: Uint8Array; seen: Uint8Array }[] = [];
  const known = authors.map(() => new Set<number>());
  const learn = (agent: number, index: number) => {
    const missing: number[] = [];
    const look = [index];
    for (let next = look.pop(); next !== undefined; next = look.pop()) {
      if (known[agent]?.has(next)) continue;
      known[agent]?.add(next);
      missing.push(next);
      look.push(...(txns[next]?.parents ?? []));
    }
    for (const one of missing.sort((a, b) => a - b)) {
      const update = made[one]?.update;
      if (update) Y.applyUpdate(authors[agent] as Y.Doc, update);
    }
  };
  for (const [index, { agent, parents, patches }] of txns.entries()) {
    for (const parent of parents) learn(agent, parent);
    const doc = authors[agent] as Y.Doc;
    const seen = Y.encodeStateVector(doc);
    const updates: Uint8Array[] = [];
    const collect = (update: Uint8Array) => void updates.push(update);
    doc.on("update", collect);
    doc.transact(() => type(doc.getText("text"), patches));
    doc.off("update", collect);
    known[agent]?.add(index);
    made.push({ agent, update: updates[0] ?? Uint8Array.of(0, 0), seen });
  }
  return made;
}

/** Types one author's part, each keystroke once everything it was typed after has arrived. */
async function play(client: Client, part: readonly { update: Uint8Array; seen: Uint8Array }[]): Promise<void> {
  for (const [index, { update, seen }] of part.entries()) {
    const needed = [...Y.decodeStateVector(seen)];
    const has = () => needed.every(([id, clock]) => Y.getState(client.doc.store, id) >= clock);
    await until(client.doc, has);
    Y.applyUpdate(client.doc, update, "typed");
    if (index % 50 === 0) await anotherTurn();
  }
}

test("two people writing at once, one in each dialect, end with what the recording ends with", async () => {
  const data = await tempDirectory();
  const trace = await readTrace<ConcurrentTrace>("friendsforever");
  const parts = updatesOf(trace);
  const server = await startServerProcess(data);
  const clients = [stockClient(server.url, "friends"), synclineClient(server.url, "friends")] as const;
  await Promise.all(clients.map(synced));

  await Promise.all(
    clients.map((client, agent) =>
      play(
        client,
        parts.filter((part) => part.agent === agent),
      ),
    ),
  );
  const isDone = (client: Client) => () => client.text.toString() === trace.endContent;
  await Promise.all(clients.map((client) => until(client.doc, isDone(client))));
  await clients[1].provider.whenDurable();
  expect(await textOnServer(server.url, "friends")).toBe(trace.endContent);

  await server.stop("SIGKILL");
  const restarted = await startServerProcess(data);
  expect(await textOnServer(restarted.url, "friends")).toBe(trace.endContent);
});
