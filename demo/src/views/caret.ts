/** How another person's caret looks, in any editor: a thin line in their colour, with their name. For checked people only. */
import type { Person } from "../people.js";
import "./caret.css";

export function caretOf({ name, color }: Person): HTMLElement {
  const caret = document.createElement("span");
  caret.className = "caret";
  caret.style.setProperty("--person", color);
  const tag = document.createElement("span");
  tag.className = "caret-name";
  tag.textContent = name;
  // Word joiners: the caret is as high as the line, and no line breaks because of it.
  caret.append("\u2060", tag, "\u2060");
  return caret;
}

/** Of what they selected. */
export function selectionOf({ color }: Person): { readonly class: string; readonly style: string } {
  return { class: "caret-selection", style: `--person: ${color}` };
}
