/** Members that may change some root types only, in a room: what happens while a worker looks, and after it has refused. */
import { closeCodes } from "@syncline/protocol";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { buildUpdate, contents, type StructSpec } from "../../../../test/fixtures/update-builder.js";
import { heldRoom, patiently, textIn } from "../../test-support/held-room.js";
import { ToldClient } from "../../test-support/told-client.js";
import type { Workers } from "../engine.js";
import { anybody, type Standing } from "./standing.js";

const commenter: Standing = { ...anybody, roots: ["comments"] };
const reason = 'you may not change "text", only "comments"';

async function scene() {
  const held = await heldRoom();
  return { ...held, writer: new ToldClient(held.room), author: new ToldClient(held.room, commenter) };
}

function comes(client: number, clock: number, ...structs: readonly StructSpec[]): Uint8Array {
  return buildUpdate([{ client, clock, structs }]);
}

const saying = (text: string, parent = "comments"): StructSpec => ({ content: contents.string(text), parent });
const rejected = (n: number): string => `reject ${n} ${closeCodes.forbidden} ${reason}`;
const deleting = (client: number, clock: number): Uint8Array =>
  buildUpdate([], [{ client, ranges: [{ clock, length: 1 }] }]);

test("what is allowed is appended and acknowledged; what is not is rejected with a sentence, and what leans on it", async () => {
  const { author, room, settled, engine } = await scene();
  author.counts(comes(7, 0, saying("ab")), comes(7, 2, saying("x", "text")), comes(7, 3, saying("c")), deleting(7, 0));
  await settled();
  expect(author.told.filter((word) => word.startsWith("reject"))).toEqual([rejected(2), rejected(3)]);
  expect(author.told.at(-1)).toBe("ack 4");
  expect([await textIn(room, "comments"), await textIn(room, "text")]).toEqual(["b", ""]);
  expect(engine.refusals.countOf("roots")).toBe(2);
});

test("others are not held up, and what its author sends meanwhile keeps its order", async () => {
  const { author, writer, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(
    comes(7, 0, saying("a")),
    comes(7, 1, { content: contents.string("b"), origin: { client: 7, clock: 0 } }),
  );
  writer.counts(comes(8, 0, saying("text", "text")));
  await expect.poll(() => writer.told, patiently).toEqual(["ack 1"]);
  expect(author.told).toEqual([]);
  release();
  await settled();
  expect(author.told.at(-1)).toBe("ack 2");
  expect(await textIn(room, "comments")).toBe("ab");
});

test("an update whose ids others take while it is looked at is looked at anew, as what is left of it", async () => {
  const { author, writer, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(comes(100, 0, saying("0123456789")));
  // Cut to its last six letters it would stand behind these.
  writer.counts(comes(100, 0, saying("text", "text")));
  release();
  await settled();
  expect(workers.did).toEqual(["check", "check"]);
  expect(author.told).toEqual([rejected(1)]);
  expect([await textIn(room, "text"), await textIn(room, "comments")]).toEqual(["text", ""]);
});

test("so is a heavy one whose ids are taken while it is tried", async () => {
  const { author, writer, workers, room, settled } = await scene();
  const { trial } = workers;
  const stealing: Workers = Object.assign(workers, {
    trial: (...[request]: Parameters<Workers["trial"]>) => {
      writer.counts(comes(100, 0, saying("text", "text")));
      return trial(request);
    },
  });
  author.counts(comes(100, 0, saying("x".repeat(70_000))));
  await settled();
  expect(stealing).toBe(workers);
  expect(workers.did).toEqual(["check", "trial", "check"]);
  expect(author.told).toEqual([rejected(1)]);
  expect(await textIn(room, "text")).toBe("text");
});

test("a heavy update is looked at first, and tried only if it keeps to its place", async () => {
  const { author, workers, room, settled } = await scene();
  author.counts(comes(7, 0, saying("x".repeat(70_000), "text")));
  await settled();
  expect(workers.did).toEqual(["check"]);
  const other = new ToldClient(room, commenter);
  other.counts(comes(9, 0, saying("x".repeat(70_000))), comes(9, 70_000, saying("y")));
  await settled();
  expect(workers.did.filter((job) => job === "trial")).toHaveLength(1);
  expect(other.told.at(-1)).toBe("ack 2");
  expect((await textIn(room, "comments")).length).toBe(70_001);
});

test("what counts is what its author might do when it was sent, not what it may when its turn comes", async () => {
  const { author, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(comes(7, 0, saying("a")), comes(7, 1, saying("x", "text")));
  room.regard(author.member, anybody);
  release();
  await settled();
  expect(author.told.filter((word) => word.startsWith("reject"))).toEqual([rejected(2)]);
  expect([await textIn(room, "text"), await textIn(room, "comments")]).toEqual(["", "a"]);
});

test("nor what it may when what it leans on has come", async () => {
  const { author, room, settled } = await scene();
  author.counts(comes(8, 1, saying("y", "text")));
  room.regard(author.member, anybody);
  author.counts(comes(8, 0, saying("z", "text")));
  await settled();
  expect(author.told.filter((word) => word.startsWith("reject"))).toEqual([rejected(1)]);
  expect(await textIn(room, "text")).toBe("z");
});

test("after twenty refusals nothing of it is looked at any more, until it may do something else", async () => {
  const { author, workers, room, settled } = await scene();
  const attempts = Array.from({ length: 30 }, (_, index) => comes(1_000 + index, 0, saying("x", "text")));
  author.counts(...attempts);
  await settled();
  expect(workers.did).toHaveLength(20);
  expect(author.told).toHaveLength(30);
  author.counts(comes(7, 0, saying("a")));
  await settled();
  expect(workers.did).toHaveLength(20);
  room.regard(author.member, commenter);
  author.counts(comes(7, 0, saying("a")));
  await settled();
  expect(author.told.at(-1)).toBe("ack 32");
  expect(await textIn(room, "comments")).toBe("a");
});

test("a client without counters stays, and is asked for what its later edits lean on: others may have brought it", async () => {
  const { author, writer, room, settled } = await scene();
  const typed = comes(8, 0, saying("typed by another", "text"));
  const said = comes(7, 0, saying("ab"));
  // Its whole document, with what it has from another and the room has not.
  author.says(Y.mergeUpdates([typed, said]));
  await settled();
  expect(author.told).toEqual([rejected(0)]);
  writer.counts(typed);
  author.says(comes(7, 2, { content: contents.string("c"), origin: { client: 7, clock: 1 } }));
  await expect.poll(() => author.told.at(-1), patiently).toBe("ask");
  author.says(Y.mergeUpdates([typed, said]));
  await settled();
  expect(await textIn(room, "comments")).toBe("abc");
});

test("who leaves while it is looked at is served all the same", async () => {
  const { author, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(comes(7, 0, saying("a")), comes(7, 1, saying("x", "text")));
  room.leave(author.member);
  release();
  await settled();
  expect([await textIn(room, "comments"), await textIn(room, "text")]).toEqual(["a", ""]);
});
