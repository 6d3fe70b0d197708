/** Messages of the syncline dialect that are malformed, out of turn, about rooms nobody opened, or too many. */
import {
  encodeFrame,
  encodeStreamClose,
  encodeStreamFrame,
  maxStreamsPerSocket,
  type Message,
} from "@syncline/protocol";
import * as encoding from "lib0/encoding";
import { overLong } from "../fixtures/update-builder.js";
import { closed, ignored, left, refused, rejected, taken, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { editBy } from "./edits.js";
import { SharedSocket } from "./shared-socket.js";
import { hello, open, Speaker, type OpenOptions } from "./speaker.js";

const MiB = 1024 * 1024;
const max = Number.MAX_SAFE_INTEGER;

/** A member says them; what came of it at once. */
function says(...messages: readonly ((speaker: Speaker) => Message)[]) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.member(arena);
    speaker.say(...messages.map((message) => message(speaker)));
    return speaker.answer();
  };
}

/** The same for what a worker looks at first. */
function isToldLater(message: (speaker: Speaker) => Message) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.member(arena);
    speaker.say(message(speaker));
    return speaker.verdict();
  };
}

/** The same, with frames as bytes. */
function sends(...frames: readonly Uint8Array[]) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.member(arena);
    speaker.send(...frames);
    return speaker.answer();
  };
}

const serverOnly: Message[] = [
  { type: "welcome", version: 1, connectionId: "", heartbeatMs: 1, maxMessageBytes: 1, server: "" },
  { type: "opened", requestId: 1, room: 1, access: 2, generation: "", seq: 1, stateVector: Uint8Array.of(0) },
  { type: "refused", requestId: 1, code: 4403, reason: "" },
  { type: "synced", room: 1, seq: 1 },
  { type: "ack", room: 1, n: 1, clock: 1, level: 2, seq: 1 },
  { type: "reject", room: 1, n: 1, code: 4403, reason: "" },
  { type: "access", room: 1, access: 2, reason: "", roots: "" },
  { type: "goaway", reconnectAfterMs: 0, reason: "" },
]; // prettier-ignore

const outOfTurn: HostileCase[] = serverOnly.map((message) => ({
  name: `${message.type}, which only a server sends`,
  attack: says(() => message),
  answer: closed(4400, new RegExp(`may not send ${message.type}`)),
}));

const malformed: HostileCase[] = [
  { name: "an empty frame", attack: sends(new Uint8Array()), answer: closed(4400, /frame is empty/) },
  { name: "an empty message", attack: sends(Uint8Array.of(0)), answer: closed(4400, /bytes end/) },
  { name: "a message longer than its frame", attack: sends(Uint8Array.of(5, 14, 1)), answer: closed(4400, /longer than/) },
  { name: "a message that announces 2^53-1 bytes", attack: sends(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 15)), answer: closed(4400, /longer than/) },
  { name: "a message that announces 2^53 bytes", attack: sends(Uint8Array.of(128, 128, 128, 128, 128, 128, 128, 16)), answer: closed(4400, /2\^53/) },
  { name: "a length that never ends", attack: sends(new Uint8Array(1_000).fill(0x80)), answer: closed(4400, /2\^53/) },
  { name: "a length in one byte too many", attack: sends(Uint8Array.from([...overLong(2, 2), 14, 1])), answer: closed(4400, /more bytes than it needs/) },
  { name: "a length in 150 bytes, which lib0 reads as no number", attack: sends(Uint8Array.from([...overLong(2, 150), 14, 1])), answer: closed(4400, /2\^53/) },
  { name: "a type in one byte too many", attack: sends(Uint8Array.from([3, ...overLong(14, 2), 1])), answer: closed(4400, /more bytes than it needs/) },
  { name: "a ping without its number", attack: sends(Uint8Array.of(1, 14)), answer: closed(4400, /bytes end/) },
  { name: "a close whose reason is not UTF-8", attack: sends(Uint8Array.of(5, 11, 1, 0, 1, 0xff)), answer: closed(4400, /UTF-8/) },
  { name: "a close whose reason holds half a surrogate pair", attack: sends(Uint8Array.of(7, 11, 1, 0, 3, 0xed, 0xa0, 0x80)), answer: closed(4400, /UTF-8/) },
  { name: "an update that is longer than its message, but not than the frame", attack: sends(Uint8Array.of(4, 5, 1, 1, 100, ...new Uint8Array(100))), answer: closed(4400, /longer than/) },
  { name: "an open that has what nobody knows", attack: sends(Uint8Array.of(8, 2, 2, 1, 97, 0, 1, 0, 2)), answer: closed(4400, /unknown kind, 2/) },
  { name: "a good message before one that is broken: it is dealt with, and then the socket closed", attack: sends(Uint8Array.of(2, 14, 1, 9)), answer: closed(4400, /longer than/) },
  { name: "a ping with fields nobody knows", attack: sends(Uint8Array.of(5, 14, 1, 2, 3, 4)), answer: ignored },
  ...[17, 127].map((type) => ({ name: `a message of the unknown type ${type}`, attack: sends(Uint8Array.of(3, type, 1, 2)), answer: ignored })),
  { name: "a message of the type 2^53-1", attack: sends(Uint8Array.of(8, 255, 255, 255, 255, 255, 255, 255, 15)), answer: ignored },
  { name: "200,000 messages nobody knows in one frame", attack: sends(new Uint8Array(400_000).map((_, index) => (index % 2 === 0 ? 1 : 99))), answer: ignored },
]; // prettier-ignore

