/** The comparison is to find whatever is missing: a proof that cannot fail would be none. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { missingFrom } from "./missing-edits.js";
import { editBy, type Edit } from "./saved-edits.js";

/** A pane that keeps what it does, as edits and as the updates that a server would be sent. */
function author() {
  const doc = new Y.Doc();
  const edits: Edit[] = [];
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array, _: unknown, __: Y.Doc, transaction: Y.Transaction) => {
    updates.push(update);
    edits.push(editBy(transaction, edits.length + 1));
  });
  return { doc, text: doc.getText("text"), edits, updates };
}

function documentOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

const numbers = (edits: readonly Edit[]) => edits.map(({ number }) => number);

test("nothing is missing from a document that has it all, and all from an empty one", () => {
  const { doc, text, edits, updates } = author();
  text.insert(0, "typed");
  text.delete(1, 3);
  doc.getMap("todos").set("a", true);
  expect(missingFrom(documentOf(updates), edits)).toEqual([]);
  expect(numbers(missingFrom(new Y.Doc(), edits))).toEqual([1, 2, 3]);
  // What the server keeps is merged, and has forgotten what was deleted.
  expect(missingFrom(documentOf([Y.mergeUpdates(updates)]), edits)).toEqual([]);
});

test("the last letter is missed, and no other", () => {
  const { text, edits, updates } = author();
  for (const letter of "syncline") text.insert(text.length, letter);
  expect(numbers(missingFrom(documentOf(updates.slice(0, -1)), edits))).toEqual([8]);
});

test("a deletion is missed that took nothing away", () => {
  const { text, edits, updates } = author();
  text.insert(0, "to be, or not to be");
  text.delete(6, 3);
  text.delete(0, 2);
  const [inserted, , secondDeletion] = updates as [Uint8Array, Uint8Array, Uint8Array];
  expect(numbers(missingFrom(documentOf([inserted]), edits))).toEqual([2, 3]);
  expect(numbers(missingFrom(documentOf([inserted, secondDeletion]), edits))).toEqual([2]);
});

test("what somebody else wrote and this pane deleted is looked for, too", () => {
  const other = author();
  other.text.insert(0, "theirs");
  const own = author();
  for (const update of other.updates) Y.applyUpdate(own.doc, update);
  own.text.delete(2, 2);
  const deletion = own.edits.slice(-1);
  expect(missingFrom(documentOf(own.updates), deletion)).toEqual([]);
  expect(missingFrom(documentOf(other.updates), deletion)).toEqual(deletion);
});

test("a deletion that somebody else has half done is missed all the same", () => {
  const own = author();
  own.text.insert(0, "abcdef");
  const other = documentOf(own.updates);
  own.text.delete(0, 6);
  other.getText("text").delete(0, 3);
  const [inserted] = own.updates as [Uint8Array];
  expect(numbers(missingFrom(documentOf([inserted, Y.encodeStateAsUpdate(other)]), own.edits))).toEqual([2]);
});

test("whatever was written, what is missing are the edits after those that were kept", () => {
  const step = fc.record({ at: fc.nat(), text: fc.string({ minLength: 1, maxLength: 4 }), isDeletion: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(), (steps, some) => {
      const { text, edits, updates } = author();
      for (const { at, text: typed, isDeletion } of steps) {
        const index = at % (text.length + 1);
        if (isDeletion && index < text.length) text.delete(index, Math.min(typed.length, text.length - index));
        else text.insert(index, typed);
      }
      const keptCount = some % (updates.length + 1);
      const missing = missingFrom(documentOf(updates.slice(0, keptCount)), edits);
      expect(numbers(missing)).toEqual(numbers(edits.slice(keptCount)));
    }),
  );
});
