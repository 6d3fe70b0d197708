/** CodeMirror as a component: the code of the nearest <SynclineProvider>. */
import { javascript } from "@codemirror/lang-javascript";
import { EditorView, keymap } from "@codemirror/view";
import { useProvider } from "@syncline/client/react";
import { basicSetup } from "codemirror";
import { useEffect, useRef } from "react";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";
import { makeColorsSafe } from "./safe-colors.js";

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
    const stopCleaning = makeColorsSafe(awareness);
    const collaboration = [keymap.of(yUndoManagerKeymap), yCollab(text, awareness, { undoManager })];
    const extensions = [collaboration, basicSetup, javascript()];
    const view = new EditorView({ parent: parent.current, doc: text.toString(), extensions });
    return () => {
      view.destroy();
      stopCleaning();
      undoManager.destroy();
    };
  }, [doc, awareness]);

  return <div id="editor" ref={parent} />;
}
