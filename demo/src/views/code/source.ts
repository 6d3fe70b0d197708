/** Code to be read, highlighted, not edited. */
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { codeLook } from "./code-look.js";

export function showSource(parent: HTMLElement, text: string, label: string): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorState.readOnly.of(true),
        EditorView.editable.of(false),
        EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true", tabindex: "0" }),
        codeLook,
      ],
    }),
  });
}
