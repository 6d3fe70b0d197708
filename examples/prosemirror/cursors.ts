/** How others' cursors look. y-prosemirror's own way writes colors into style attributes as they came, whoever sent them. */
import type { DecorationAttrs } from "prosemirror-view";

interface User {
  readonly name: string;
  readonly color: string;
}

export function cursorBuilder(user: User): HTMLElement {
  const cursor = document.createElement("span");
  cursor.className = "person";
  cursor.style.borderColor = colorOf(user);
  const name = document.createElement("span");
  name.className = "name";
  name.style.backgroundColor = colorOf(user);
  name.textContent = String(user.name).slice(0, 24);
  // Word joiners: the cursor neither breaks a line nor is skipped by the keyboard's caret.
  cursor.append("\u2060", name, "\u2060");
  return cursor;
}

export function selectionBuilder(user: User): DecorationAttrs {
  return { style: `background-color: ${colorOf(user)}40` };
}

function colorOf({ color }: User): string {
  return /^#[0-9a-f]{6}$/i.test(color) ? color : "#777777";
}
