/** Undo and redo by the usual keys: of what was done on this page, never of what others did. */
import * as Y from "yjs";

export function undoByKeys(strokes: Y.Array<unknown>): () => void {
  // A line is taken back as a whole, however slowly it was drawn.
  const manager = new Y.UndoManager(strokes, { captureTimeout: Infinity });
  const startLine = () => manager.stopCapturing();
  const press = (event: KeyboardEvent) => {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (event.shiftKey) manager.redo();
    else manager.undo();
  };
  addEventListener("pointerdown", startLine, { capture: true });
  addEventListener("keydown", press);
  return () => {
    removeEventListener("pointerdown", startLine, { capture: true });
    removeEventListener("keydown", press);
    manager.destroy();
  };
}
