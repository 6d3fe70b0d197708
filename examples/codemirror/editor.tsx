/** CodeMirror as a component: the code of the nearest <SynclineProvider>. */
import { javascript } from "@codemirror/lang-javascript";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { scopedAwareness } from "@syncline/client";
import { useProvider } from "@syncline/client/react";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";

export function Editor({ name, color }: { name: string; color: string }) {
  const { doc, awareness } = useProvider();
  const parent = useRef<HTMLDivElement>(null);

  useEffect(() => {
    awareness.setLocalStateField("user", { name, color, colorLight: `${color}33` });
  }, [awareness, name, color]);

  useEffect(() => {
    if (!parent.current) return;
    const text = doc.getText("text");
    const undoManager = new Y.UndoManager(text);
    const presence = scopedAwareness(awareness, "editor"); // Of others, only what cannot break the editor.
    const collaboration = [keymap.of(yUndoManagerKeymap), yCollab(text, presence, { undoManager })];
    const lineEnds = EditorState.lineSeparator.of("\n"); // Others it would count as one letter, Yjs counts them as they are.
    const extensions = [collaboration, lineEnds, basicSetup, javascript()];
    const view = new EditorView({ parent: parent.current, doc: text.toString(), extensions });
    return () => {
      view.destroy();
      presence.destroy();
      undoManager.destroy();
    };
  }, [doc, awareness]);

  return <div id="editor" ref={parent} />;
}
