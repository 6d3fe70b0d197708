/** What belongs to somebody else: Yjs client ids of other people, and root types that a token does not name. */
import { buildUpdate, contents, type Id, type StructSpec } from "../fixtures/update-builder.js";
import { closed, denied, ignored, rejected, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { open, Speaker } from "./speaker.js";
import { StockStranger } from "./stranger.js";

const letters = contents.string("stolen");

/** Structs of one client from a clock on. */
const structs = (client: number, clock: number, ...specs: readonly StructSpec[]) =>
  buildUpdate([{ client, clock, structs: specs }]);

/** Says one update in the syncline dialect. */
function writes(
  token: string,
  update: (arena: Arena) => Uint8Array,
  then: readonly ((arena: Arena) => Uint8Array)[] = [],
) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.greeted(arena, token);
    await speaker.joins(open({ documentName: arena.room }));
    [update, ...then].forEach((each, index) => speaker.update(index + 1, each(arena)));
    await speaker.hears(() =>
      speaker.messages.find(
        ({ type }) =>
          type === "reject" ||
          type === "ack" ||
          type === "close" ||
          (type === "opened" && speaker.messages.filter((m) => m.type === "opened").length > 1),
      ),
    );
    return speaker.answer();
  };
}

/** As a stock client does. */
function sends(token: string, type: "update" | "sync-step-2", update: (arena: Arena) => Uint8Array) {
  return async (arena: Arena): Promise<Answer> => {
    const stranger = await StockStranger.open(arena, { token });
    stranger.say({ type, update: update(arena) });
    return stranger.closed;
  };
}

const somebodyElses = /somebody else's/;

const thefts: readonly (readonly [what: string, update: (arena: Arena) => Uint8Array])[] = [
  ["the victim's next edit, in its place", ({ victimId, victimClock }) => structs(victimId, victimClock, { content: letters })],
  ["nothing in the place of the victim's next hundred edits", ({ victimId, victimClock }) => structs(victimId, victimClock, { content: contents.gc(100) })],
  ["deleted content in the place of the victim's next edit", ({ victimId, victimClock }) => structs(victimId, victimClock, { content: contents.deleted(100) })],
  ["an edit of the victim's from after a hole", ({ victimId, victimClock }) => structs(victimId, victimClock + 50, { content: letters })],
  ["the victim's last edit anew, and a longer one", ({ victimId, victimClock }) => structs(victimId, victimClock - 1, { content: contents.string("x longer") })],
  ["a deletion of what the victim has not written yet", ({ victimId, victimClock }) => buildUpdate([], [{ client: victimId, ranges: [{ clock: victimClock + 5, length: 100 }] }])],
  ["an edit of one's own, and one of the victim's with it", ({ victimId, victimClock }) => buildUpdate([{ client: 960, clock: 0, structs: [{ content: letters }] }, { client: victimId, clock: victimClock, structs: [{ content: letters }] }].sort((left, right) => right.client - left.client))],
]; // prettier-ignore

async function opensAsTheVictim(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena, "mallory/desktop");
  await speaker.joins(open({ documentName: arena.room, clientId: arena.victimId }));
  speaker.update(1, structs(arena.victimId, arena.victimClock, { content: letters }));
  await speaker.hearsMessage("reject");
  return speaker.answer();
}

const ids: HostileCase[] = [
  ...thefts.flatMap(([what, update]): HostileCase[] => [
    { name: `${what}, by somebody else`, attack: writes("mallory/desktop", update), answer: rejected(4403, somebodyElses) },
    { name: `${what}, by nobody in particular, y-websocket`, attack: sends("writer", "update", update), answer: closed(4403, somebodyElses) },
  ]),
  { name: "the victim's next edit in a step2", attack: sends("mallory/desktop", "sync-step-2", ({ victimId, victimClock }) => structs(victimId, victimClock, { content: letters })), answer: closed(4403, somebodyElses) },
  { name: "other content for what the victim has written: nothing of it is kept", attack: writes("mallory/desktop", ({ victimId }) => structs(victimId, 0, { content: contents.gc(3) })), answer: ignored },
  { name: "a deletion of what the victim has written, which anybody may who may write", attack: writes("mallory/desktop", ({ victimId }) => buildUpdate([], [{ client: victimId, ranges: [{ clock: 0, length: 1 }] }])), answer: ignored, leavesTraces: true },
  { name: "an open in the victim's name: it may read, and what it writes is refused", attack: opensAsTheVictim, answer: rejected(4403, somebodyElses) },
]; // prettier-ignore

