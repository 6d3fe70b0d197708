import { EditorState, type ChangeSpec } from "@codemirror/state";
import { EditorView, type DecorationSet } from "@codemirror/view";
import { YSyncConfig, ySyncAnnotation } from "y-codemirror.next";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { faded, mergedRanges } from "./merged-ranges.js";

const config = new YSyncConfig(new Y.Doc().getText("text"), null);
const fromDocument = ySyncAnnotation.of(config);

class Pane {
  isMerging = true;
  state = EditorState.create({ doc: "limestone\nslate", extensions: mergedRanges(() => this.isMerging) });

  /** As y-codemirror.next says what others wrote. */
  arrives(changes: ChangeSpec): void {
    this.state = this.state.update({ changes, annotations: fromDocument }).state;
  }

  type(changes: ChangeSpec): void {
    this.state = this.state.update({ changes }).state;
  }

  fade(arrival: number): void {
    this.state = this.state.update({ effects: faded.of(arrival) }).state;
  }

  get marked(): string[] {
    const marked: string[] = [];
    for (const set of this.state.facet(EditorView.decorations)) {
      (set as DecorationSet).between(
        0,
        this.state.doc.length,
        (from, to) => void marked.push(this.state.sliceDoc(from, to)),
      );
    }
    return marked;
  }
}

describe("text merged into code", () => {
  test("is marked where it was inserted, and nowhere else", () => {
    const pane = new Pane();
    pane.arrives([
      { from: 0, insert: "grey " },
      { from: 4, to: 9, insert: "light" },
      { from: 15, insert: ", too" },
    ]);
    expect(pane.marked).toEqual(["grey ", "light", ", too"]);
  });

  test("is not marked when the pane has caught up, nor when this person wrote it", () => {
    const pane = new Pane();
    pane.type({ from: 0, insert: "by me " });
    pane.isMerging = false;
    pane.arrives({ from: 0, insert: "as it is typed " });
    expect(pane.marked).toEqual([]);
  });

  test("needs no mark where something was deleted", () => {
    const pane = new Pane();
    pane.arrives({ from: 0, to: 4 });
    expect(pane.marked).toEqual([]);
  });

  test("stays marked where later edits move it", () => {
    const pane = new Pane();
    pane.arrives({ from: 10, insert: "grey " });
    pane.type({ from: 0, to: 4, insert: "sand" });
    pane.type({ from: 0, insert: "// " });
    pane.isMerging = false;
    pane.arrives({ from: 0, insert: "\n" });
    expect(pane.marked).toEqual(["grey "]);
  });

  test("fades with what arrived at the same time", () => {
    const pane = new Pane();
    pane.arrives({ from: 0, insert: "first " });
    pane.arrives({ from: 6, insert: "second " });
    pane.fade(1);
    expect(pane.marked).toEqual(["second "]);
    pane.fade(2);
    expect(pane.marked).toEqual([]);
  });
});
