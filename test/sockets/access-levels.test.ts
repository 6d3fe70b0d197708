/** Who may only be seen, and who may only look: that nothing else reaches them, or comes from them. */
import { closeCodes, encodeAwarenessUpdate, type Message } from "@syncline/protocol";
import { SynclineProvider } from "@syncline/client";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { synced, untilPresence } from "../support/clients.js";
import { Door, serve, stock } from "../support/door.js";
import { patiently } from "../support/patience.js";
import { Speaker } from "../support/speaker.js";

const levels = {
  "": { access: "write" },
  seen: { access: "presence" },
  quiet: { access: "read", presence: false },
} as const;

function sdk(url: string, token: string): SynclineProvider {
  const provider = new SynclineProvider(url, "plan", new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    maxBackoffTime: 100,
    token: () => token,
  });
  onTestFinished(() => provider.destroy());
  return provider;
}

/** Resolves when the server has dealt with everything said so far. */
async function answered(speaker: Speaker, n: number): Promise<void> {
  speaker.say({ type: "ping", n });
  await speaker.hears("pong", (pong) => pong.n === n);
}

const typesHeardBy = ({ heard }: Speaker) => [...new Set(heard.map(({ type }: Message) => type))].sort();

async function writerIn(url: string) {
  const writer = stock(url, "plan", "");
  await synced(writer);
  writer.text.insert(0, "secret");
  return writer;
}

test("who may only be seen is told nothing of the document, and sees who is there", async () => {
  const { url } = await serve(levels);
  const writer = await writerIn(url);
  const speaker = await Speaker.open(url, "plan", { token: "seen", clientId: 7 });
  const opened = await speaker.hears("opened");
  expect(opened).toMatchObject({ access: 3, seq: 0, stateVector: Uint8Array.of(0) });
  expect(await speaker.hears("access")).toMatchObject({ access: 3, reason: "" });
  const { room } = opened;
  writer.provider.awareness.setLocalStateField("user", { name: "Ada" });
  await speaker.hears("awareness");
  const update = encodeAwarenessUpdate([{ clientId: 7, clock: 1, state: '{"name":"Bob"}' }]);
  speaker.say({ type: "awareness", room, update });
  await untilPresence(writer.provider.awareness, () => writer.provider.awareness.getStates().has(7));
  writer.text.insert(6, "!");
  speaker.say({ type: "event", room, kind: 0, payload: Uint8Array.of(1) });
  speaker.say({ type: "update", room, n: 1, update: Y.encodeStateAsUpdate(writer.doc) });
  expect(await speaker.hears("reject")).toMatchObject({
    n: 1,
    code: closeCodes.forbidden,
    reason: "you may see who is here, not read or change the document",
  });
  await answered(speaker, 1);
  expect(typesHeardBy(speaker)).toEqual(["access", "awareness", "opened", "pong", "reject", "welcome"]);
});

test("a stock client that may only be seen is told so, and sees who is there", async () => {
  const { url } = await serve(levels);
  const writer = await writerIn(url);
  const seen = stock(url, "plan", "seen");
  seen.provider.awareness.setLocalStateField("user", { name: "Bob" });
  await untilPresence(writer.provider.awareness, () => writer.provider.awareness.getStates().has(seen.doc.clientID));
  writer.provider.awareness.setLocalStateField("user", { name: "Ada" });
  await untilPresence(seen.provider.awareness, () => seen.provider.awareness.getStates().has(writer.doc.clientID));
  expect(seen.denials).toEqual(["you may see who is here, not read or change the document"]);
  expect([seen.text.toString(), seen.provider.synced]).toEqual(["", false]);
});

test("the SDK says that it may only be seen, and keeps what is typed", async () => {
  const { url } = await serve(levels);
  const writer = await writerIn(url);
  const provider = sdk(url, "seen");
  await expect.poll(() => provider.access, patiently).toMatchObject({ level: "presence", reason: "" });
  provider.awareness.setLocalStateField("user", { name: "Bob" });
  await untilPresence(writer.provider.awareness, () =>
    writer.provider.awareness.getStates().has(provider.doc.clientID),
  );
  provider.doc.getText("text").insert(0, "mine");
  expect([provider.pending.count, provider.synced, provider.doc.getText("text").toString()]).toEqual([
    1,
    false,
    "mine",
  ]);
  expect(writer.text.toString()).toBe("secret");
});

test("a reader without presence is not seen, and sees the others", async () => {
  const { url } = await serve(levels);
  const writer = await writerIn(url);
  const quiet = stock(url, "plan", "quiet");
  quiet.provider.awareness.setLocalStateField("user", { name: "Nobody" });
  writer.provider.awareness.setLocalStateField("user", { name: "Ada" });
  await untilPresence(quiet.provider.awareness, () => quiet.provider.awareness.getStates().has(writer.doc.clientID));
  await synced(quiet);
  const bystander = stock(url, "plan", "");
  bystander.provider.awareness.setLocalStateField("user", { name: "Last" });
  await untilPresence(writer.provider.awareness, () =>
    writer.provider.awareness.getStates().has(bystander.doc.clientID),
  );
  expect(writer.provider.awareness.getStates().has(quiet.doc.clientID)).toBe(false);
});

test("presence that is taken away while somebody is there goes at once", async () => {
  const { url, server, door } = await serve({ ...levels, person: { access: "write" } });
  const writer = await writerIn(url);
  const person = sdk(url, "person");
  person.awareness.setLocalStateField("user", { name: "Bob" });
  const isSeen = () => writer.provider.awareness.getStates().has(person.doc.clientID);
  await untilPresence(writer.provider.awareness, isSeen);
  door.set("person", { access: "write", presence: false });
  expect(await server.reauthorize({ documentName: "plan" })).toBe(2);
  await untilPresence(writer.provider.awareness, () => !isSeen());
  expect(person.wsconnected).toBe(true);
});

test("who may read no longer is sent away, comes back to be seen only, and reads again when they may", async () => {
  const { url, server, door } = await serve({ ...levels, person: { access: "read", subject: "p" } });
  const writer = await writerIn(url);
  const person = sdk(url, "person");
  await expect.poll(() => person.doc.getText("text").toString(), patiently).toBe("secret");
  door.set("person", { access: "presence", subject: "p" });
  expect(await server.reauthorize({ subject: "p" })).toBe(1);
  await expect.poll(() => [person.access.level, person.synced], patiently).toEqual(["presence", false]);
  writer.text.insert(6, " 2");
  door.set("person", { access: "read", subject: "p" });
  await server.reauthorize({ subject: "p" });
  await expect.poll(() => person.doc.getText("text").toString(), patiently).toBe("secret 2");
});

test("whoever revokes has to say what", async () => {
  const { server } = await serve(levels);
  await expect(server.revoke({})).rejects.toThrow(/subject, a tokenId or a documentName/);
});

test("what authorize is asked with names where the client comes from", async () => {
  const { url, door } = await serve(levels);
  expect(door).toBeInstanceOf(Door);
  await writerIn(url);
  expect(door.asked[0]?.request).toMatchObject({ headers: { host: expect.stringMatching(/^127/) as string } });
});
