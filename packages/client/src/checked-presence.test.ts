import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { checkedPresence } from "./checked-presence.js";

function newDoc(): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = 1;
  doc.getText("text").insert(0, "limestone");
  return doc;
}

/** As it arrives: presence is JSON. */
function seen(state: unknown, doc = newDoc()): Readonly<Record<string, unknown>> {
  return checkedPresence(JSON.parse(JSON.stringify(state)) as Record<string, unknown>, doc);
}

const id = (client: unknown, clock: unknown) => ({ item: { client, clock } });
const end = { type: null, tname: "text", item: null, assoc: 0 };

describe("a position that others say", () => {
  test("is what they said", () => {
    const doc = newDoc();
    const [anchor, head] = [3, 9].map((index) => Y.createRelativePositionFromTypeIndex(doc.getText("text"), index, -1));
    for (const field of ["cursor", "selection", "caret2"])
      expect(seen({ [field]: { anchor, head } }, doc)).toEqual({ [field]: { anchor, head } });
    expect(seen({ selection: { anchor, focus: head } }, doc)).toEqual({ selection: { anchor, focus: head } });
    expect(seen({ cursor: { anchor, head, shape: "block" } }, doc)).toEqual({
      cursor: { anchor, head, shape: "block" },
    });
    expect(seen({ cursor: null }, doc)).toEqual({ cursor: null });
  });

  test("has all its members, as y-codemirror.next and y-monaco look it up", () => {
    const doc = newDoc();
    const { cursor } = seen({ cursor: { anchor: { tname: "text" }, head: id(1, 4) } }, doc) as {
      cursor: Record<"anchor" | "head", Y.RelativePosition>;
    };
    expect(cursor).toEqual({ anchor: end, head: { type: null, tname: null, ...id(1, 4), assoc: 0 } });
    expect(Y.createAbsolutePositionFromRelativePosition(cursor.anchor, doc)?.index).toBe(9);
    expect(Y.createAbsolutePositionFromRelativePosition(cursor.head, doc)?.index).toBe(4);
  });

  test("may be at the end of what has no name, as `doc.getText()`", () => {
    const doc = new Y.Doc();
    const anchor = Y.createRelativePositionFromTypeIndex(doc.getText(), 0);
    expect(seen({ cursor: { anchor, head: anchor } }, doc)).toEqual({ cursor: { anchor, head: anchor } });
  });

  test.each([
    ["nothing", {}],
    ["null", null],
    ["a number", 5],
    ["text", "text"],
    ["a list", [{ tname: "text" }]],
    ["a negative clock", id(1, -1)],
    ["half a clock", id(1, 0.5)],
    ["a clock that is no safe integer", id(1, 2 ** 60)],
    ["text for a clock", id(1, "0")],
    ["no client", id(undefined, 0)],
    ["an id that is a number", { type: 5, item: 5 }],
    ["a name that is none", { tname: { length: 1 } }],
    ["the name of what the document does not have", { tname: "new" }],
  ])("that is %s leaves no cursor", (_, position) => {
    const doc = newDoc();
    for (const [anchor, head] of [
      [position, position],
      [position, end],
      [end, position],
    ]) {
      for (const field of ["cursor", "selection", "caret2"])
        expect(seen({ [field]: { anchor, head } }, doc)).toEqual({ [field]: null });
      expect(seen({ selection: { anchor, focus: head } }, doc)).toEqual({ selection: null });
    }
    expect([...doc.share.keys()]).toEqual(["text"]);
  });

  test.each([5, true, "here", [], {}, { anchor: end }, { head: end }, { anchor: end, focus: end }])(
    "is there twice, or no binding may read it: cursor %j",
    (cursor) => expect(seen({ cursor })).toEqual({ cursor: null }),
  );

  test("is position or null in Lexical's fields, also in one that is absent", () => {
    expect(seen({ anchorPos: end, focusPos: end, focusing: true })).toEqual({
      anchorPos: end,
      focusPos: end,
      focusing: true,
    });
    expect(seen({ anchorPos: end, focusPos: {} })).toEqual({ anchorPos: end, focusPos: null });
    expect(seen({ focusing: true })).toEqual({ anchorPos: null, focusPos: null, focusing: true });
  });
});

