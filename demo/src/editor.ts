/** A CodeMirror editor on a Y.Text, with everyone's cursors. Made when the document is here: it never shows half of it. */
import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";
import type { Awareness } from "./people.js";

export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: Y.Text;
  readonly awareness: Awareness;
  /** For who cannot see which pane it is. */
  readonly label: string;
}

export class Editor {
  readonly #view: EditorView;
  readonly #editable = new Compartment();

  constructor({ parent, text, awareness, label }: EditorOptions) {
    this.#view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text.toString(),
        extensions: [
          // Tab is not taken: it leads out of the editor, for who has no mouse.
          keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": label, autocapitalize: "sentences", autocorrect: "on" }),
          placeholder("Nothing here yet. Write something, in either pane."),
          yCollab(text, awareness, { undoManager: new Y.UndoManager(text) }),
          this.#editable.of([]),
          look,
        ],
      }),
    });
  }

  /** Edits could not be saved any more: they are refused, and the text can still be copied. */
  set isReadOnly(isReadOnly: boolean) {
    const readOnly = [EditorState.readOnly.of(true), EditorView.editable.of(false)];
    this.#view.dispatch({ effects: this.#editable.reconfigure(isReadOnly ? readOnly : []) });
  }

  destroy(): void {
    this.#view.destroy();
  }
}

/** What CodeMirror and y-codemirror.next style themselves; colours and sizes are the page's. */
const look: Extension = EditorView.theme({
  "&": { height: "100%", color: "inherit", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "1.75", overflow: "auto", overscrollBehavior: "contain" },
  ".cm-content": { padding: "var(--page-top) 0 1.5rem", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 var(--gutter)" },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-ySelectionCaret": { borderWidth: "0 1px", marginLeft: "-1px" },
  ".cm-ySelectionCaretDot": { display: "none" },
  ".cm-ySelectionInfo": {
    opacity: "1",
    // Between two lines: below the text above, above the text it stands in.
    top: "-0.9em",
    left: "-1px",
    padding: "0 0.4em",
    borderRadius: "3px 3px 3px 0",
    fontFamily: "var(--sans)",
    fontSize: "0.6875rem",
    fontWeight: "600",
    lineHeight: "1.2",
    pointerEvents: "none",
  },
});
