/** Yjs updates that no client writes: every pill there is, in a document of its own; and what one client can do to another's ids. */
import * as Y from "yjs";
import { pills, type Pill } from "../fixtures/pills.js";
import { buildUpdate, contents, type StructSpec } from "../fixtures/update-builder.js";
import { closed, ignored, left, rejected, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { editBy } from "./edits.js";
import { Speaker } from "./speaker.js";
import { StockStranger } from "./stranger.js";

const refusedAs = /^an update was refused: ./;

/** What a stock client is told. What a pill leans on never comes, so that nothing is left of one that leans on something. */
const answers: Readonly<Record<Pill["answer"], Answer>> = {
  refused: closed(4400, refusedAs),
  gap: ignored,
  "nothing-new": ignored,
  new: ignored,
  heavy: ignored,
};

/** Refused for being too much, which could be an honest client's, not for being broken. */
const tooMuch = /2\^31|4,000 deep|300,000 deletions/;

function swallows({ before = [], bytes, answer }: Pill) {
  return async (arena: Arena): Promise<Answer> => {
    const watcher = await Speaker.member(arena);
    const stranger = await StockStranger.open(arena);
    for (const update of [...before, bytes]) stranger.say({ type: "update", update });
    // It is tried somewhere else first, which takes a while.
    if (answer === "heavy") await watcher.hearsMessage("update", ({ update }) => update.length >= bytes.length / 2);
    return stranger.answer();
  };
}

const pillCases: HostileCase[] = pills.map((pill) => ({
  name: pill.name,
  inNewRoom: true,
  attack: swallows(pill),
  answer: tooMuch.test(pill.name) ? closed(4413, refusedAs) : answers[pill.answer],
  leavesTraces: pill.before !== undefined || pill.answer === "new" || pill.answer === "heavy",
}));

/** Says updates in the syncline dialect, in a document of their own; what came of them. */
function writes(...updates: readonly Uint8Array[]) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.member(arena);
    updates.forEach((update, index) => speaker.update(index + 1, update));
    // A verdict on a heavy one takes a while: it is not asked for more before.
    await speaker.hears(() =>
      speaker.messages.find(
        (message) =>
          message.type === "close" ||
          message.type === "reject" ||
          (message.type === "ack" && message.n === updates.length),
      ),
    );
    return speaker.answer();
  };
}

/** The same in the other dialect. */
function sends(...updates: readonly Uint8Array[]) {
  return async (arena: Arena): Promise<Answer> => {
    const stranger = await StockStranger.open(arena);
    for (const update of updates) stranger.say({ type: "update", update });
    return stranger.closed;
  };
}

const letter = contents.string("a");

const ground = buildUpdate([
  { client: 989, clock: 0, structs: [{ content: contents.string("x".repeat(5_000)), parent: "bomb" }] },
]);

/** A struct before each character of the ground and behind nothing: each looks through all before it. */
function conflicts(count: number): Uint8Array {
  const structs = Array.from({ length: count }, (_, clock) => ({
    content: letter,
    rightOrigin: { client: 989, clock },
  }));
  return buildUpdate([{ client: 990, clock: 0, structs }]);
}

/** Values of one key, each of which replaces all before. */
function setsOfOneKey(count: number): Uint8Array {
  const set: StructSpec = { content: contents.any([1]), parent: "map", key: "k" };
  return buildUpdate([{ client: 990, clock: 0, structs: Array<StructSpec>(count).fill(set) }]);
}

/** Updates that lean on something that never comes. */
const leaning = (count: number, byteCount: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) =>
    buildUpdate([
      { client: 991, clock: 10 + index * byteCount, structs: [{ content: contents.string("x".repeat(byteCount)) }] },
    ]),
  );

const costly: HostileCase[] = [
  { name: "a bomb: 5,000 structs that each look through all before them", attack: writes(ground, conflicts(5_000)), leavesTraces: true, answer: left(4400, /an update was refused: /) },
  { name: "a bomb: 40,000 values of one key", attack: writes(setsOfOneKey(40_000)), answer: left(4400, /an update was refused: /) },
  { name: "two bombs in a row, and an edit behind them: it is not taken either", attack: writes(setsOfOneKey(40_000), setsOfOneKey(40_000), editBy(992)), answer: left(4400, /an update was refused: /) },
  { name: "a bomb, y-websocket", attack: sends(ground, conflicts(5_000)), leavesTraces: true, answer: closed(4400, /an update was refused: /) },
  { name: "more than 256 KiB that lean on what never comes", attack: writes(...leaning(30, 10_000)), answer: left(4510, /come back/) },
  { name: "1,001 updates that lean on what never comes", attack: sends(...leaning(1_001, 1)), answer: closed(4510, /come back/) },
  { name: "250,001 deletions", attack: writes(buildUpdate([], [{ client: 1, ranges: Array.from({ length: 250_001 }, (_, index) => ({ clock: index * 2, length: 1 })) }])), answer: rejected(4413, /250000 ranges/) },
  { name: "500,001 structs", attack: writes(buildUpdate([{ client: 993, clock: 0, structs: Array<StructSpec>(500_001).fill({ content: contents.gc(1) }) }])), answer: rejected(4413, /500000 structs/) },
  { name: "JSON nested 101 deep", attack: writes(editOf(contents.embed("[".repeat(101) + "]".repeat(101)))), answer: rejected(4413, /nested more than 100 deep/) },
].map((hostile) => ({ ...hostile, inNewRoom: true })); // prettier-ignore

function editOf(content: StructSpec["content"]): Uint8Array {
  return buildUpdate([{ client: 994, clock: 0, structs: [{ content }] }]);
}

const atLimits: HostileCase[] = [
  { name: "JSON nested 100 deep", attack: writes(editOf(contents.embed("[".repeat(100) + "]".repeat(100)))), answer: ignored },
  { name: "a string of 3.9 MiB", attack: writes(editOf(contents.string("x".repeat(3.9 * 1024 * 1024)))), answer: ignored },
  { name: "1,000 updates in one frame", attack: writes(...Array.from({ length: 1_000 }, (_, clock) => buildUpdate([{ client: 995, clock, structs: [{ content: letter }] }]))), answer: ignored },
  { name: "a document of 300 root types", attack: writes(editBy(996, (doc) => { for (let index = 0; index < 300; index++) doc.getMap(`root ${index}`).set("k", 1); })), answer: ignored },
  { name: "a subdocument inside a subdocument's place", attack: writes(editBy(997, (doc) => doc.getMap("map").set("sub", new Y.Doc({ guid: "attacked" })))), answer: ignored },
].map((hostile) => ({ ...hostile, inNewRoom: true, leavesTraces: true })); // prettier-ignore

family("Updates: pills", pillCases);
family("Updates: costly ones, and ones at their limits", [...costly, ...atLimits]);
