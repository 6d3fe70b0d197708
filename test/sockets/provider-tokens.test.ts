/** Our provider and a server that asks for tokens: readers, renewal while it is connected, and tokens that are no good. */
import { SynclineProvider, type DocumentAccess, type ProviderOptions, type RejectedUpdate } from "@syncline/client";
import { MemoryStorage, NotAuthorized, startServer, type Authorization } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { hasAccess } from "../support/faulty-server.js";
import { synced, until, whenConnectionCloses, type SynclineClient } from "../support/clients.js";

/** What each token is answered with, by the token; one that is not here is not accepted. Tokens that were shown, in order. */
async function serve(answers: Record<string, () => Authorization>) {
  const shown: string[] = [];
  const authorize = ({ token }: { readonly token: string }) => {
    if (token !== "host") shown.push(token);
    const answer = token === "host" ? () => ({ access: "write" as const }) : answers[token];
    if (!answer) throw new NotAuthorized(`nobody knows ${token || "who has none"}`);
    return answer();
  };
  const server = await startServer({ port: 0, data: new MemoryStorage(), authorize });
  onTestFinished(() => server.close());
  return { url: server.url, shown };
}

interface TokenClient extends SynclineClient {
  readonly provider: SynclineProvider;
  /** The close codes of its sockets, as they end. */
  readonly ends: (number | undefined)[];
}

function connect(url: string, token: ProviderOptions["token"]): TokenClient {
  const doc = new Y.Doc();
  const provider = new SynclineProvider(url, "plan", doc, { WebSocketPolyfill: WebSocket, maxBackoffTime: 200, token });
  const ends: (number | undefined)[] = [];
  whenConnectionCloses(provider, (code) => ends.push(code));
  const destroy = () => void provider.destroy();
  onTestFinished(destroy);
  return { doc, text: doc.getText("text"), provider, ends, destroy };
}

/** One after the other; the last for good. */
function tokens(...values: readonly string[]): { readonly next: () => string; readonly count: () => number } {
  let count = 0;
  return { next: () => values[Math.min(count++, values.length - 1)] as string, count: () => count };
}

const rejection = ({ provider }: TokenClient) =>
  new Promise<RejectedUpdate>((resolve) => provider.once("rejected", resolve));
const closed = ({ provider }: TokenClient) =>
  new Promise<{ readonly code: number; readonly reason: string }>((resolve) => provider.on("closed", resolve));

const write = (): Authorization => ({ access: "write" });
const read = (): Authorization => ({ access: "read" });

/** Long enough for a slow machine to answer within half of it. */
const leaseMs = 2_000;
const lease = (access: "read" | "write") => (): Authorization => ({ access, expiresAt: Date.now() + leaseMs });

test("a reader reads on, and is told at its first edit that it stays here, with the edit", async () => {
  const { url } = await serve({ reader: read });
  const [host, reader] = [connect(url, "host"), connect(url, "reader")];
  const levels: DocumentAccess[] = [];
  reader.provider.on("access", (access) => levels.push(access));
  await Promise.all([host, reader].map(synced));
  expect(await hasAccess(reader, "read", /^$/)).toEqual({ level: "read", reason: "" });
  expect(reader.provider.status.rejected).toBeUndefined();

  const rejections: RejectedUpdate[] = [];
  reader.provider.on("rejected", (rejected) => rejections.push(rejected));
  const first = rejection(reader);
  reader.text.insert(0, "mine");
  const { update, code, reason } = await first;
  expect(code).toBe(4403);
  expect(reason).toMatch(/you may read this document/);
  const fork = new Y.Doc();
  Y.applyUpdate(fork, update);
  expect(fork.getText("text").toString()).toBe("mine");

  reader.text.insert(4, " too");
  host.text.insert(0, "theirs");
  await until(reader.doc, () => reader.text.toString().includes("theirs"));
  await host.provider.whenDurable();
  expect(host.text.toString()).toBe("theirs");
  expect(rejections).toHaveLength(1);
  expect(reader.provider.hasUnsyncedChanges).toBe(true);
  expect(reader.provider.wsconnected).toBe(true);
  const kept = new Y.Doc();
  Y.applyUpdate(kept, Y.encodeStateAsUpdate(host.doc));
  Y.applyUpdate(kept, reader.provider.exportRejected() as Uint8Array);
  expect(kept.getText("text").toString()).toBe(reader.text.toString());
  await expect(reader.provider.whenDurable()).rejects.toMatchObject({ code: "rejected", closeCode: 4403 });

  await reader.provider.revertRejected();
  await synced(reader);
  await until(reader.doc, () => reader.text.toString() === "theirs");
  expect(reader.provider.hasUnsyncedChanges).toBe(false);
});

test("who may write later, by a token that is renewed while it is connected: what was refused goes through", async () => {
  const { url, shown } = await serve({ reader: lease("read"), writer: write });
  const { next } = tokens("reader", "writer");
  const client = connect(url, next);
  await synced(client);
  const rejected = rejection(client);
  client.text.insert(0, "too early");
  await rejected;
  const { ws } = client.provider;
  await hasAccess(client, "write");
  await client.provider.whenDurable();
  const host = connect(url, "host");
  await until(host.doc, () => host.text.toString() === "too early");
  expect(client.provider.status).toMatchObject({ rejected: undefined, access: { level: "write", reason: "" } });
  expect(client.provider.pending.count).toBe(0);
  client.text.insert(9, ", and now");
  await until(host.doc, () => host.text.toString() === "too early, and now");
  expect(shown).toEqual(["reader", "writer"]);
  expect(client.provider.ws).toBe(ws);
  expect(client.ends).toEqual([]);
});

