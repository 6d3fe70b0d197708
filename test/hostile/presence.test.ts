/** Presence that is somebody else's, too much, or nothing that others could read. */
import { decodeAwarenessUpdate, encodeAwarenessUpdate, type AwarenessEntry } from "@syncline/protocol";
import * as encoding from "lib0/encoding";
import { closed, ignored, taken, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { open, Speaker } from "./speaker.js";
import { StockStranger } from "./stranger.js";

const here = '{"here":true}';

/** Announcements of a stranger, unless they are of somebody else. */
function encode({ strangerId }: Arena, entries: readonly Partial<AwarenessEntry>[]): Uint8Array {
  return encodeAwarenessUpdate(entries.map((changes) => ({ clientId: strangerId, clock: 1, state: here, ...changes })));
}

/** As a stock client announces itself. */
function announces(entries: (arena: Arena) => readonly Partial<AwarenessEntry>[], token = "mallory/desktop") {
  return async (arena: Arena): Promise<Answer> => {
    const stranger = await StockStranger.open(arena, { token });
    stranger.say({ type: "awareness", update: encode(arena, entries(arena)) });
    return stranger.answer();
  };
}

/** The same in the syncline dialect, where a client says at first which id is its own. */
function speaks(entries: (arena: Arena) => readonly Partial<AwarenessEntry>[], token = "mallory/desktop") {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.greeted(arena, token);
    const { room } = await speaker.joins(open({ documentName: arena.room, clientId: arena.strangerId }));
    speaker.say({ type: "awareness", room, update: encode(arena, entries(arena)) });
    return speaker.answer();
  };
}

/** What another member is shown of a client id; it is asked for what it was shown, too. */
async function shownAfter(
  arena: Arena,
  attack: (arena: Arena) => Promise<Answer>,
  clientId = arena.strangerId,
): Promise<unknown> {
  const watcher = await Speaker.member(arena, { clientId: 67 });
  const answer = await attack(arena);
  if (answer.kind !== "ignored") throw new Error(`answered with ${JSON.stringify(answer)}`);
  const find = () => {
    const entries = watcher.messages.flatMap((message) =>
      message.type === "awareness" ? decodeAwarenessUpdate(message.update) : [],
    );
    return entries.filter((each) => each.clientId === clientId).at(-1)?.state;
  };
  return JSON.parse(await watcher.hears(find)) as unknown;
}

/** It is shown, and as it should be. */
function shows(attack: (arena: Arena) => Promise<Answer>, expected: unknown) {
  return async (arena: Arena): Promise<Answer> => {
    const shown = await shownAfter(arena, attack);
    return JSON.stringify(shown) === JSON.stringify(expected)
      ? taken
      : { kind: "left", code: 0, reason: JSON.stringify(shown) };
  };
}

const forged: readonly (readonly [what: string, entries: (arena: Arena) => readonly Partial<AwarenessEntry>[]])[] = [
  ["a member's client id, with a clock far ahead", ({ victimId }) => [{ clientId: victimId, clock: 1_000_000 }]],
  ["a member's client id, with the highest clock there is", ({ victimId }) => [{ clientId: victimId, clock: 2 ** 31 - 2 }]],
  ["a member's client id, with a clock of 2^53-1", ({ victimId }) => [{ clientId: victimId, clock: Number.MAX_SAFE_INTEGER }]],
  ["a member's client id, under another name", ({ victimId }) => [{ clientId: victimId, clock: 1_000, state: '{"user":{"name":"Bob"}}' }]],
  ["a member is gone, says somebody else", ({ victimId }) => [{ clientId: victimId, clock: 1_000, state: "null" }]],
  ["a member is gone, says somebody else, with the member's own clock", ({ victimId }) => [{ clientId: victimId, clock: 1, state: "null" }]],
  ["a member is gone, says somebody else, a thousand times", ({ victimId }) => Array.from({ length: 1_000 }, (_, index) => ({ clientId: victimId, clock: index, state: "null" }))],
]; // prettier-ignore

async function announcesAsTheVictim(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena, "mallory/desktop");
  const { room } = await speaker.joins(open({ documentName: arena.room, clientId: arena.victimId }));
  speaker.say({ type: "awareness", room, update: encode(arena, [{ clientId: arena.victimId, clock: 1_000 }]) });
  return speaker.answer();
}

const forgeries: HostileCase[] = [
  ...forged.flatMap(([what, entries]): HostileCase[] => [
    { name: `${what}, y-websocket`, attack: announces(entries), answer: ignored },
    { name: `${what}, syncline`, attack: speaks(entries), answer: ignored },
  ]),
  { name: "a member's client id, by one who reads", attack: announces(({ victimId }) => [{ clientId: victimId, clock: 1_000 }], "reader"), answer: ignored },
  { name: "a member's client id, by one who opened the document with it", attack: announcesAsTheVictim, answer: ignored },
  { name: "who is gone, of whom nobody has heard", attack: announces(() => [{ clientId: 981, state: "null" }]), answer: ignored },
  { name: "presence of one whose token does not let it be seen", attack: announces(() => [{}], "unseen"), answer: ignored },
  { name: "another name than the token's", attack: shows(announces(() => [{ state: '{"user":{"name":"Bob","color":"#123456","admin":true},"cursor":1}' }], "named"), { user: { color: "#123456", name: "Ann" }, cursor: 1 }), answer: taken },
  { name: "a color that is markup", attack: shows(announces(() => [{ state: '{"user":{"color":"</style><script>"}}' }], "named"), { user: { name: "Ann" } }), answer: taken },
]; // prettier-ignore

