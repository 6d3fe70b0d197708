/** Who may open, read and write which document, and for how long: as the embedder's callback says, in both dialects. */
import { closeCodes, type Message, type Open } from "@syncline/protocol";
import type { Authorization } from "@syncline/server";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { synced, textOnServer, until, untilPresence } from "../support/clients.js";
import { Door, serve, stock } from "../support/door.js";
import { diskError } from "../support/faulty-store.js";
import { closeCode, faultyServer } from "../support/faulty-server.js";
import { Speaker } from "../support/speaker.js";

const openMessage = (requestId: number, documentName: string, token = ""): Open => ({
  type: "open",
  requestId,
  documentName,
  token,
  clientId: 7,
  generation: "",
  have: { kind: "state-vector", stateVector: Uint8Array.of(0) },
});

/** Keystrokes of one person, one update each. */
function keystrokes(text: string): Uint8Array[] {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (const letter of text) doc.getText("text").insert(doc.getText("text").length, letter);
  return updates;
}

/** Resolves when the server has dealt with everything said so far. */
async function answered(speaker: Speaker, n: number): Promise<void> {
  speaker.say({ type: "ping", n });
  await speaker.hears("pong", (pong) => pong.n === n);
}

const ofType = (speaker: Speaker, type: Message["type"]) => speaker.heard.filter((message) => message.type === type);

test("who has no token that is accepted hears why, and nothing of the document; the connection stays", async () => {
  const { url, server } = await serve({ outsider: { access: "none" }, member: { access: "write" } });
  const speaker = await Speaker.open(url, "plan");
  expect(await speaker.hears("refused")).toMatchObject({
    code: closeCodes.notAuthenticated,
    reason: "nobody knows this token",
  });
  speaker.say(openMessage(2, "plan", "outsider"));
  expect(await speaker.hears("refused", ({ requestId }) => requestId === 2)).toMatchObject({
    code: closeCodes.forbidden,
  });
  await answered(speaker, 1);
  expect(ofType(speaker, "opened")).toEqual([]);
  expect(await (await fetch(`${server.url.replace("ws", "http")}/metrics`)).text()).toMatch(/^syncline_rooms 0$/m);
  speaker.say(openMessage(3, "plan", "member"));
  expect(await speaker.hears("opened")).toMatchObject({ requestId: 3, access: 2 });
});

test("a document is opened with the token of its open, and with the connection's where there is none", async () => {
  const { url, door } = await serve({ wide: { access: "read" }, narrow: { access: "write" } });
  const speaker = await Speaker.open(url, "a", { token: "wide" });
  speaker.say(openMessage(2, "b", "narrow"));
  expect(await speaker.hears("opened", ({ requestId }) => requestId === 1)).toMatchObject({ access: 1 });
  expect(await speaker.hears("opened", ({ requestId }) => requestId === 2)).toMatchObject({ access: 2 });
  const request = { address: expect.stringMatching(/127\.0\.0\.1$/) as string };
  expect(door.asked).toMatchObject([
    { token: "wide", documentName: "a", dialect: "syncline", request },
    { token: "narrow", documentName: "b", dialect: "syncline", request },
  ]);
});

test("each update of a reader is rejected with 4403, and nothing of it is seen, kept or acknowledged", async () => {
  const { url, server } = await serve({ "": { access: "write" }, reader: { access: "read" } });
  const reader = await Speaker.open(url, "plan", { token: "reader" });
  const { room, access } = await reader.hears("opened");
  expect(access).toBe(1);
  expect(await reader.hears("access")).toMatchObject({ access: 1, reason: "" });
  const [a, b] = keystrokes("ab") as [Uint8Array, Uint8Array];
  reader.say({ type: "update", room, n: 1, update: a }, { type: "update", room, n: 2, update: b });
  for (const n of [1, 2]) {
    expect(await reader.hears("reject", (message) => message.n === n)).toMatchObject({
      room,
      code: closeCodes.forbidden,
    });
  }
  expect(reader.countOf("reject")).toBe(2);
  expect(reader.countOf("ack")).toBe(0);
  expect(await textOnServer(url, "plan")).toBe("");
  expect((await server.documents.inspect("plan").catch((error: Error) => error.message)) as unknown).toMatch(
    /no document/,
  );
});

