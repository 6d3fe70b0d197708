/** Members who may not write: every way of writing all the same. Nothing of it reaches anybody. */
import type { Message } from "@syncline/protocol";
import * as Y from "yjs";
import { buildUpdate, contents } from "../fixtures/update-builder.js";
import { closed, denied, ignored, left, rejected, taken, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { editBy } from "./edits.js";
import { Session } from "./session.js";
import { SharedSocket } from "./shared-socket.js";
import { hello, open, Speaker, type MessageOf } from "./speaker.js";
import { StockStranger } from "./stranger.js";

/** What somebody who may not write tries to. Made for the room as it is: they lean on what it has. */
const edits: readonly (readonly [what: string, update: (arena: Arena) => Uint8Array])[] = [
  ["an edit", () => editBy(940)],
  ["a deletion, and nothing else", ({ victimId }) => buildUpdate([], [{ client: victimId, ranges: [{ clock: 0, length: 3 }] }])],
  ["a format of what others wrote", ({ victimId }) => buildUpdate([{ client: 941, clock: 0, structs: [{ content: contents.format("bold", "true"), rightOrigin: { client: victimId, clock: 0 } }] }])],
  ["a subdocument", () => editBy(942, (doc) => doc.getMap("map").set("sub", new Y.Doc({ guid: "sub" })))],
  ["a garbage collected struct", () => buildUpdate([{ client: 943, clock: 0, structs: [{ content: contents.gc(5) }] }])],
  ["an update of nothing", () => Uint8Array.of(0, 0)],
  ["an update that leans on what is not there", () => buildUpdate([{ client: 944, clock: 9, structs: [{ content: contents.string("a") }] }])],
  ["bytes that are no update", () => Uint8Array.of(1, 2, 3)],
  ["an update of 4 MiB and one byte", () => new Uint8Array(4 * 1024 * 1024 + 1)],
  ["300,000 deletions", () => buildUpdate([], [{ client: 1, ranges: Array.from({ length: 300_000 }, (_, index) => ({ clock: index * 2, length: 1 })) }])],
]; // prettier-ignore

/** Over a carrier, and what is said after the document was opened. */
type Way = (arena: Arena, update: Uint8Array) => Promise<Answer>;

const stock = (token: string, type: "update" | "sync-step-2"): Way => async (arena, update) => {
  const stranger = await StockStranger.open(arena, { token });
  stranger.say({ type, update });
  return stranger.answer();
}; // prettier-ignore

const syncline = (token: string): Way => async (arena, update) => {
  const speaker = await Speaker.greeted(arena, token);
  await speaker.joins(open({ documentName: arena.room }));
  speaker.update(1, update);
  return speaker.answer();
}; // prettier-ignore

const reading = /not change it/;

const ways: readonly (readonly [how: string, way: Way, answer: Answer])[] = [
  ["a reader's update, y-websocket", stock("reader", "update"), denied(reading)],
  ["a reader's step2, y-websocket", stock("reader", "sync-step-2"), denied(reading)],
  ["a reader's update, syncline", syncline("reader"), rejected(4403, reading)],
];

const written: HostileCase[] = edits.flatMap(([what, update]) =>
  ways.map(([how, way, answer]) => ({ name: `${how}: ${what}`, attack: (arena) => way(arena, update(arena)), answer })),
);

/** A reader who says something else than an update. */
function says(message: (speaker: Speaker) => Message, token = "reader") {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.greeted(arena, token);
    await speaker.joins(open({ documentName: arena.room }));
    speaker.say(message(speaker));
    return speaker.answer();
  };
}

async function overSession(arena: Arena, outlet: "hears" | "hearsByEvents"): Promise<Answer> {
  const session = await Session.open(arena);
  await session.say(hello("reader"), open({ documentName: arena.room }));
  const opened = await session[outlet]((heard) =>
    heard.find((message): message is MessageOf<"opened"> => message.type === "opened"),
  );
  if (!("room" in opened)) return opened as Answer;
  await session.say({ type: "update", room: opened.room, n: 1, update: editBy(945) });
  return session[outlet]((heard) => {
    const reject = heard.find((message): message is MessageOf<"reject"> => message.type === "reject");
    return reject && ({ kind: "rejected", code: reject.code, reason: reject.reason } as const);
  }) as Promise<Answer>;
}

async function overSharedSocket(arena: Arena): Promise<Answer> {
  const shared = await SharedSocket.open(arena);
  const room = await shared.joins(1, "reader");
  shared.say(1, { type: "update", room, n: 1, update: editBy(946) });
  return shared.answer(1);
}

async function beforeItIsLoaded(arena: Arena): Promise<Answer> {
  const stranger = await StockStranger.connect(arena, { token: "reader" });
  stranger.say({ type: "sync-step-2", update: editBy(947) }, { type: "update", update: editBy(948) });
  await stranger.hears(() => stranger.messages("awareness")[0]);
  return stranger.answer();
}