const edit = editBy(910);

async function guessesARoom(arena: Arena): Promise<Answer> {
  const member = await Speaker.member(arena);
  const { room } = member;
  member.leave();
  const speaker = await Speaker.greeted(arena);
  speaker.say({ type: "update", room, n: 1, update: edit });
  return speaker.answer();
}

const rooms: HostileCase[] = [
  ...[0, 999, max].flatMap((room): HostileCase[] => [
    { name: `an update of room ${room}, which it has not opened`, attack: says(() => ({ type: "update", room, n: 1, update: edit })), answer: ignored },
    { name: `presence in room ${room}, which it has not opened`, attack: says(() => ({ type: "awareness", room, update: Uint8Array.of(1, 7, 1, 2, 0x7b, 0x7d) })), answer: ignored },
    { name: `an event to room ${room}, which it has not opened`, attack: says(() => ({ type: "event", room, kind: 0, payload: new Uint8Array(1) })), answer: ignored },
    { name: `leaving room ${room}, which it has not opened`, attack: says(() => ({ type: "close", room, code: 0, reason: "" })), answer: ignored },
  ]),
  { name: "an update of a room that others have open, by guessing its number", attack: guessesARoom, answer: ignored },
  { name: "an update of a room it has left", attack: says(({ room }) => ({ type: "close", room, code: 0, reason: "" }), ({ room }) => ({ type: "update", room, n: 1, update: edit })), answer: ignored },
  { name: "an event to a room it has left", attack: says(({ room }) => ({ type: "close", room, code: 0, reason: "" }), ({ room }) => ({ type: "event", room, kind: 0, payload: new Uint8Array(1) })), answer: ignored },
  { name: "leaving twice", attack: says(({ room }) => ({ type: "close", room, code: 0, reason: "" }), ({ room }) => ({ type: "close", room, code: 0, reason: "" })), answer: ignored },
  { name: "leaving with a code and a reason of 64 KiB", attack: says(({ room }) => ({ type: "close", room, code: max, reason: "x".repeat(65_536) })), answer: ignored },
]; // prettier-ignore

const counters: HostileCase[] = [
  { name: "an update that is counted as 0", attack: says(({ room }) => ({ type: "update", room, n: 0, update: edit })), answer: closed(4400, /counted from 1/) },
  { name: "a first update that is counted as 2", attack: says(({ room }) => ({ type: "update", room, n: 2, update: edit })), answer: left(4510, /lost on the way/) },
  { name: "a first update that is counted as 2^53-1", attack: says(({ room }) => ({ type: "update", room, n: max, update: edit })), answer: left(4510, /lost on the way/) },
  { name: "a number used twice", attack: says(({ room }) => ({ type: "update", room, n: 1, update: Uint8Array.of(0, 0) }), ({ room }) => ({ type: "update", room, n: 1, update: edit })), answer: left(4510, /lost on the way/) },
  { name: "numbers that go back", attack: says(...[1, 2, 1].map((n) => ({ room }: Speaker): Message => ({ type: "update", room, n, update: Uint8Array.of(0, 0) }))), answer: left(4510, /lost on the way/) },
  { name: "an update after a hole in the numbers", attack: says(({ room }) => ({ type: "update", room, n: 5, update: Uint8Array.of(0, 0) }), ({ room }) => ({ type: "update", room, n: 6, update: edit })), answer: left(4510, /lost on the way/) },
  { name: "10,000 updates of nothing", attack: says(...Array.from({ length: 10_000 }, (_, index) => ({ room }: Speaker): Message => ({ type: "update", room, n: index + 1, update: Uint8Array.of(0, 0) }))), answer: ignored },
  { name: "an update of 4 MiB and one byte", attack: says(({ room }) => ({ type: "update", room, n: 1, update: new Uint8Array(4 * MiB + 1) })), answer: rejected(4413, /4194305 bytes; at most 4194304/) },
  { name: "an update of exactly 4 MiB, of noise", attack: isToldLater(({ room }) => ({ type: "update", room, n: 1, update: new Uint8Array(4 * MiB).fill(9) })), answer: left(4400, /an update was refused/) },
]; // prettier-ignore