/** A document with something outside of the comments, and something in them, which somebody wrote who may. */
interface Ground {
  /** A map under the root "map". */
  readonly nested: Id;
  /** The first letter of the root "body". */
  readonly body: Id;
  /** The first letter of the root "comments". */
  readonly comment: Id;
}

async function prepare(arena: Arena): Promise<Ground> {
  const client = 970;
  const update = buildUpdate([{ client, clock: 0, structs: [{ content: contents.type(1), parent: "map", key: "nested" }, { content: contents.string("body"), parent: "body" }, { content: contents.string("comment"), parent: "comments" }] }]); // prettier-ignore
  const author = await Speaker.greeted(arena);
  await author.joins(open({ documentName: arena.room }));
  author.update(1, update);
  await author.hearsMessage("ack", ({ level }) => level === 2);
  author.leave();
  return { nested: { client, clock: 0 }, body: { client, clock: 1 }, comment: { client, clock: 5 } };
}

function comments(update: (ground: Ground, arena: Arena) => Uint8Array, then: readonly Uint8Array[] = []) {
  return async (arena: Arena): Promise<Answer> => {
    const ground = await prepare(arena);
    const rest = then.map((bytes) => () => bytes);
    return writes("commenter", () => update(ground, arena), rest)(arena);
  };
}

function commentsBySocket(type: "update" | "sync-step-2", update: (ground: Ground) => Uint8Array) {
  return async (arena: Arena): Promise<Answer> => {
    const ground = await prepare(arena);
    const stranger = await StockStranger.open(arena, { token: "commenter" });
    stranger.say({ type, update: update(ground) });
    await stranger.hears(() => stranger.messages("permission-denied")[0]);
    return stranger.answer();
  };
}

const outside = /you may not change .*only "comments"/;
const own = 971;
const inText = { parent: "body", content: letters };