/** A state of exactly so many bytes. */
const stateOf = (byteCount: number) => JSON.stringify({ a: "x".repeat(byteCount - '{"a":""}'.length) });
const nested = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

const unreadable: readonly (readonly [what: string, state: string])[] = [
  ["no state", ""],
  ["a state that is no JSON", "{"],
  ["a state with a comma too many", '{"a":1,}'],
  ["a state with something behind it", "{}{}"],
  ["a state of undefined", "undefined"],
  ["a state of NaN", "NaN"],
  ["a state that is a list", "[1]"],
  ["a state that is a number", "5"],
  ["a state that is a string", '"here"'],
  ["a state that is true", "true"],
  ["a state of 4 KiB and one byte", stateOf(4 * 1024 + 1)],
  ["a state of 4 KiB and one byte in characters of three", JSON.stringify({ a: "\u65e5".repeat(1_363) })],
  ["a state of a megabyte", stateOf(1024 * 1024)],
  ["a state that is larger once it is written out", `{"a":[${Array.from({ length: 300 }, () => "1e20").join(",")}]}`],
  ["a state nested 17 deep", nested(17)],
  ["a state nested 1,000 deep", nested(1_000)],
  ["a state nested 100,000 deep", nested(100_000)],
];

const states: HostileCase[] = [
  ...unreadable.map(([what, state]) => ({ name: what, attack: announces(() => [{ state }]), answer: ignored })),
  { name: "a state of exactly 4 KiB", attack: shows(announces(() => [{ state: stateOf(4 * 1024) }]), JSON.parse(stateOf(4 * 1024))), answer: taken },
  { name: "a state nested 16 deep", attack: shows(announces(() => [{ state: nested(16) }]), JSON.parse(nested(16))), answer: taken },
  { name: "a state with the key __proto__, which is left out", attack: shows(announces(() => [{ state: '{"a":1,"__proto__":{"isAdmin":true}}' }]), { a: 1 }), answer: taken },
  { name: "a state with the key __proto__ in escapes, which is left out", attack: shows(announces(() => [{ state: '{"a":{"\\u005f_proto__":1}}' }]), { a: {} }), answer: taken },
  { name: "a state with the keys constructor and toString, which are keys like others", attack: shows(announces(() => [{ state: '{"constructor":1,"toString":2}' }]), { constructor: 1, toString: 2 }), answer: taken },
  { name: "a state with a key twice: all are shown the same", attack: shows(announces(() => [{ state: '{"a":1,"a":2}' }]), { a: 2 }), answer: taken },
]; // prettier-ignore

const bytes = (...values: readonly number[]) => Uint8Array.from(values);

function sends(update: Uint8Array) {
  return async (arena: Arena): Promise<Answer> => {
    const stranger = await StockStranger.open(arena);
    stranger.say({ type: "awareness", update });
    return stranger.answer();
  };
}

const encodings: HostileCase[] = [
  { name: "a state that is not UTF-8", attack: sends(bytes(1, 7, 1, 3, 0x22, 0xff, 0x22)), answer: closed(4400, /UTF-8/) },
  { name: "a state with half a surrogate pair", attack: sends(bytes(1, 7, 1, 5, 0x22, 0xed, 0xa0, 0x80, 0x22)), answer: closed(4400, /UTF-8/) },
  { name: "a state longer than the message", attack: sends(bytes(1, 7, 1, 100, 0x7b)), answer: closed(4400, /longer than/) },
  { name: "a state that announces 2^53-1 bytes", attack: sends(bytes(1, 7, 1, 255, 255, 255, 255, 255, 255, 255, 15)), answer: closed(4400, /longer than/) },
  { name: "bytes behind the last state", attack: sends(bytes(1, 7, 1, 2, 0x7b, 0x7d, 0)), answer: closed(4400, /bytes after/) },
  { name: "a client id in one byte too many", attack: sends(bytes(1, 0x87, 0, 1, 2, 0x7b, 0x7d)), answer: closed(4400, /more bytes than it needs/) },
  { name: "states of 4,000 clients in one message, as many as a room may have heard of", attack: sends(statesOf(4_000, "null")), answer: ignored },
  { name: "states of 4,001 clients in one message", attack: sends(statesOf(4_001, "null")), answer: closed(4400, /more awareness entries/) },
  { name: "states of 1,000,000 clients in one message", attack: sends(statesOf(1_000_000, "1")), answer: closed(4400, /more awareness entries/) },
  { name: "no states", attack: sends(bytes(0)), answer: ignored },
]; // prettier-ignore