/** An open of the attacked document that is not as it should be. */
function opens(options: Partial<OpenOptions>) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.greeted(arena);
    speaker.say(open({ documentName: arena.room, ...options }));
    return speaker.verdict();
  };
}

const vector = (...bytes: readonly number[]): Partial<OpenOptions> => ({
  have: { kind: "state-vector", stateVector: Uint8Array.from(bytes) },
});

async function resumes(arena: Arena, seqBeyond: number): Promise<Answer> {
  const member = await Speaker.greeted(arena);
  const { generation, seq } = await member.joins(open({ documentName: arena.room }));
  member.leave();
  return opens({ generation, have: { kind: "resume", seq: Math.min(max, seq + seqBeyond) } })(arena);
}

/** A state vector of so many clients that nobody knows. */
function manyClients(count: number): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, count);
  for (let index = 0; index < count; index++) {
    encoding.writeVarUint(encoder, 1_000_000 + index);
    encoding.writeVarUint(encoder, 1);
  }
  return encoding.toUint8Array(encoder);
}

async function opensAndLeaves(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena);
  for (let requestId = 1; requestId <= 200; requestId++) {
    await speaker.joins(open({ documentName: arena.room, requestId }));
    speaker.say({ type: "close", room: speaker.room, code: 0, reason: "" });
  }
  return speaker.answer();
}

async function opensOneTooOften(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena);
  for (let requestId = 1; requestId <= 500; requestId++) speaker.say(open({ documentName: arena.room, requestId }));
  return speaker.verdict();
}

async function opensAHundred(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena);
  for (let requestId = 1; requestId <= 100; requestId++)
    speaker.say(open({ documentName: `one of many ${requestId}`, requestId }));
  await speaker.hears(() => speaker.messages.filter(({ type }) => type === "synced")[99]);
  return speaker.answer();
}

async function opensOneMore(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena);
  for (let requestId = 1; requestId <= 101; requestId++)
    speaker.say(open({ documentName: `one of many ${requestId}`, requestId }));
  return speaker.verdict();
}