const around: HostileCase[] = [
  { name: "an edit of another root", attack: comments(() => structs(own, 0, inText)), answer: rejected(4403, outside) },
  { name: "an edit of another root, y-websocket", attack: commentsBySocket("update", () => structs(own, 0, inText)), answer: denied(outside) },
  { name: "an edit of another root in a step2", attack: commentsBySocket("sync-step-2", () => structs(own, 0, inText)), answer: denied(outside) },
  { name: "an edit of a root nobody has used", attack: comments(() => structs(own, 0, { parent: "new", content: letters })), answer: rejected(4403, outside) },
  { name: "an edit of a root whose name differs in case", attack: comments(() => structs(own, 0, { parent: "Comments", content: letters })), answer: rejected(4403, outside) },
  { name: "an edit of a root whose name goes on after a null byte", attack: comments(() => structs(own, 0, { parent: "comments\0", content: letters })), answer: rejected(4403, outside) },
  { name: "an edit of a root called __proto__", attack: comments(() => structs(own, 0, { parent: "__proto__", content: letters })), answer: rejected(4403, outside) },
  { name: "an edit of a root without a name", attack: comments(() => structs(own, 0, { parent: "", content: letters })), answer: rejected(4403, outside) },
  { name: "an edit by its left neighbour, without a name", attack: comments(({ body }) => structs(own, 0, { origin: body, content: letters })), answer: rejected(4403, outside) },
  { name: "an edit by its right neighbour", attack: comments(({ body }) => structs(own, 0, { rightOrigin: body, content: letters })), answer: rejected(4403, outside) },
  { name: "an edit between a comment and another root", attack: comments(({ body, comment }) => structs(own, 0, { origin: comment, rightOrigin: body, content: letters })), answer: rejected(4403, outside) },
  { name: "an edit between another root and a comment", attack: comments(({ body, comment }) => structs(own, 0, { origin: body, rightOrigin: comment, content: letters })), answer: rejected(4403, outside) },
  { name: "a value in a map of another root", attack: comments(({ nested }) => structs(own, 0, { parent: nested, key: "k", content: contents.any([1]) })), answer: rejected(4403, outside) },
  { name: "a comment, and an edit of another root behind it", attack: comments(() => structs(own, 0, { parent: "comments", content: letters }, inText)), answer: rejected(4403, outside) },
  { name: "an edit of another root, and a comment behind it", attack: comments(() => structs(own, 0, inText, { parent: "comments", content: letters })), answer: rejected(4403, outside) },
  { name: "an edit that leans on one's own comment, under another client id, beside one of another root", attack: comments(() => buildUpdate([{ client: own + 1, clock: 0, structs: [inText] }, { client: own, clock: 0, structs: [{ parent: "comments", content: letters }] }])), answer: rejected(4403, outside) },
  { name: "a deletion in another root", attack: comments(({ body }) => buildUpdate([], [{ client: body.client, ranges: [{ clock: body.clock, length: 1 }] }])), answer: rejected(4403, outside) },
  { name: "a deletion in the comments that reaches into another root", attack: comments(({ body, comment }) => buildUpdate([], [{ client: body.client, ranges: [{ clock: comment.clock - 1, length: 2 }] }])), answer: rejected(4403, outside) },
  { name: "a deletion of what a member has written", attack: comments((_, { victimId }) => buildUpdate([], [{ client: victimId, ranges: [{ clock: 0, length: 1 }] }])), answer: rejected(4403, outside) },
  { name: "a format of another root", attack: comments(({ body }) => structs(own, 0, { rightOrigin: body, content: contents.format("bold", "true") })), answer: rejected(4403, outside) },
  { name: "a subdocument in another root", attack: comments(() => structs(own, 0, { parent: "map", key: "sub", content: contents.doc("guid", {}) })), answer: rejected(4403, outside) },
  { name: "another value for a key of another root", attack: comments(({ nested }) => structs(own, 0, { origin: nested, content: contents.any([1]) })), answer: rejected(4403, outside) },
  { name: "an edit that leans on one that was refused", attack: comments(() => structs(own, 0, inText), [structs(own, 6, { origin: { client: own, clock: 5 }, content: letters })]), answer: rejected(4403, outside) },
  { name: "a comment after an edit that was refused, under the same client id: it leans on that", attack: comments(() => structs(own, 0, inText), [structs(own, 6, { parent: "comments", content: letters })]), answer: rejected(4403, outside) },
].map((hostile) => ({ ...hostile, inNewRoom: true, leavesTraces: true })); // prettier-ignore

const inside: HostileCase[] = [
  { name: "a comment", attack: comments(() => structs(own, 0, { parent: "comments", content: letters })), answer: ignored },
  { name: "a reply to a comment, by its neighbour", attack: comments(({ comment }) => structs(own, 0, { origin: comment, content: letters })), answer: ignored },
  { name: "a deletion of a comment", attack: comments(({ comment }) => buildUpdate([], [{ client: comment.client, ranges: [{ clock: comment.clock, length: 1 }] }])), answer: ignored },
  { name: "a subdocument in the comments", attack: comments(() => structs(own, 0, { parent: "comments", content: contents.doc("guid", {}) })), answer: ignored },
].map((hostile) => ({ ...hostile, inNewRoom: true, leavesTraces: true })); // prettier-ignore

family("Client ids of others", ids);
family("Root types that a token does not name", [...around, ...inside]);
