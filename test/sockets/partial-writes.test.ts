/** Clients of both dialects that may change `comments` only, beside others who write the text. */
import { SynclineProvider, type RejectedUpdate } from "@syncline/client";
import { closeCodes } from "@syncline/protocol";
import { MemoryStorage, startServer, type Authorization, type SynclineServer } from "@syncline/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { readAuthMessage } from "y-protocols/auth";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { buildUpdate, contents, type StructSpec } from "../fixtures/update-builder.js";
import { synced, until, type Client } from "../support/clients.js";
import { patiently } from "../support/patience.js";
import { Speaker } from "../support/speaker.js";

const documentName = "plan";
const reason = 'you may not change "text", only "comments"';
const answers: Readonly<Record<string, Authorization>> = {
  "": { access: "write" },
  comments: { access: "comment" },
};

async function serve(): Promise<SynclineServer> {
  const authorize = ({ token }: { readonly token: string }) => answers[token] ?? { access: "none" as const };
  const server = await startServer({ port: 0, data: new MemoryStorage(), authorize });
  onTestFinished(() => server.close());
  return server;
}

interface Person extends Client {
  readonly comments: Y.Array<unknown>;
  /** Sentences with which it was told that it may not. */
  readonly denials: string[];
}

type Join = (url: string, token?: string, doc?: Y.Doc) => Person;

const byStock: Join = (url, token = "", doc = new Y.Doc()) => {
  const provider = new WebsocketProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
    maxBackoffTime: 100,
    params: token === "" ? {} : { token },
  });
  const denials: string[] = [];
  // Instead of a line on the console.
  provider.messageHandlers[2] = (_, decoder) => readAuthMessage(decoder, doc, (_doc, why) => denials.push(why));
  const destroy = () => {
    provider.destroy();
    provider.awareness.destroy();
  };
  onTestFinished(destroy);
  return { doc, text: doc.getText("text"), comments: doc.getArray("comments"), provider, denials, destroy };
};

const byOurs = (url: string, token = "", doc = new Y.Doc()): Person & { readonly provider: SynclineProvider } => {
  const provider = new SynclineProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket,
    maxBackoffTime: 100,
    token,
  });
  const destroy = () => provider.destroy();
  onTestFinished(destroy);
  const denials: string[] = [];
  provider.on("rejected", ({ reason: why }: RejectedUpdate) => denials.push(why));
  return { doc, text: doc.getText("text"), comments: doc.getArray("comments"), provider, denials, destroy };
};

const says = ({ doc, text }: Person, wanted: string) => until(doc, () => text.toJSON() === wanted);
const hasComments = ({ doc, comments }: Person, wanted: readonly unknown[]) =>
  until(doc, () => JSON.stringify(comments) === JSON.stringify(wanted));

async function atServer(url: string): Promise<{ readonly text: string; readonly comments: unknown[] }> {
  const fresh = byStock(url);
  await synced(fresh);
  fresh.destroy();
  return { text: fresh.text.toJSON(), comments: fresh.comments.toJSON() };
}

const allSynced = (...people: readonly Person[]) => Promise.all(people.map(synced));

