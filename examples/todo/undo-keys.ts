/** Undo and redo by the usual keys: of what was done on this page, never of what others did. */
import * as Y from "yjs";

export function undoByKeys(todos: Y.Array<unknown>): () => void {
  const manager = new Y.UndoManager(todos);
  const press = (event: KeyboardEvent) => {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
    // What is not in the document yet is the browser's to undo.
    if (event.target instanceof HTMLInputElement && event.target.id === "new" && event.target.value) return;
    event.preventDefault();
    if (event.shiftKey) manager.redo();
    else manager.undo();
  };
  addEventListener("keydown", press);
  return () => {
    removeEventListener("keydown", press);
    manager.destroy();
  };
}
