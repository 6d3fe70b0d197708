/** One item on the page: a box to tick, its text, and a button that removes it. Made once, then kept up to date. */
import type * as Y from "yjs";
import type { Todo } from "./order.js";
import { bindInput } from "./text-input.js";

export function newRow(item: Todo, onRemove: () => void): HTMLLIElement {
  const row = document.createElement("li");
  const [box, text, button] = [
    document.createElement("input"),
    document.createElement("input"),
    document.createElement("button"),
  ];
  box.type = "checkbox";
  box.ariaLabel = "Done";
  box.onchange = () => item.set("done", box.checked);
  text.type = "text";
  text.ariaLabel = "To do";
  button.textContent = "✕";
  button.ariaLabel = "Delete";
  button.onclick = onRemove;
  bindInput(text, item.get("text") as Y.Text);
  row.append(box, text, button);
  const show = () => (box.checked = item.get("done") === true);
  item.observe(show);
  show();
  return row;
}
