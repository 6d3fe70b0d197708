import { expect, test } from "vitest";
import * as Y from "yjs";
import { diff } from "./diff.js";
import { WorkerError } from "./error.js";

const nothing = Uint8Array.of(0);

/** What one author types, one update per character. */
function typed(text: string): { pieces: Uint8Array[]; doc: Y.Doc } {
  const pieces: Uint8Array[] = [];
  const doc = new Y.Doc();
  doc.clientID = 7;
  doc.on("update", (update) => pieces.push(update));
  for (const character of text) doc.getText("text").insert(doc.getText("text").length, character);
  return { pieces, doc };
}

function stateVectorAfter(pieces: readonly Uint8Array[]): Uint8Array {
  const doc = new Y.Doc();
  for (const piece of pieces) Y.applyUpdate(doc, piece);
  return Y.encodeStateVector(doc);
}

test("what one client typed becomes one update", () => {
  const { pieces } = typed("a hundred keystrokes");
  const updates = diff(pieces, nothing);
  expect(updates).toHaveLength(1);
  expect(stateVectorAfter(updates)).toEqual(stateVectorAfter(pieces));
});

test("or as many as fit their limit", () => {
  const { pieces } = typed("x".repeat(300));
  const updates = diff(pieces, nothing, { maxUpdateBytes: 200 });
  expect(updates.length).toBeGreaterThan(5);
  for (const update of updates) expect(update.length).toBeLessThanOrEqual(200);
  expect(stateVectorAfter(updates)).toEqual(stateVectorAfter(pieces));
});

test("pieces known as a whole are left out, a struct known in part is cut", () => {
  const { pieces, doc } = typed("0123456789");
  const whole = Y.encodeStateAsUpdate(doc);
  expect(diff(pieces, stateVectorAfter(pieces))).toEqual([]);
  const [rest, ...others] = diff([whole], stateVectorAfter(pieces.slice(0, 4)));
  expect(others).toEqual([]);
  const { structs } = Y.decodeUpdate(rest ?? nothing);
  expect(structs.map(({ id, length }) => [id.clock, length])).toEqual([[4, 6]]);
});

test("all deletions come last, those of known pieces included", () => {
  const { pieces, doc } = typed("abc");
  doc.getText("text").delete(0, 1);
  doc.getText("text").insert(2, "d");
  const updates = diff(pieces, stateVectorAfter(pieces.slice(0, 4)));
  const [structsOnly, deletionsOnly] = updates.map((update) => Y.decodeUpdate(update));
  expect(updates).toHaveLength(2);
  expect(structsOnly?.ds.clients.size).toBe(0);
  expect(structsOnly?.structs).toHaveLength(1);
  expect(deletionsOnly?.structs).toEqual([]);
  expect(deletionsOnly?.ds.clients.get(7)).toMatchObject([{ clock: 0, len: 1 }]);
});

test("what two pieces hold both is sent once", () => {
  const { pieces, doc } = typed("twice");
  const updates = diff([Y.encodeStateAsUpdate(doc), ...pieces], nothing);
  expect(updates).toHaveLength(1);
  expect(Y.decodeUpdate(updates[0] ?? nothing).structs).toHaveLength(1);
});

test("blocks of a piece that lean on each other stay together", () => {
  const doc = new Y.Doc();
  for (let turn = 0; turn < 6; turn++) {
    doc.clientID = 1 + (turn % 2);
    doc.getText("text").insert(turn, String(turn));
  }
  const updates = diff([Y.encodeStateAsUpdate(doc)], nothing, { maxUpdateBytes: 20 });
  expect(updates).toHaveLength(1);
  expect(stateVectorAfter(updates)).toEqual(Y.encodeStateVector(doc));
});

test.each([
  ["a hole between pieces", (pieces: Uint8Array[]) => [pieces[0], pieces[2]]],
  [
    "a Skip inside a piece",
    (pieces: Uint8Array[]) => [pieces[0], Y.mergeUpdates([pieces[1], pieces[3]] as Uint8Array[])],
  ],
  ["a piece cut short", (pieces: Uint8Array[]) => [pieces[0], pieces[1]?.subarray(0, 5)]],
])("%s is reported with the piece's index", (_, spoil) => {
  const { pieces } = typed("abcd");
  const spoilt = spoil(pieces) as Uint8Array[];
  expect(() => diff(spoilt, nothing)).toThrow(WorkerError);
  expect(() => diff(spoilt, nothing)).toThrow(expect.objectContaining({ code: "failed", pieceIndex: 1 }));
});