test("who gets write access later goes on counting, is sent what the server has, and is acknowledged", async () => {
  const { url, door } = await serve({ "": { access: "write" }, old: { access: "read" }, fresh: { access: "write" } });
  const speaker = await Speaker.open(url, "plan", { token: "old" });
  const { room } = await speaker.hears("opened");
  const [a] = keystrokes("a") as [Uint8Array];
  speaker.say({ type: "update", room, n: 1, update: a });
  await speaker.hears("reject");
  speaker.say({ type: "token", token: "fresh", expiresInMs: 0 });
  expect(await speaker.hears("access", ({ access }) => access === 2)).toMatchObject({ room, reason: "" });
  expect(await speaker.hears("opened", ({ access }) => access === 2)).toMatchObject({ requestId: 1, room });
  speaker.say({ type: "update", room, n: 2, update: a });
  expect(await speaker.hears("ack")).toMatchObject({ n: 2, level: 2 });
  expect(await textOnServer(url, "plan")).toBe("a");
  expect(door.asked.map(({ token }) => token)).toEqual(["old", "fresh", ""]);
});

test("who loses write access is told once, keeps reading, and what it still sends is rejected", async () => {
  const { url } = await serve({ "": { access: "write" }, old: { access: "write" }, fresh: { access: "read" } });
  const speaker = await Speaker.open(url, "plan", { token: "old" });
  const { room } = await speaker.hears("opened");
  const [a, b] = keystrokes("ab") as [Uint8Array, Uint8Array];
  speaker.say({ type: "update", room, n: 1, update: a });
  await speaker.hears("ack", ({ n }) => n === 1);
  speaker.say({ type: "token", token: "fresh", expiresInMs: 0 });
  expect(await speaker.hears("access")).toMatchObject({ access: 1, reason: "" });
  speaker.say({ type: "update", room, n: 2, update: b });
  expect(await speaker.hears("reject")).toMatchObject({ n: 2, code: closeCodes.forbidden });
  const writer = stock(url, "plan", "");
  await synced(writer);
  writer.text.insert(1, "!");
  await speaker.hears("update");
  expect(writer.text.toString()).toBe("a!");
  expect(ofType(speaker, "access")).toHaveLength(1);
  expect(ofType(speaker, "opened")).toHaveLength(1);
});

test("a reader hears nothing of a store that fails and comes back: it is a reader all the while", async () => {
  const { authorize } = new Door({ "": { access: "write" }, reader: { access: "read" } });
  const { url, store } = await faultyServer({ authorize });
  const [writer, reader] = [await Speaker.open(url, "d"), await Speaker.open(url, "d", { token: "reader" })];
  const { room } = await writer.hears("opened");
  await reader.hears("synced");
  store.writes.fail(diskError("EIO"));
  writer.say({ type: "update", room, n: 1, update: keystrokes("x")[0] as Uint8Array });
  expect(await writer.hears("access")).toMatchObject({ access: 1, reason: /takes no writes/ });
  const late = await Speaker.open(url, "d", { token: "reader" });
  expect(await late.hears("access")).toMatchObject({ access: 1, reason: "" });
  store.heal();
  await writer.hears("opened", ({ seq }) => seq > 0);
  for (const speaker of [reader, late]) {
    await speaker.hears("update");
    await answered(speaker, 1);
    expect(ofType(speaker, "access")).toHaveLength(1);
    expect(ofType(speaker, "opened")).toMatchObject([{ access: 1 }]);
  }
});

