import { getSchema } from "@tiptap/core";
import { Node, Slice } from "@tiptap/pm/model";
import { EditorState } from "@tiptap/pm/state";
import type { DecorationSet } from "@tiptap/pm/view";
import { StarterKit } from "@tiptap/starter-kit";
import { ySyncPluginKey } from "@tiptap/y-tiptap";
import { describe, expect, test } from "vitest";
import { fade, mergedRangesPlugin } from "./merged-ranges.js";

const schema = getSchema([StarterKit]);

function pageOf(...paragraphs: readonly string[]): Node {
  const content = paragraphs.map((text) => ({
    type: "paragraph",
    content: text === "" ? [] : [{ type: "text", text }],
  }));
  return Node.fromJSON(schema, { type: "doc", content });
}

class Pane {
  isMerging = true;
  readonly #plugin = mergedRangesPlugin(() => this.isMerging);
  state = EditorState.create({ doc: pageOf("limestone", "slate"), plugins: [this.#plugin] });

  /** As y-tiptap says what others wrote: all of the document is replaced. */
  arrives(paragraphs: readonly string[], isUndoRedoOperation = false): void {
    const { doc, tr } = this.state;
    const slice = new Slice(pageOf(...paragraphs).content, 0, 0);
    const transaction = tr.replace(0, doc.content.size, slice);
    this.state = this.state.apply(transaction.setMeta(ySyncPluginKey, { isChangeOrigin: true, isUndoRedoOperation }));
  }

  type(text: string, at: number): void {
    this.state = this.state.apply(this.state.tr.insertText(text, at));
  }

  fade(arrival: number): void {
    this.state = this.state.apply(fade(this.state.tr, arrival));
  }

  get marked(): string[] {
    const marks = this.#plugin.props.decorations?.call(this.#plugin, this.state) as DecorationSet;
    return marks.find().map(({ from, to }) => this.state.doc.textBetween(from, to, "¶"));
  }
}

describe("text merged into a page", () => {
  test("is marked where it was inserted, and nowhere else", () => {
    const pane = new Pane();
    pane.arrives(["grey limestone", "slate, too"]);
    expect(pane.marked).toEqual(["grey ", ", too"]);
  });

  test("is marked as a whole when it is a paragraph, also one that ends like its neighbour", () => {
    const pane = new Pane();
    pane.arrives(["limestone", "sandstone", "slate", "and late"]);
    expect(pane.marked.map((text) => text.replaceAll("¶", ""))).toEqual(["sandstone", "and late"]);
  });

  test("is not marked when the pane has caught up, nor when this person wrote it, or took back a deletion", () => {
    const pane = new Pane();
    pane.type("my ", 1);
    pane.arrives(["my own limestone", "slate"], true);
    expect(pane.marked).toEqual([]);
    pane.isMerging = false;
    pane.arrives(["as it is typed", "slate"]);
    expect(pane.marked).toEqual([]);
  });

  test("needs no mark where something was deleted", () => {
    const pane = new Pane();
    pane.arrives(["stone", "slate"]);
    expect(pane.marked).toEqual([]);
  });

  test("stays marked where later edits move it, also others' edits", () => {
    const pane = new Pane();
    pane.arrives(["limestone", "grey slate"]);
    pane.type("sandy ", 1);
    pane.isMerging = false;
    pane.arrives(["first of all", "sandy limestone", "grey slate, too"]);
    expect(pane.marked).toEqual(["grey "]);
  });

  test("fades with what arrived at the same time", () => {
    const pane = new Pane();
    pane.arrives(["first limestone", "slate"]);
    pane.arrives(["first limestone", "second slate"]);
    pane.fade(1);
    expect(pane.marked).toEqual(["second "]);
    pane.fade(2);
    expect(pane.marked).toEqual([]);
  });
});
