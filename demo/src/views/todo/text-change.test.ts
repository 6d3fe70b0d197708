/** Changes of a text as a field and as the document see them. */
import fc from "fast-check";
import * as Y from "yjs";
import { describe, expect, test } from "vitest";
import { changeBetween, indexAfter, type TextChange } from "./text-change.js";

const applied = (text: string, { index, deleteCount, insert }: TextChange): string =>
  text.slice(0, index) + insert + text.slice(index + deleteCount);

const anyText = fc.string({ unit: fc.constantFrom("a", "b", "😀", "😁", "👍", "é", "\n") });

describe("what somebody did to a text", () => {
  test("gives the text after when it is done to the text before", () => {
    fc.assert(
      fc.property(anyText, anyText, fc.nat(), (before, after, somewhere) => {
        const change = changeBetween(before, after, somewhere % (after.length + 1));
        expect(change ? applied(before, change) : before).toBe(after);
      }),
    );
  });

  test("is nothing when it is the same", () => {
    expect(changeBetween("same", "same", 2)).toBeUndefined();
  });

  test("is where the caret is, among equal letters", () => {
    expect(changeBetween("aaa", "aaaa", 2)).toEqual({ index: 1, deleteCount: 0, insert: "a" });
    expect(changeBetween("aaa", "aa", 1)).toEqual({ index: 1, deleteCount: 1, insert: "" });
  });

  test("leaves what is around it alone", () => {
    expect(changeBetween("oil the compass", "oil my compass", 6)).toEqual({ index: 4, deleteCount: 3, insert: "my" });
  });

  test("never cuts a character in two", () => {
    fc.assert(
      fc.property(anyText, anyText, (before, after) => {
        const text = new Y.Doc().getText("text");
        text.insert(0, before);
        const change = changeBetween(before, after, after.length);
        if (change) {
          text.delete(change.index, change.deleteCount);
          text.insert(change.index, change.insert);
          // Throws at half a character.
          expect(encodeURIComponent(change.insert)).toBeDefined();
        }
        const copy = new Y.Doc();
        Y.applyUpdate(copy, Y.encodeStateAsUpdate(text.doc ?? copy));
        expect(copy.getText("text").toString()).toBe(after);
      }),
    );
  });
});

describe("where a place in a text is after a change", () => {
  test("is between the same letters, unless they are gone", () => {
    const words = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(words, words, fc.nat(), fc.nat(), fc.nat(), (text, insert, caretAt, changeAt, count) => {
        const [caret, index] = [caretAt % (text.length + 1), changeAt % (text.length + 1)];
        const deleteCount = count % (text.length - index + 1);
        const after = applied(text, { index, deleteCount, insert });
        const moved = indexAfter(caret, [{ retain: index }, { insert }, { delete: deleteCount }]);
        if (caret <= index) expect(after.slice(0, moved)).toBe(text.slice(0, caret));
        else if (caret >= index + deleteCount) expect(after.slice(moved)).toBe(text.slice(caret));
        else expect(moved).toBe(index + insert.length);
      }),
    );
  });
});
