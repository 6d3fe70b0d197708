/** The document's text as code, in CodeMirror, with everyone's carets. */
import { defaultKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";
import { codeOf } from "../document.js";
import { CaretFollower, type Row } from "./caret-follower.js";
import { CheckedAwareness } from "./checked-awareness.js";
import { codeLook } from "./code/code-look.js";
import { indentation } from "./code/indentation.js";
import { mergedRanges } from "./code/merged-ranges.js";
import { remoteCarets } from "./code/remote-carets.js";
import type { OpenView, View, ViewOptions } from "./view.js";

export const openCode: OpenView = (options) => new CodeView(options);

class CodeView implements View {
  readonly #parent: HTMLElement;
  readonly #text: Y.Text;
  readonly #presence: CheckedAwareness;
  readonly #undo: Y.UndoManager;
  readonly #editable = new Compartment();
  readonly #view: EditorView;
  readonly #follower: CaretFollower;
  readonly #notice = document.createElement("p");
  #isReadOnly = false;

  constructor(options: ViewOptions) {
    const { parent, doc, awareness } = options;
    this.#parent = parent;
    this.#text = codeOf(doc);
    this.#presence = new CheckedAwareness(awareness);
    this.#undo = new Y.UndoManager(this.#text);
    this.#notice.className = "notice";
    this.#notice.textContent =
      "Another program put something into this text that is no text. What is typed here would land in the wrong place, so it can only be read.";
    this.#view = new EditorView({
      parent,
      state: EditorState.create({ doc: this.#text.toString(), extensions: this.#extensions(options) }),
    });
    this.#follower = new CaretFollower({
      awareness,
      scroller: this.#view.scrollDOM,
      rowOf: (clientId) => this.#rowOf(clientId),
    });
    this.#text.observe(this.#allowEdits);
    this.#allowEdits();
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
    this.#allowEdits();
  }

  follow(clientId: number | undefined): void {
    this.#follower.follow(clientId);
  }

  destroy(): void {
    this.#text.unobserve(this.#allowEdits);
    this.#notice.remove();
    this.#follower.destroy();
    this.#view.destroy();
    this.#undo.destroy();
    this.#presence.leave();
  }

  /** Not where the document counts other letters than the editor does: a picture, say, is one there and none here. */
  readonly #allowEdits = (): void => {
    const isForeign = this.#text.length !== this.#text.toString().length;
    if (isForeign) this.#parent.prepend(this.#notice);
    else this.#notice.remove();
    const isReadOnly = this.#isReadOnly || isForeign;
    if (isReadOnly === this.#view.state.readOnly) return;
    this.#view.dispatch({ effects: this.#editable.reconfigure(isReadOnly ? readOnly : []) });
  };

  #extensions({ label, isCatchingUp }: ViewOptions): Extension {
    const undo = this.#undo;
    return [
      // Tab is not taken: it leads out of the editor, for who has no mouse.
      keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
      // Other line ends stay letters: as line ends they would count as one, and what is typed would land in the wrong place.
      EditorState.lineSeparator.of("\n"),
      lineNumbers(),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label }),
      placeholder("Nothing here yet. Write something, in either pane."),
      indentation(),
      yCollab(this.#text, null, { undoManager: undo }),
      remoteCarets(this.#text, this.#presence),
      // What is undone comes back by way of the document, too.
      mergedRanges(() => isCatchingUp() && !undo.undoing && !undo.redoing),
      EditorView.updateListener.of(({ docChanged }) => docChanged && this.#follower.lookAgain()),
      this.#editable.of([]),
      codeLook,
    ];
  }

  #rowOf(clientId: number): Row | undefined {
    const cursor = this.#presence.cursorOf(clientId);
    const position = cursor && Y.createAbsolutePositionFromRelativePosition(cursor.head, this.#presence.doc);
    if (!position || position.type !== this.#text) return undefined;
    const index = Math.min(position.index, this.#view.state.doc.length);
    const drawn = this.#view.coordsAtPos(index);
    if (drawn) return drawn;
    // Lines far away are not drawn; about where they would be is known.
    const { top, bottom } = this.#view.lineBlockAt(index);
    return { top: this.#view.documentTop + top, bottom: this.#view.documentTop + bottom };
  }
}

/** It can still be reached and scrolled with the keyboard. */
const readOnly: Extension = [
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ tabindex: "0" }),
];