test("a stock reader sees edits and presence, is told once that it may not write, and stays", async () => {
  const { url } = await serve({ "": { access: "write" }, reader: { access: "read" } });
  const [writer, reader] = [stock(url, "plan", ""), stock(url, "plan", "reader")];
  await Promise.all([writer, reader].map(synced));
  writer.text.insert(0, "abc");
  writer.text.delete(1, 1);
  await until(reader.doc, () => reader.text.toString() === "ac");
  // It has all of it, deletions too: nothing to be told off for.
  reader.provider.disconnect();
  reader.provider.connect();
  await synced(reader);
  reader.provider.awareness.setLocalStateField("user", { name: "Reader" });
  await untilPresence(writer.provider.awareness, () => writer.provider.awareness.getStates().has(reader.doc.clientID));
  expect(reader.denials).toEqual([]);

  let isDisconnected = false;
  reader.provider.on("connection-close", () => (isDisconnected = true));
  for (const letter of "xyz") reader.text.insert(0, letter);
  writer.text.insert(2, "d");
  await until(reader.doc, () => reader.text.toString() === "zyxacd");
  expect(reader.denials).toEqual(["you may read this document, not change it"]);
  expect(isDisconnected).toBe(false);
  expect(writer.text.toString()).toBe("acd");
  expect(await textOnServer(url, "plan")).toBe("acd");
});

test.each([
  ["no token", "", closeCodes.notAuthenticated, "nobody knows this token"],
  ["one that allows nothing", "outsider", closeCodes.forbidden, "you may not open this document"],
])("a stock provider with %s stops for good", async (_, token, code, reason) => {
  const { url } = await serve({ outsider: { access: "none" } });
  const { provider } = stock(url, "plan", token);
  expect(await new Promise((resolve) => provider.on("closed", resolve))).toEqual({ code, reason });
});

test("a stock provider that speaks before the callback has answered loses nothing", async () => {
  let admit: (answer: Authorization) => void = () => undefined;
  const answer = new Promise<Authorization>((resolve) => (admit = resolve));
  const { url } = await serve({}, { authorize: ({ token }) => (token === "slow" ? answer : { access: "write" }) });
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "written before");
  const client = stock(url, "plan", "slow", doc);
  await new Promise((resolve) => client.provider.on("status", resolve));
  client.text.insert(0, "and meanwhile, ");
  admit({ access: "write" });
  await synced(client);
  const other = stock(url, "plan", "");
  await until(other.doc, () => other.text.toString() === "and meanwhile, written before");
});

/** Long enough for a slow machine to answer within half of it. */
const leaseMs = 3_000;

test("a token is asked for before it runs out, and a fresh one keeps the connection's documents open", async () => {
  const { url, door } = await serve({ fresh: { access: "write" } });
  const expiresAt = Date.now() + leaseMs;
  for (const token of ["old", "own"]) door.set(token, { access: "write", expiresAt });
  const speaker = await Speaker.open(url, "a", { token: "old" });
  speaker.say(openMessage(2, "b"), openMessage(3, "c", "own"));
  const [a, b, c] = await Promise.all(
    [1, 2, 3].map((id) => speaker.hears("opened", ({ requestId }) => requestId === id)),
  );
  const { token, expiresInMs } = await speaker.hears("token");
  expect(token).toBe("");
  expect(expiresInMs).toBeGreaterThan(0);
  expect(expiresInMs).toBeLessThanOrEqual(leaseMs / 2 + 1);
  speaker.say({ type: "token", token: "fresh", expiresInMs: 0 });
  // What came with a token of its own ends with that.
  expect(await speaker.hears("close")).toMatchObject({ room: c?.room, code: closeCodes.notAuthenticated });
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  const renewed = door.asked.filter((request) => request.token === "fresh");
  expect(renewed.map(({ documentName }) => documentName)).toEqual(["a", "b"]);
  // Asked once, for both documents.
  expect(ofType(speaker, "token")).toHaveLength(1);
  const [x] = keystrokes("x") as [Uint8Array];
  for (const { room } of [a, b] as { room: number }[]) {
    speaker.say({ type: "update", room, n: 1, update: x });
    await speaker.hears("ack", (ack) => ack.room === room);
  }
  expect(ofType(speaker, "close")).toHaveLength(1);
  // The fresh one is the connection's from now on.
  speaker.say(openMessage(4, "d"));
  expect(await speaker.hears("opened", ({ requestId }) => requestId === 4)).toMatchObject({ access: 2 });
});