function statesOf(count: number, state: string): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, count);
  for (let index = 0; index < count; index++) {
    encoding.writeVarUint(encoder, 10_000 + index);
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarString(encoder, state);
  }
  return encoding.toUint8Array(encoder);
}

/** Says several messages on one socket, each an announcement; the last that is shown. */
function says(...messages: readonly (readonly Partial<AwarenessEntry>[])[]) {
  return async (arena: Arena): Promise<Answer> => {
    const stranger = await StockStranger.open(arena);
    for (const entries of messages) stranger.say({ type: "awareness", update: encode(arena, entries) });
    return stranger.answer();
  };
}

const clocks: HostileCase[] = [
  { name: "the highest clock there may be", attack: shows(announces(() => [{ clock: 2 ** 31 - 2 }]), { here: true }), answer: taken },
  { name: "a clock one above", attack: announces(() => [{ clock: 2 ** 31 - 1 }]), answer: ignored },
  { name: "a clock of 2^32", attack: announces(() => [{ clock: 2 ** 32 }]), answer: ignored },
  { name: "a clock of 2^53-1", attack: announces(() => [{ clock: Number.MAX_SAFE_INTEGER }]), answer: ignored },
  { name: "clocks that go back: what is older is not shown", attack: shows(says([{ clock: 9, state: '{"at":9}' }], [{ clock: 8, state: '{"at":8}' }]), { at: 9 }), answer: taken },
  { name: "a clock used twice: the first is shown", attack: shows(says([{ state: '{"at":1}' }], [{ state: '{"at":2}' }]), { at: 1 }), answer: taken },
  { name: "a client id of 2^53-1", attack: async (arena) => { const shown = await shownAfter(arena, announces(() => [{ clientId: Number.MAX_SAFE_INTEGER }]), Number.MAX_SAFE_INTEGER); return JSON.stringify(shown) === here ? taken : ignored; }, answer: taken },
]; // prettier-ignore

/** Ids of which at most one may be shown. */
const manyIds = Array.from({ length: 500 }, (_, index) => 1_000_000_000 + index);

async function announcesManyIds(
  arena: Arena,
  messages: readonly (readonly Partial<AwarenessEntry>[])[],
): Promise<Answer> {
  const watcher = await Speaker.member(arena, { clientId: 67 });
  await says(...messages)(arena);
  const isOne = ({ clientId }: AwarenessEntry) => manyIds.includes(clientId - arena.strangerId);
  const entriesShown = () =>
    watcher.messages.flatMap((message) => (message.type === "awareness" ? decodeAwarenessUpdate(message.update) : []));
  await watcher.hears(() => entriesShown().find(isOne));
  const ids = new Set(
    entriesShown()
      .filter(isOne)
      .map(({ clientId }) => clientId),
  );
  return ids.size === 1 ? taken : { kind: "left", code: ids.size, reason: "ids shown" };
}

const last = 5_000;

async function announcesOften(arena: Arena): Promise<Answer> {
  const watcher = await Speaker.member(arena, { clientId: 67 });
  const stranger = await StockStranger.open(arena);
  for (let clock = 1; clock <= last; clock++)
    stranger.say({ type: "awareness", update: encode(arena, [{ clock, state: `{"at":${clock}}` }]) });
  await watcher.hears(() =>
    watcher.messages.find(
      (message) =>
        message.type === "awareness" &&
        decodeAwarenessUpdate(message.update).some(({ state }) => state === `{"at":${last}}`),
    ),
  );
  return watcher.messages.filter(({ type }) => type === "awareness").length < last / 10 ? taken : ignored;
}

const floods: HostileCase[] = [
  { name: "500 client ids of one client: it is shown under one of them", attack: (arena) => announcesManyIds(arena, manyIds.map((clientId) => [{ clientId: arena.strangerId + clientId }])), answer: taken },
  { name: "500 client ids of one client in one message: it is shown under one of them", attack: (arena) => announcesManyIds(arena, [manyIds.map((clientId) => ({ clientId: arena.strangerId + clientId }))]), answer: taken },
  { name: "5,000 messages at once: the last is shown, the others need not be", attack: announcesOften, answer: taken },
  { name: "presence of another room's number", attack: async (arena) => { const speaker = await Speaker.member(arena); speaker.say({ type: "awareness", room: speaker.room + 1, update: encode(arena, [{}]) }); return speaker.answer(); }, answer: ignored },
  { name: "10,000 questions for who is there", attack: async (arena) => { const stranger = await StockStranger.open(arena); for (let count = 0; count < 10_000; count++) stranger.say({ type: "query-awareness" }); await stranger.hears(() => stranger.messages("awareness")[10_000]); return stranger.answer(); }, answer: ignored },
]; // prettier-ignore

family("Presence of others", forgeries);
family("Presence that cannot be read", [...states, ...encodings]);
family("Presence: clocks, ids and floods", [...clocks, ...floods]);
