/**
 * Large updates of members that may change some root types only: a worker looks through one, then where it belongs, then tries it,
 * between small edits of the same author and beside those of others.
 */
import { closeCodes } from "@syncline/protocol";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { buildUpdate, contents, type StructSpec } from "../../../../test/fixtures/update-builder.js";
import type { HeldWorkers } from "../../test-support/held-workers.js";
import { heldRoom, patiently, textIn } from "../../test-support/held-room.js";
import { ToldClient } from "../../test-support/told-client.js";
import { anybody, type Standing } from "./standing.js";

const commenter: Standing = { ...anybody, roots: ["comments"] };
const pasted = "pasted ".repeat(60_000);

async function scene() {
  const held = await heldRoom();
  return { ...held, writer: new ToldClient(held.room), author: new ToldClient(held.room, commenter) };
}

const comes = (client: number, clock: number, ...structs: readonly StructSpec[]) =>
  buildUpdate([{ client, clock, structs }]);
const saying = (text: string, parent = "comments"): StructSpec => ({ content: contents.string(text), parent });
const behind = (client: number, clock: number, text: string): StructSpec => ({
  content: contents.string(text),
  origin: { client, clock },
});
const rejected = (n: number): string =>
  `reject ${n} ${closeCodes.forbidden} you may not change "text", only "comments"`;
const rejections = ({ told }: ToldClient) => told.filter((line) => line.startsWith("reject"));

/** How often it was looked at where something belongs. */
const checkCount = ({ did }: HeldWorkers) => did.filter((job) => job === "check").length;

/** What an editor sends that pastes between keystrokes: a letter, the paste, and a letter. */
function typedAround(paste: string, parent?: string): [before: Uint8Array, large: Uint8Array, after: Uint8Array] {
  const end = 1 + paste.length;
  return [comes(7, 0, saying("<", parent)), comes(7, 1, behind(7, 0, paste)), comes(7, end, behind(7, end - 1, ">"))];
}

test("small edits before and after a large one keep their places, and all are acknowledged; others do not wait", async () => {
  const { author, writer, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(...typedAround(pasted));
  writer.counts(comes(8, 0, saying("text", "text")));
  await expect.poll(() => writer.told, patiently).toEqual(["ack 1"]);
  expect(author.told).toEqual([]);
  release();
  await settled();
  expect(author.told.at(-1)).toBe("ack 3");
  expect(rejections(author)).toEqual([]);
  expect(checkCount(workers)).toBe(3);
  expect([await textIn(room, "comments"), await textIn(room)]).toEqual([`<${pasted}>`, "text"]);
});

test("a large one elsewhere is rejected after it was looked through, with what leans on it; what does not is taken", async () => {
  const { author, workers, room, settled } = await scene();
  author.counts(
    comes(7, 0, saying("a")),
    comes(7, 1, saying(pasted, "text")),
    comes(7, 1 + pasted.length, behind(7, 0, "leans")),
    comes(9, 0, behind(7, 0, "b")),
  );
  await settled();
  expect(rejections(author)).toEqual([rejected(2), rejected(3)]);
  expect(author.told.at(-1)).toBe("ack 4");
  expect(workers.did).toEqual(["check", "scan", "check", "check"]);
  expect([await textIn(room, "comments"), await textIn(room)]).toEqual(["ab", ""]);
});

test("a large one that is elsewhere at its end only is rejected as a whole", async () => {
  const { author, room, settled } = await scene();
  author.counts(comes(7, 0, saying("a")), comes(7, 1, saying(pasted), saying("x", "text")), comes(9, 0, saying("b")));
  await settled();
  expect(rejections(author)).toEqual([rejected(2)]);
  expect((await textIn(room, "comments")).split("").toSorted().join("")).toBe("ab");
  expect(await textIn(room)).toBe("");
});

test("what the room has of a large one is not looked at again: a client that sends its whole document", async () => {
  const { author, workers, room, settled } = await scene();
  const [before, large, after] = typedAround(pasted);
  author.counts(before);
  await settled();
  author.counts(Y.mergeUpdates([before, large]), after);
  await settled();
  author.counts(Y.mergeUpdates([before, large, after]));
  await settled();
  expect(author.told.at(-1)).toBe("ack 4");
  expect(checkCount(workers)).toBe(3);
  expect(await textIn(room, "comments")).toBe(`<${pasted}>`);
});

test.each(["scan", "check"] as const)(
  "one whose ids others take during its %s is looked at as what is left of it",
  async (job) => {
    const { author, writer, workers, room, settled } = await scene();
    const scans = workers.hold();
    author.counts(comes(100, 0, saying(pasted)), comes(9, 0, saying("b")));
    const goesOn = workers.hold();
    if (job === "check") scans();
    await expect.poll(() => workers.did.at(-1), patiently).toBe(job);
    // Cut to what lies beyond these, it would stand behind them.
    writer.counts(comes(100, 0, saying("text", "text")));
    scans();
    goesOn();
    await settled();
    expect(rejections(author)).toEqual([rejected(1)]);
    expect(author.told.at(-1)).toBe("ack 2");
    expect([await textIn(room), await textIn(room, "comments")]).toEqual(["text", "b"]);
  },
);

test("what counts is what its author might do when each was sent", async () => {
  const { author, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(comes(7, 0, saying("a")), comes(8, 0, saying(pasted, "text")));
  room.regard(author.member, anybody);
  author.counts(comes(9, 0, saying("b", "text")));
  release();
  await settled();
  expect(rejections(author)).toEqual([rejected(2)]);
  expect(author.told.at(-1)).toBe("ack 3");
  expect([await textIn(room, "comments"), await textIn(room)]).toEqual(["a", "b"]);
});

test("who leaves while it is looked through is served all the same, in order", async () => {
  const { author, workers, room, settled } = await scene();
  const release = workers.hold();
  author.counts(...typedAround(pasted), comes(9, 0, saying("x", "text")));
  room.leave(author.member);
  release();
  await settled();
  expect([await textIn(room, "comments"), await textIn(room)]).toEqual([`<${pasted}>`, ""]);
});

test("a large one that deletes elsewhere is rejected as a whole, one that deletes among the comments is taken", async () => {
  const { author, writer, workers, room, settled } = await scene();
  writer.counts(comes(8, 0, saying("text", "text"), saying("comment")));
  await settled();
  const release = workers.hold();
  const deleting = (client: number, clock: number) =>
    buildUpdate([{ client, clock: 0, structs: [saying(pasted)] }], [{ client: 8, ranges: [{ clock, length: 2 }] }]);
  author.counts(comes(7, 0, saying("a")), deleting(9, 0), deleting(10, 5), comes(7, 1, behind(7, 0, "b")));
  // What is deleted meanwhile is no reason to look at less.
  writer.counts(buildUpdate([], [{ client: 8, ranges: [{ clock: 6, length: 2 }] }]));
  release();
  await settled();
  expect(rejections(author)).toEqual([rejected(2)]);
  expect(author.told.at(-1)).toBe("ack 4");
  const text = await textIn(room, "comments");
  expect([text.length, text.includes("ab"), text.includes("cent")]).toEqual([
    pasted.length + "centab".length,
    true,
    true,
  ]);
  expect(await textIn(room)).toBe("text");
});