describe.each<[string, Join]>([
  ["a client of y-websocket", byStock],
  ["a client of ours", byOurs],
])("%s that comments", (_, join) => {
  test("writes comments while others write the text, leaves, and comes back with what it wrote meanwhile", async () => {
    const { url } = await serve();
    const [writer, member] = [byOurs(url), join(url, "comments")];
    await allSynced(writer, member);
    for (let round = 0; round < 20; round++) {
      writer.text.insert(writer.text.length, "x");
      member.comments.push([round]);
    }
    const upTo = (end: number) => Array.from({ length: end }, (_value, index) => index);
    await Promise.all([hasComments(writer, upTo(20)), says(member, "x".repeat(20))]);
    member.provider.disconnect();
    member.comments.push([20]);
    member.comments.delete(0, 1);
    const thread = new Y.Map<unknown>();
    member.comments.push([thread]);
    thread.set("by", "me");
    thread.set("by", "somebody");
    writer.text.insert(0, "meanwhile ");
    writer.comments.delete(0, 2);
    member.provider.connect();
    await says(member, `meanwhile ${"x".repeat(20)}`);
    const wanted = [...upTo(21).slice(2), { by: "somebody" }];
    await Promise.all([hasComments(writer, wanted), hasComments(member, wanted)]);
    expect(member.denials).toEqual([]);
    expect(await atServer(url)).toEqual({ text: `meanwhile ${"x".repeat(20)}`, comments: wanted });
  });

  test("is not blamed for what Yjs tidies up in a text that it shows", async () => {
    const { url } = await serve();
    const member = join(url, "comments");
    let tidiedCount = 0;
    member.doc.on("update", (_update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
      if (local) tidiedCount += 1;
    });
    const speaker = await Speaker.open(url, documentName);
    const { room } = await speaker.hears("opened");
    const [first, second] = [new Y.Doc(), new Y.Doc()];
    first.getText("text").insert(0, "some text");
    const plain = Y.encodeStateAsUpdate(first);
    Y.applyUpdate(second, plain);
    // Both make it bold: one of them too many.
    const marks = [first, second].map((doc) => {
      const before = Y.encodeStateVector(doc);
      doc.getText("text").format(0, 4, { bold: true });
      return Y.encodeStateAsUpdate(doc, before);
    });
    for (const [index, update] of [plain, ...marks].entries()) {
      const { clientID } = index < 2 ? first : second;
      const clock = Y.parseUpdateMeta(update).to.get(clientID) ?? Infinity;
      speaker.say({ type: "update", room, n: index + 1, update });
      // One by one: a mark is one too many beside those that were there before.
      await until(member.doc, () => Y.getState(member.doc.store, clientID) >= clock);
    }
    await expect.poll(() => tidiedCount, patiently).toBeGreaterThan(0);
    member.comments.push(["seen"]);
    await expect.poll(async () => (await atServer(url)).comments, patiently).toEqual(["seen"]);
    expect(member.denials).toEqual([]);
  });

  test("is told when it writes elsewhere, and nothing of that is seen; it goes on reading, also after it has come back", async () => {
    const { url } = await serve();
    const [writer, member] = [byOurs(url), join(url, "comments")];
    await allSynced(writer, member);
    writer.text.insert(0, "text");
    await says(member, "text");
    member.doc.transact(() => {
      member.comments.push(["with it"]);
      member.text.delete(0, 4);
    });
    await expect.poll(() => member.denials, patiently).toEqual([reason]);
    writer.comments.push(["after"]);
    await until(member.doc, () => member.comments.toJSON().includes("after"));
    member.provider.disconnect();
    member.provider.connect();
    writer.comments.push(["later"]);
    await until(member.doc, () => member.comments.toJSON().includes("later"));
    expect(await atServer(url)).toEqual({ text: "text", comments: ["after", "later"] });
    expect(writer.text.toJSON()).toBe("text");
  });
});

test("who comments pastes between keystrokes, more than is looked through at once: all of it arrives, in order", async () => {
  const { url } = await serve();
  const pasted = "pasted ".repeat(60_000);
  const [writer, member] = [byOurs(url), byOurs(url, "comments")];
  await allSynced(writer, member);
  const comment = async (words: string) => {
    member.comments.push([words]);
    // So that what is typed next travels by itself.
    await new Promise<void>((resolve) => void setImmediate(resolve));
  };
  for (const words of ["before", pasted, "after"]) await comment(words);
  member.text.insert(0, pasted);
  await comment("behind what is refused");
  await expect.poll(() => member.denials.includes(reason), patiently).toBe(true);
  await hasComments(writer, ["before", pasted, "after"]);
  expect(await atServer(url)).toEqual({ text: "", comments: ["before", pasted, "after"] });
});

test("a client of ours takes its edits back and comments on", async () => {
  const { url } = await serve();
  const [writer, member] = [byOurs(url), byOurs(url, "comments")];
  await allSynced(writer, member);
  member.text.insert(0, "not mine");
  member.comments.push(["lost with it"]);
  await expect.poll(() => member.denials, patiently).toEqual([reason]);
  await member.provider.revertRejected();
  expect([member.text.toJSON(), member.comments.toJSON()]).toEqual(["", []]);
  member.comments.push(["mine"]);
  await hasComments(writer, ["mine"]);
  await expect.poll(() => member.provider.pending.count, patiently).toBe(0);
});