const opening: HostileCase[] = [
  { name: "an open with a generation that is not the document's", attack: opens({ generation: "another" }), answer: refused(4409, /replaced/) },
  { name: "an open with a generation of 64 KiB", attack: opens({ generation: "g".repeat(65_536) }), answer: refused(4409, /replaced/) },
  { name: "resuming without a generation", attack: opens({ have: { kind: "resume", seq: 1 } }), answer: refused(4400, /takes the generation/) },
  { name: "resuming with another generation", attack: opens({ generation: "another", have: { kind: "resume", seq: 1 } }), answer: refused(4409, /replaced/) },
  { name: "resuming a thousand entries beyond the end of the log", attack: (arena) => resumes(arena, 1_000), answer: refused(4511, /open with a state vector/) },
  { name: "resuming at 2^53-1", attack: (arena) => resumes(arena, max), answer: refused(4511, /open with a state vector/) },
  { name: "a state vector of no bytes", attack: opens(vector()), answer: refused(4400, /^/) },
  { name: "a state vector that announces 2^25 clients", attack: opens(vector(0x80, 0x80, 0x80, 0x10)), answer: refused(4400, /^/) },
  { name: "a state vector that ends in the middle", attack: opens(vector(2, 1, 1, 2)), answer: refused(4400, /^/) },
  { name: "a state vector with a clock in 150 bytes", attack: opens(vector(1, 1, ...overLong(1, 150))), answer: refused(4400, /^/) },
  { name: "a state vector with bytes after its end", attack: opens(vector(0, 0)), answer: refused(4400, /^/) },
  { name: "a state vector with clocks of 2^53-1", attack: async (arena) => { const speaker = await Speaker.greeted(arena); await speaker.joins(open({ documentName: arena.room, ...vector(1, 1, 255, 255, 255, 255, 255, 255, 255, 15) })); return speaker.answer(); }, answer: ignored },
  { name: "a state vector of 50,000 clients", attack: async (arena) => { const speaker = await Speaker.greeted(arena); await speaker.joins(open({ documentName: arena.room, have: { kind: "state-vector", stateVector: manyClients(50_000) } })); return speaker.answer(); }, answer: ignored },
  { name: "a client id of 2^53-1", attack: async (arena) => { const speaker = await Speaker.greeted(arena); await speaker.joins(open({ documentName: arena.room, clientId: max })); return speaker.answer(); }, answer: ignored },
  { name: "a client id that is a member's", attack: async (arena) => { const speaker = await Speaker.greeted(arena); await speaker.joins(open({ documentName: arena.room, clientId: arena.victimId })); return speaker.answer(); }, answer: ignored },
  { name: "the same document opened 50 times in one frame, with one request id", attack: async (arena) => { const speaker = await Speaker.greeted(arena); speaker.say(...Array<Message>(50).fill(open({ documentName: arena.room }))); await speaker.hearsMessage("synced"); return speaker.answer(); }, answer: ignored },
  { name: "the same document opened 500 times at once: above a hundred they are refused", attack: opensOneTooOften, answer: refused(4529, /at most 100 documents/) },
  { name: "a document opened and left 200 times", attack: opensAndLeaves, answer: ignored },
  { name: "the hundredth document of a connection", attack: opensAHundred, answer: ignored },
  { name: "the hundred-and-first document of a connection", attack: opensOneMore, answer: refused(4529, /at most 100 documents/) },
]; // prettier-ignore

const repeat = (count: number, message: Message) => says(...Array<() => Message>(count).fill(() => message));

async function speaksBeforeTheAnswer(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena, "late-writer");
  speaker.say(open({ documentName: arena.room }), {
    type: "event",
    room: 1,
    kind: 0,
    payload: new Uint8Array(200_000),
  });
  await speaker.hearsMessage("synced");
  return speaker.answer();
}

const floods: HostileCase[] = [
  { name: "20,000 pings in one frame", attack: repeat(20_000, { type: "ping", n: 5 }), answer: ignored },
  { name: "a ping with 2^53-1", attack: repeat(1, { type: "ping", n: max }), answer: ignored },
  { name: "20,000 pongs nobody asked for", attack: repeat(20_000, { type: "pong", n: 5 }), answer: ignored },
  { name: "20,000 closes of no room", attack: repeat(20_000, { type: "close", room: 999, code: 0, reason: "" }), answer: ignored },
  { name: "an open of a document and 200,000 bytes of it before the answer", attack: speaksBeforeTheAnswer, answer: ignored },
]; // prettier-ignore

/** Records on a shared socket; how the neighbour fares. */
function records(...all: readonly Uint8Array[]) {
  return async (arena: Arena): Promise<Answer> => {
    const shared = await SharedSocket.open(arena);
    shared.record(...all);
    return shared.neighbour(1_000_000);
  };
}

/** What a stream says first; how that stream is closed. */
function streams(frame: Uint8Array) {
  return async (arena: Arena): Promise<Answer> => {
    const shared = await SharedSocket.open(arena);
    shared.record(encodeStreamFrame(7, frame));
    return shared.answer(7);
  };
}