test("a token that runs out is renewed, again and again, on the same socket", async () => {
  const { url, shown } = await serve({ one: lease("write"), two: lease("write"), three: lease("write"), four: write });
  const { next, count } = tokens("one", "two", "three", "four");
  const startMs = Date.now();
  const syncs: boolean[] = [];
  const client = connect(url, async () => Promise.resolve(next()));
  client.provider.on("sync", (isSynced) => syncs.push(isSynced));
  await synced(client);
  const { ws } = client.provider;
  const host = connect(url, "host");
  // An edit each time the server was shown a token: all of them arrive.
  let text = "";
  for (const token of ["one", "two", "three", "four"]) {
    while (!shown.includes(token)) await new Promise<void>((resolve) => void setImmediate(resolve));
    text += token;
    client.text.insert(client.text.length, token);
    await until(host.doc, () => host.text.toString() === text);
  }
  await client.provider.whenDurable();
  // Three leases were renewed, each at half of its time or later.
  expect(Date.now() - startMs).toBeGreaterThan(leaseMs * 1.4);
  expect([shown, count()]).toEqual([["one", "two", "three", "four"], 4]);
  expect([client.ends, syncs]).toEqual([[], [true]]);
  expect(client.provider.ws).toBe(ws);
});

test("a token that is no good is asked for once more, and then it is over: closed with 4401, no loop", async () => {
  const { url, shown } = await serve({ good: write });
  const { next, count } = tokens("bad", "worse", "good");
  const client = connect(url, next);
  const statuses: string[] = [];
  client.provider.on("status", ({ status }) => statuses.push(status));
  client.text.insert(0, "kept");
  expect(await closed(client)).toEqual({ code: 4401, reason: "nobody knows worse" });
  expect([shown, count()]).toEqual([["bad", "worse"], 2]);
  expect(client.provider).toMatchObject({ shouldConnect: false, synced: false, wsconnected: false, ws: null });
  expect(statuses.at(-1)).toBe("disconnected");
  expect(client.provider.pending.count).toBe(1);
  await expect(client.provider.whenDurable()).rejects.toMatchObject({ code: "closed", closeCode: 4401 });

  // When the application has seen to it, it goes on with what was typed.
  client.provider.connect();
  await synced(client);
  await client.provider.whenDurable();
  expect(shown).toEqual(["bad", "worse", "good"]);
});

test("a token that is no good, and a fresh one that is: nobody is told more than that it took two attempts", async () => {
  const { url, shown } = await serve({ good: write });
  const client = connect(url, tokens("stale", "good").next);
  let isClosed = false;
  client.provider.on("closed", () => (isClosed = true));
  client.text.insert(0, "kept");
  await client.provider.whenDurable();
  expect(shown).toEqual(["stale", "good"]);
  expect(isClosed).toBe(false);
});

test("a token that is a string, and no good, is shown once: closed with 4401", async () => {
  const { url, shown } = await serve({});
  const client = connect(url, "bad");
  expect(await closed(client)).toEqual({ code: 4401, reason: "nobody knows bad" });
  expect(shown).toEqual(["bad"]);
});

test("a token that allows nothing is not asked for again: closed with 4403", async () => {
  const { url, shown } = await serve({ outsider: () => ({ access: "none" }) });
  const { next, count } = tokens("outsider");
  expect(await closed(connect(url, next))).toMatchObject({ code: 4403 });
  expect([shown, count()]).toEqual([["outsider"], 1]);
});

test("a renewal that is no good is renewed once more over a new connection, and what was typed arrives", async () => {
  const { url, shown } = await serve({ first: lease("write"), second: write });
  const client = connect(url, tokens("first", "revoked", "second").next);
  await synced(client);
  const isBack = new Promise<void>((resolve) => client.provider.on("sync", (isSynced) => isSynced && resolve()));
  client.text.insert(0, "before");
  await isBack;
  client.text.insert(6, ", after");
  await client.provider.whenDurable();
  expect(shown).toEqual(["first", "revoked", "second"]);
  expect(client.ends).toEqual([undefined]);
  const host = connect(url, "host");
  await until(host.doc, () => host.text.toString() === "before, after");
});

test("a token function that throws is tried again after a pause, and an expired string ends with 4401", async () => {
  const { url, shown } = await serve({ good: write, short: lease("write") });
  let count = 0;
  const errors: string[] = [];
  const client = connect(url, () => {
    count += 1;
    if (count < 3) throw new Error("the session service is down");
    return "good";
  });
  client.provider.on("connection-error", ({ code }) => errors.push(code));
  await synced(client);
  expect(errors).toEqual(["token-failed", "token-failed"]);
  const other = connect(url, "short");
  await synced(other);
  expect(await closed(other)).toEqual({ code: 4401, reason: "the token has expired" });
  expect(shown).toEqual(["good", "short"]);
});

test("no token is in the URL of the socket, be it an option or one of the parameters", async () => {
  const { url } = await serve({ secret: write });
  const byOption = connect(url, "secret");
  const doc = new Y.Doc();
  const params = { token: "secret", theme: "dark" };
  const provider = new SynclineProvider(url, "plan", doc, { WebSocketPolyfill: WebSocket, params });
  onTestFinished(() => void provider.destroy());
  await Promise.all([byOption, { doc, text: doc.getText("text"), provider, destroy: () => undefined }].map(synced));
  const urls = [byOption.provider, provider].map(({ ws }) => (ws as unknown as WebSocket).url);
  expect(urls).toEqual([`${url}/.syncline/v1`, `${url}/.syncline/v1?theme=dark`]);
});
