import { scopedAwareness } from "@syncline/client";
import { afterEach, describe, expect, test } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { CheckedAwareness, type CaretState } from "./checked-awareness.js";

const somebody = 4711;
const docs: Y.Doc[] = [];

afterEach(() => {
  // Ends the awareness' timer, too.
  for (const doc of docs.splice(0)) doc.destroy();
});

/** What is made of the state that somebody else sends for this view. */
function presence(): {
  doc: Y.Doc;
  awareness: Awareness;
  checked: CheckedAwareness;
  seen: (state: unknown) => CaretState | undefined;
} {
  const doc = new Y.Doc();
  docs.push(doc);
  doc.getText("text").insert(0, "limestone");
  const awareness = new Awareness(doc);
  const checked = new CheckedAwareness(scopedAwareness(awareness, "code"));
  const seen = (state: unknown) => {
    awareness.states.set(somebody, JSON.parse(JSON.stringify({ code: state })) as Record<string, unknown>);
    awareness.emit("change", [{ added: [somebody], updated: [], removed: [] }, "wire"]);
    return checked.getStates().get(somebody);
  };
  return { doc, awareness, checked, seen };
}

const grey = { name: "Somebody", color: "#777777", colorLight: "#77777738" };
const nobody = { name: "Somebody", color: "#5d6b6e", colorLight: "#5d6b6e38" };

describe("presence, checked", () => {
  test("shows honest people as they are", () => {
    const { seen } = presence();
    expect(seen({ user: { name: " Ada ", color: "#A8512a", colorLight: "blue" } })?.user).toEqual({
      name: "Ada",
      color: "#A8512a",
      colorLight: "#A8512a38",
    });
  });

  test.each([
    ["that would style the page", { color: "red;background:url(//evil.example/x)", colorLight: "red;position:fixed" }],
    ["of five digits", { color: "#fffff" }],
    ["with something after it", { color: "#ffffff;" }],
    ["with a line break after it", { color: "#ffffff\n" }],
    ["that is a list", { color: ["#ffffff"] }],
  ])("lets no colour through %s", (_, user) => {
    expect(presence().seen({ user })?.user).toEqual(grey);
  });

  test("cuts names, and takes text only", () => {
    const { seen } = presence();
    expect(seen({ user: { name: "<img src=x onerror=alert(1)>".repeat(99) } })?.user.name).toBe(
      "<img src=x onerror=alert",
    );
    expect(seen({ user: { name: { toString: "x" } } })?.user.name).toBe("Somebody");
    expect(seen({ user: "Ada" })?.user).toEqual(nobody);
    expect(seen({})?.user).toEqual(nobody);
  });

  test("passes positions on, as the bindings look them up", () => {
    const { doc, seen } = presence();
    const position = Y.createRelativePositionFromTypeIndex(doc.getText("text"), 4);
    const head = seen({ cursor: { anchor: position, head: position } })?.cursor?.head;
    expect(head && Y.createAbsolutePositionFromRelativePosition(head, doc)?.index).toBe(4);
    const end = seen({ cursor: { anchor: { tname: "text" }, head: { tname: "text" } } })?.cursor?.head;
    expect(end && Y.createAbsolutePositionFromRelativePosition(end, doc)?.index).toBe(9);
  });

  const id = (client: unknown, clock: unknown) => ({ item: { client, clock } });
  test.each([
    ["a number", 5],
    ["nothing in it", {}],
    ["positions that name nothing", { anchor: {}, head: {} }],
    ["one position only", { anchor: { tname: "text" } }],
    ["a negative clock", { anchor: id(1, -1), head: id(1, -1) }],
    ["half a clock", { anchor: id(1, 0.5), head: id(1, 0.5) }],
    ["text for a clock", { anchor: id(1, "0"), head: id(1, "0") }],
    ["a list", [{ tname: "text" }]],
  ])("takes no cursor that is %s", (_, cursor) => {
    expect(presence().seen({ cursor })?.cursor).toBeNull();
  });

  test("makes no type because a position names one", () => {
    const { doc, seen } = presence();
    expect(seen({ cursor: { anchor: { tname: "new" }, head: { tname: "new" } } })?.cursor).toBeNull();
    expect([...doc.share.keys()]).toEqual(["text"]);
  });

  test("never throws at what it lets through", () => {
    const { doc, seen } = presence();
    for (const clock of [0, 3, 8, 9, 2 ** 40]) {
      for (const client of [doc.clientID, 1]) {
        const head = seen({ cursor: { anchor: id(client, clock), head: id(client, clock) } })?.cursor?.head;
        expect(() => head && Y.createAbsolutePositionFromRelativePosition(head, doc)).not.toThrow();
      }
    }
  });

  test("keeps the caret when the editor loses the keyboard, and takes it away when the editor goes", () => {
    const { awareness, checked } = presence();
    checked.setLocalStateField("cursor", { anchor: { tname: "text" }, head: { tname: "text" } });
    checked.setLocalStateField("cursor", null);
    expect(checked.getLocalState()?.cursor).not.toBeNull();
    checked.leave();
    expect(awareness.getLocalState()).toEqual({ code: { cursor: null } });
  });

  test("leaves it to the page to say who this is", () => {
    const { awareness, checked } = presence();
    awareness.setLocalStateField("user", { name: "Ada" });
    checked.setLocalStateField("user", { name: null, color: null });
    expect(awareness.getLocalState()).toEqual({ user: { name: "Ada" }, code: {} });
  });
});
