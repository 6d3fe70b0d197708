import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { SentUpdates } from "./sent-updates.js";

/** An edit at a place between 0 and 1 of the text, by this client or by another whose edit it passes on. */
interface Edit {
  readonly isOwn: boolean;
  readonly place: number;
  /** Letters to insert; 0: one is deleted. */
  readonly letters: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  isOwn: fc.boolean(),
  place: fc.double({ min: 0, max: 0.999, noNaN: true }),
  letters: fc.nat(5),
});

/** The updates of these edits, none of them empty, and the document they lead to. */
function updatesOf(edits: readonly Edit[]): { readonly doc: Y.Doc; readonly updates: readonly Uint8Array[] } {
  const [doc, other] = [new Y.Doc(), new Y.Doc()];
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (const { isOwn, place, letters } of edits) {
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
    const text = (isOwn ? doc : other).getText("text");
    const index = Math.floor(place * text.length);
    if (letters > 0) text.insert(index, "x".repeat(letters));
    else if (text.length > 0) text.delete(index, 1);
    if (!isOwn) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  }
  return { doc, updates };
}

test("whatever the server drops, everything before it is held, and nothing from there on", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(edit, fc.boolean(), fc.boolean()), { minLength: 1 }), (steps) => {
      const { doc, updates } = updatesOf(steps.map(([step]) => step));
      const server = new Y.Doc();
      const sent = new SentUpdates(doc.clientID, Y.encodeStateVector(server));
      let heldN = 0;
      const ask = () => {
        const answer = Y.encodeStateAsUpdate(server, sent.question(Y.encodeStateVector(doc)));
        heldN = sent.see(answer)?.n ?? heldN;
      };
      const isDropped = updates.map((_, index) => steps[index]?.[1] === true);
      updates.forEach((update, index) => {
        if (!isDropped[index]) Y.applyUpdate(server, update);
        sent.add(index + 1, update);
        if (steps[index]?.[2]) ask();
      });
      ask();
      expect(heldN).toBe(isDropped.includes(true) ? isDropped.indexOf(true) : updates.length);
      expect(sent.isEmpty).toBe(heldN === updates.length);
    }),
    { numRuns: 300 },
  );
});

test("the clock is the announced client's, up to what is held", () => {
  const { doc, updates } = updatesOf([
    { isOwn: true, place: 0, letters: 3 },
    { isOwn: false, place: 0, letters: 2 },
    { isOwn: true, place: 0, letters: 1 },
  ]);
  const sent = new SentUpdates(doc.clientID, Uint8Array.of(0));
  updates.forEach((update, index) => sent.add(index + 1, update));
  expect(sent.see(updates[0] as Uint8Array)).toEqual({ n: 1, clock: 3 });
  expect(sent.see(updates[2] as Uint8Array)).toBeUndefined();
  expect(sent.see(updates[1] as Uint8Array)).toEqual({ n: 3, clock: 4 });
});

test("a question claims of what was sent all but the last clock of each client, of the rest everything", () => {
  const { doc, updates } = updatesOf([
    { isOwn: false, place: 0, letters: 2 },
    { isOwn: true, place: 0, letters: 5 },
  ]);
  const sent = new SentUpdates(doc.clientID, Uint8Array.of(0));
  sent.add(1, updates[1] as Uint8Array);
  const before = Y.decodeStateVector(Y.encodeStateVector(doc));
  expect(Y.decodeStateVector(sent.question(Y.encodeStateVector(doc)))).toEqual(before.set(doc.clientID, 4));
});