const shared: HostileCase[] = [
  { name: "an empty record", attack: records(new Uint8Array()), answer: closed(4400, /bytes end/) },
  { name: "a record of a kind that is none", attack: records(Uint8Array.of(1, 2)), answer: closed(4400, /2 is no kind/) },
  { name: "a record whose stream is a number in too many bytes", attack: records(Uint8Array.of(...overLong(1, 2), 0)), answer: closed(4400, /more bytes than it needs/) },
  { name: "half a close of a stream", attack: records(Uint8Array.of(1, 1, 0)), answer: closed(4400, /bytes end/) },
  { name: "a close of a stream whose reason is not UTF-8", attack: records(Uint8Array.of(1, 1, 0, 1, 0xff)), answer: closed(4400, /UTF-8/) },
  { name: "a close of a stream that was never there", attack: records(encodeStreamClose(9, 0, "")), answer: ignored },
  { name: "20,000 closes of streams that were never there", attack: records(...Array.from({ length: 20_000 }, (_, index) => encodeStreamClose(index, 0, ""))), answer: ignored },
  { name: "a stream of number 0, which is no stream", attack: records(encodeStreamFrame(0, encodeFrame([hello()]))), answer: ignored },
  { name: "a stream of number 2^53-1, after which there are none", attack: async (arena) => { const stream = await SharedSocket.open(arena); return stream.neighbour(max); }, answer: ignored },
  { name: "a stream below one that was there", attack: records(encodeStreamFrame(5, encodeFrame([hello()])), encodeStreamFrame(4, new Uint8Array())), answer: ignored },
  { name: "frames of a stream that has ended", attack: records(encodeStreamFrame(5, encodeFrame([hello()])), encodeStreamClose(5, 0, ""), encodeStreamFrame(5, encodeFrame([open({ documentName: "attacked" })]))), answer: ignored },
  { name: "10,000 streams, one after the other", attack: records(...Array.from({ length: 10_000 }, (_, index) => [encodeStreamFrame(index + 1, encodeFrame([hello()])), encodeStreamClose(index + 1, 0, "")]).flat()), answer: ignored },
  { name: "a stream more than a socket has", attack: async (arena) => { const stream = await SharedSocket.open(arena); for (let number = 1; number <= maxStreamsPerSocket + 1; number++) stream.say(number, hello()); return stream.answer(maxStreamsPerSocket + 1); }, answer: closed(4529, /at most 50 streams/) },
  { name: "50 streams in the same document, which then all go at once", attack: async (arena) => { const stream = await SharedSocket.open(arena); await Promise.all(Array.from({ length: maxStreamsPerSocket - 1 }, (_, index) => stream.joins(index + 1))); return stream.neighbour(60); }, answer: ignored },
  { name: "an empty frame on a stream: it is closed", attack: streams(new Uint8Array()), answer: closed(4400, /frame is empty/) },
  { name: "something else than hello on a stream: it is closed", attack: streams(encodeFrame([{ type: "ping", n: 1 }])), answer: closed(4400, /must be hello/) },
  { name: "a hello above 8 KiB on a stream: it is closed", attack: streams(encodeFrame([hello("x".repeat(8_200))])), answer: closed(4400, /8192 bytes/) },
  { name: "a stream that breaks the protocol, beside one that does not", attack: records(encodeStreamFrame(7, new Uint8Array())), answer: ignored },
]; // prettier-ignore

const eventOf =
  (byteCount: number, kind = 0) =>
  ({ room }: Speaker): Message => ({ type: "event", room, kind, payload: new Uint8Array(byteCount) });

const events: HostileCase[] = [
  { name: "an event of exactly 64 KiB", attack: says(eventOf(65_536)), answer: taken },
  { name: "an event of 64 KiB and one byte", attack: says(eventOf(65_537)), answer: left(4413, /65537 bytes; at most 65536/) },
  { name: "an event of a kind nobody knows", attack: says(eventOf(1, max)), answer: taken },
  { name: "an event of text that is not UTF-8", attack: says(({ room }) => ({ type: "event", room, kind: 1, payload: Uint8Array.of(0xff, 0xfe) })), answer: taken },
  { name: "an event of nothing", attack: says(eventOf(0)), answer: taken },
]; // prettier-ignore

family("Syncline messages", [...outOfTurn, ...malformed, ...rooms, ...counters, ...floods]);
family("Opening documents", opening);
family("Shared sockets", shared);
family(
  "Application events",
  events.map((hostile) => (hostile.answer === taken ? { ...hostile, attack: becomesTaken(hostile.attack) } : hostile)),
);

/** What is passed on to others is answered by nothing either. */
function becomesTaken(attack: HostileCase["attack"]): HostileCase["attack"] {
  return async (arena) => {
    const answer = await attack(arena);
    return answer.kind === "ignored" ? taken : answer;
  };
}
