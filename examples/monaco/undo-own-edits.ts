/** Monaco's own undo replays positions that others have moved meanwhile, and damages the text. Yjs undoes in its place. */
import * as monaco from "monaco-editor/editor";
import type * as Y from "yjs";

export function undoOwnEdits(editor: monaco.editor.IStandaloneCodeEditor, undoManager: Y.UndoManager): void {
  const { CtrlCmd, Shift } = monaco.KeyMod;
  const { KeyZ, KeyY } = monaco.KeyCode;
  editor.addAction({
    id: "undo-own",
    label: "Undo",
    keybindings: [CtrlCmd | KeyZ],
    run: () => void undoManager.undo(),
  });
  editor.addAction({
    id: "redo-own",
    label: "Redo",
    keybindings: [CtrlCmd | Shift | KeyZ, CtrlCmd | KeyY],
    run: () => void undoManager.redo(),
  });
}
