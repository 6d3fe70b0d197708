import { insertNewlineAndIndent } from "@codemirror/commands";
import { EditorState, type Transaction } from "@codemirror/state";
import { describe, expect, test } from "vitest";
import { codeLook } from "./code-look.js";
import { indentation } from "./indentation.js";

/** What Enter makes of a text in which | is the caret. */
function afterEnter(text: string): string {
  const caret = text.indexOf("|");
  let state = EditorState.create({
    doc: text.replace("|", ""),
    selection: { anchor: caret },
    extensions: [indentation(), codeLook],
  });
  insertNewlineAndIndent({ state, dispatch: (transaction: Transaction) => (state = transaction.state) });
  const { head } = state.selection.main;
  return `${state.sliceDoc(0, head)}|${state.sliceDoc(head)}`;
}

describe("a new line", () => {
  test.each([
    ["of prose begins where the one above it does", "Field notes, Thursday|", "Field notes, Thursday\n|"],
    ["after a sentence does, too", "All layers dip.|", "All layers dip.\n|"],
    [
      "after a list's begins where that does",
      "- hammer and hand lens\n- the map|",
      "- hammer and hand lens\n- the map\n|",
    ],
    ["keeps the indentation", "if (dips) {\n  fold();|\n}", "if (dips) {\n  fold();\n  |\n}"],
    ["goes a step further after a bracket", "if (dips) {|", "if (dips) {\n  |"],
    ["between two brackets pushes the second one down", "if (dips) {|}", "if (dips) {\n  |\n}"],
    ["before a closing bracket goes a step back", "if (dips) {\n  fold();|}", "if (dips) {\n  fold();\n|}"],
    ["at the very beginning is not indented", "|limestone", "\n|limestone"],
  ])("%s", (_, before, after) => {
    expect(afterEnter(before)).toBe(after);
  });
});