async function withOpen(arena: Arena): Promise<Answer> {
  const member = await Speaker.member(arena);
  const { room } = member;
  member.leave();
  const speaker = await Speaker.greeted(arena, "reader");
  speaker.say(open({ documentName: arena.room }), { type: "update", room, n: 1, update: editBy(949) });
  await speaker.hearsMessage("synced");
  return speaker.answer();
}

async function manyUpdates(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena, "reader");
  await speaker.joins(open({ documentName: arena.room }));
  for (let n = 1; n <= 5_000; n++) speaker.update(n, editBy(950));
  await speaker.hearsMessage("reject", ({ n }) => n === 5_000);
  return speaker.verdict();
}

async function manyStockUpdates(arena: Arena): Promise<Answer> {
  const stranger = await StockStranger.open(arena, { token: "reader" });
  for (let count = 0; count < 5_000; count++) stranger.say({ type: "update", update: editBy(951) });
  const answer = await stranger.answer();
  // Told once, however often it tries.
  return stranger.messages("permission-denied").length === 1 ? answer : { kind: "silence" };
}

async function asksWithoutReading(arena: Arena): Promise<Answer> {
  const stranger = await StockStranger.open(arena, { token: "presence" });
  stranger.say({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
  const answer = await stranger.answer();
  return stranger.messages("sync-step-2").length + stranger.messages("update").length === 0 ? answer : taken;
}

async function opensToBeSeen(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena, "presence");
  const { seq, stateVector } = await speaker.joins(open({ documentName: arena.room }));
  const answer = await speaker.answer();
  const sent = speaker.messages.some(({ type }) => type === "update" || type === "synced");
  return seq === 0 && stateVector.length === 1 && !sent ? answer : taken;
}

async function resumesToBeSeen(arena: Arena): Promise<Answer> {
  const member = await Speaker.greeted(arena);
  const { generation } = await member.joins(open({ documentName: arena.room }));
  member.leave();
  const speaker = await Speaker.greeted(arena, "presence");
  await speaker.joins(open({ documentName: arena.room, generation, have: { kind: "resume", seq: 1 } }));
  const answer = await speaker.answer();
  return speaker.messages.some(({ type }) => type === "update" || type === "synced") ? taken : answer;
}

const others: HostileCase[] = [
  { name: "a reader's edits before the document is loaded, y-websocket", attack: beforeItIsLoaded, answer: denied(reading) },
  { name: "a reader's edit behind its open, by guessing the room's number, syncline", attack: withOpen, answer: ignored },
  { name: "a reader's edit over a session, by polls", attack: (arena) => overSession(arena, "hears"), answer: rejected(4403, reading) },
  { name: "a reader's edit over a session, by events", attack: (arena) => overSession(arena, "hearsByEvents"), answer: rejected(4403, reading) },
  { name: "a reader's edit on a stream of a shared socket", attack: overSharedSocket, answer: rejected(4403, reading) },
  { name: "a reader's event", attack: says(({ room }) => ({ type: "event", room, kind: 1, payload: new Uint8Array(5) })), answer: ignored },
  { name: "a reader's event above the limit", attack: says(({ room }) => ({ type: "event", room, kind: 1, payload: new Uint8Array(100_000) })), answer: ignored },
  { name: "a reader's update that is counted as 0", attack: says(({ room }) => ({ type: "update", room, n: 0, update: editBy(952) })), answer: closed(4400, /counted from 1/) },
  { name: "a reader's update after a hole in the numbers", attack: says(({ room }) => ({ type: "update", room, n: 9, update: editBy(953) })), answer: left(4510, /lost on the way/) },
  { name: "5,000 updates of a reader, syncline", attack: manyUpdates, answer: rejected(4403, reading) },
  { name: "5,000 updates of a reader, y-websocket: it is told once", attack: manyStockUpdates, answer: denied(reading) },
  { name: "an edit of one who may only be seen, syncline", attack: says(({ room }) => ({ type: "update", room, n: 1, update: editBy(954) }), "presence"), answer: rejected(4403, /see who is here/) },
  { name: "an event of one who may only be seen", attack: says(({ room }) => ({ type: "event", room, kind: 1, payload: new Uint8Array(5) }), "presence"), answer: ignored },
  { name: "a question for the document by one who may only be seen, y-websocket", attack: asksWithoutReading, answer: denied(/see who is here/) },
  { name: "an open by one who may only be seen: nothing of the document is sent", attack: opensToBeSeen, answer: ignored },
  { name: "resuming by one who may only be seen: nothing of the document is sent", attack: resumesToBeSeen, answer: ignored },
]; // prettier-ignore

family("Members who may not write", [...written, ...others]);