describe("a user that others say they are", () => {
  test("is what they said, with a color of six digits", () => {
    const user = { id: 7, name: "Ada", color: "#A8512a", colorLight: "#a8512a33" };
    expect(seen({ user })).toEqual({ user });
    expect(seen({ user: {} })).toEqual({ user: {} });
    expect(seen({ user: { color: "#a85f", colorLight: "#a85" } })).toEqual({
      user: { color: "#aa8855", colorLight: "#a85" },
    });
    expect(seen({ user: { color: "#a8512a33" } })).toEqual({ user: { color: "#a8512a" } });
  });

  test.each(["red; position: fixed", "red", "#ffffff;", "#ffffff\n", "#fffff", "", ["#ffffff"], null, {}])(
    "is grey if the color is %j",
    (color) => {
      expect(seen({ user: { color, colorLight: color } })).toEqual({
        user: { color: "#777777", colorLight: "#77777733" },
      });
    },
  );

  test("has a short name that is text, or none", () => {
    expect(seen({ user: { name: "x".repeat(65) } })).toEqual({ user: { name: "x".repeat(64) } });
    expect(seen({ user: { name: { toString: "x" } } })).toEqual({ user: { name: "Somebody" } });
    expect(seen({ user: { name: null } })).toEqual({ user: { name: "Somebody" } });
  });

  test.each(["Ada", 5, null, ["Ada"]])("is nobody if it is %j", (user) => {
    expect(seen({ user, item: 1 })).toEqual({ item: 1 });
  });

  test("is checked beside Lexical's fields, too, and elsewhere that is the application's", () => {
    const mallory = { name: 5, color: "red; position: fixed" };
    expect(seen({ ...mallory, anchorPos: null })).toEqual({
      name: "Somebody",
      color: "#777777",
      anchorPos: null,
      focusPos: null,
    });
    expect(seen(mallory)).toEqual(mallory);
  });
});

test("whatever others send, nothing throws, nor does looking up what is left, and the document stays as it is", () => {
  const junk = fc.jsonValue({ maxDepth: 1 });
  const fieldsOf = (names: readonly string[], value: fc.Arbitrary<unknown>) =>
    fc.dictionary(fc.constantFrom(...names), value);
  const anId = fc.oneof(
    junk,
    fc.record({ client: fc.constantFrom(1, 2, -1), clock: fc.oneof(fc.integer({ min: -1, max: 12 }), junk) }),
  );
  const position = fc.oneof(
    junk,
    fieldsOf(["type", "item", "tname", "assoc"], fc.oneof(anId, fc.constantFrom("text", "new"))),
  );
  const range = fc.oneof(junk, fieldsOf(["anchor", "head", "focus"], position));
  const fields = [
    "cursor",
    "selection",
    "anchorPos",
    "focusPos",
    "focusing",
    "user",
    "__proto__",
    "constructor",
    "other",
  ];
  fc.assert(
    fc.property(fieldsOf(fields, fc.oneof(junk, range, position)), (state) => {
      const doc = newDoc();
      const { cursor, selection, anchorPos, focusPos } = seen(state, doc) as Record<
        string,
        Record<string, Y.RelativePosition> | null | undefined
      >;
      const left = [
        cursor?.["anchor"],
        cursor?.["head"],
        selection?.["anchor"],
        selection?.["head"],
        selection?.["focus"],
        anchorPos,
        focusPos,
      ];
      for (const each of left) if (each) Y.createAbsolutePositionFromRelativePosition(each as Y.RelativePosition, doc);
      // As y-prosemirror reads it.
      if (cursor != null) for (const name of ["anchor", "head"]) Y.createRelativePositionFromJSON(cursor[name]);
      expect([...doc.share.keys()]).toEqual(["text"]);
    }),
    { numRuns: 500 },
  );
});