test("a client of ours deletes where it may not and comments: others see the comment, and it takes neither for saved", async () => {
  const { url } = await serve();
  const [writer, member] = [byOurs(url), byOurs(url, "comments")];
  await allSynced(writer, member);
  writer.text.insert(0, "some text");
  await says(member, "some text");
  const counts: number[] = [];
  member.provider.on("durable", ({ total }) => counts.push(total));
  member.text.delete(0, 5);
  const whenDurable = expect(member.provider.whenDurable()).rejects.toMatchObject({ code: "rejected" });
  await Promise.resolve();
  member.comments.push(["sent before the answer"]);
  await hasComments(writer, ["sent before the answer"]);
  await whenDurable;
  // What the server wrote before this, the ack of the comment too, has arrived.
  writer.comments.push(["after"]);
  await until(member.doc, () => member.comments.toJSON().includes("after"));
  expect(member.denials).toEqual([reason]);
  expect([member.provider.saveState.durable, member.provider.pending.count, counts]).toEqual([0, 2, []]);
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(writer.doc));
  Y.applyUpdate(copy, member.provider.exportRejected() ?? new Uint8Array());
  expect(copy.getText("text").toJSON()).toBe("text");
  await member.provider.revertRejected();
  const wanted = { text: "some text", comments: ["sent before the answer", "after"] };
  expect([member.doc.toJSON(), await atServer(url), writer.doc.toJSON()]).toEqual([wanted, wanted, wanted]);
  await expect.poll(() => member.provider.pending.count, patiently).toBe(0);
});

test("a client of y-websocket that goes on typing where it may not is told once and kept, and others are not disturbed", async () => {
  const { url } = await serve();
  const [writer, member] = [byOurs(url), byStock(url, "comments")];
  await allSynced(writer, member);
  let closeCount = 0;
  (member.provider as WebsocketProvider).on("connection-close", () => (closeCount += 1));
  for (let key = 0; key < 60; key++) member.text.insert(key, "x");
  await expect.poll(() => member.denials, patiently).toEqual([reason]);
  writer.comments.push(["still here"]);
  await hasComments(member, ["still here"]);
  writer.text.insert(0, "text");
  await until(member.doc, () => member.text.toJSON().includes("text"));
  expect(member.denials).toEqual([reason]);
  expect(closeCount).toBe(0);
  expect(await atServer(url)).toEqual({ text: "text", comments: ["still here"] });
});

test("each way around is answered with 4403, and what it would have changed stays", async () => {
  const { url } = await serve();
  const writer = byOurs(url);
  await allSynced(writer);
  writer.doc.clientID = 100;
  writer.text.insert(0, "text");
  writer.doc.getMap("map").set("deep", new Y.Text("deep"));
  await expect.poll(() => writer.provider.pending.count, patiently).toBe(0);
  const intruder = await Speaker.open(url, documentName, { token: "comments" });
  const { room } = await intruder.hears("opened");
  const id = { client: 100, clock: 1 };
  const letter = contents.string("x");
  const coming = (client: number, struct: StructSpec) => buildUpdate([{ client, clock: 0, structs: [struct] }]);
  const attempts = [
    coming(1, { content: letter, parent: "text" }),
    coming(2, { content: letter, parent: "comments2" }),
    coming(3, { content: letter, origin: id }),
    coming(4, { content: letter, rightOrigin: id }),
    coming(5, { content: letter, parent: { client: 100, clock: 4 } }),
    coming(6, { content: contents.doc("guid", {}), parent: "map", key: "deep" }),
    buildUpdate([
      { client: 100, clock: 3, structs: [{ content: contents.string("t, and more"), parent: "comments" }] },
    ]),
    buildUpdate([], [{ client: 100, ranges: [{ clock: 0, length: 1 }] }]),
    buildUpdate([], [{ client: 100, ranges: [{ clock: 4, length: 1 }] }]),
  ];
  for (const [index, update] of attempts.entries()) {
    const n = index + 1;
    intruder.say({ type: "update", room, n, update });
    expect(await intruder.hears("reject", (reject) => reject.n === n)).toMatchObject({ code: closeCodes.forbidden });
  }
  expect(intruder.countOf("ack")).toBe(0);
  expect(await atServer(url)).toEqual({ text: "text", comments: [] });
  const metrics = await (await fetch(`${url.replace("ws", "http")}/metrics`)).text();
  expect(metrics).toMatch(new RegExp(`^syncline_refusals_total\\{kind="roots"\\} ${attempts.length}$`, "m"));
});