test("without a fresh token its documents are closed with 4401 when it has run out, and the connection stays", async () => {
  const { url, door } = await serve({ fresh: { access: "write" } });
  const expiresAt = Date.now() + 500;
  door.set("old", { access: "write", expiresAt });
  const speaker = await Speaker.open(url, "a", { token: "old" });
  const { room } = await speaker.hears("opened");
  expect(await speaker.hears("close")).toEqual({
    type: "close",
    room,
    code: closeCodes.notAuthenticated,
    reason: "the token has expired",
  });
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  speaker.say({ type: "token", token: "fresh", expiresInMs: 0 }, openMessage(2, "a"));
  expect(await speaker.hears("opened", ({ requestId }) => requestId === 2)).toMatchObject({ access: 2 });
});

test.each([
  ["is not accepted", "bad", closeCodes.notAuthenticated, "nobody knows this token"],
  ["allows nothing", "outsider", closeCodes.forbidden, "you may not open this document"],
])("a fresh token that %s closes the documents that it is for", async (_, token, code, reason) => {
  const { url } = await serve({ old: { access: "write" }, outsider: { access: "none" } });
  const speaker = await Speaker.open(url, "a", { token: "old" });
  speaker.say(openMessage(2, "b", "old"));
  const [{ room }] = await Promise.all([
    speaker.hears("opened", ({ requestId }) => requestId === 1),
    speaker.hears("opened", ({ requestId }) => requestId === 2),
  ]);
  speaker.say({ type: "token", token, expiresInMs: 0 });
  expect(await speaker.hears("close")).toEqual({ type: "close", room, code, reason });
  await answered(speaker, 1);
  expect(ofType(speaker, "close")).toHaveLength(1);
});

test("a stock provider is closed with 4401 when its token has run out", async () => {
  const { url, door } = await serve({});
  const expiresAt = Date.now() + 500;
  door.set("short", { access: "write", expiresAt });
  const client = stock(url, "plan", "short");
  await synced(client);
  expect(await closeCode(client)).toBe(closeCodes.notAuthenticated);
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
});

test("while the callback fails clients are told to come back, and are let in when it works again", async () => {
  const { url, door } = await serve({ token: new Error("the database is away") });
  const speaker = await Speaker.open(url, "plan", { token: "token" });
  expect(await speaker.hears("refused")).toMatchObject({ code: closeCodes.internalError });
  const { provider } = stock(url, "plan", "token");
  await new Promise((resolve) => provider.once("connection-close", resolve));
  door.set("token", { access: "write" });
  await new Promise<void>((resolve) => provider.on("sync", (isSynced: boolean) => isSynced && resolve()));
});

test("no token is ever logged", async () => {
  const secrets = ["secret-1", "secret-2", "secret-3"];
  const { url, log, door } = await serve({ "secret-2": { access: "none" } });
  door.set("secret-1", { access: "write", expiresAt: Date.now() + 300 });
  door.set("secret-3", new Error("secret-3 is not in the table of sessions"));
  for (const token of secrets) {
    const speaker = await Speaker.open(url, "plan", { token });
    await (token === "secret-1" ? speaker.hears("close") : speaker.hears("refused"));
    const { provider } = stock(url, "plan", token);
    await new Promise((resolve) => provider.on("connection-close", resolve));
  }
  expect(log.having(/is not in the table of sessions/)).not.toEqual([]);
  expect(log.having(/closing a connection/)).not.toEqual([]);
  expect(log.having(/secret/)).toEqual([]);
});
