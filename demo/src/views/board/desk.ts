/** The board's elements: the tools, the paper that is drawn on, and what lies on the paper beside ink. */
import { boardSize } from "../../document.js";
import { keyboardDescription } from "./keyboard-hand.js";
import { eraserRadius } from "./eraser.js";
import type { InkPoint } from "./ink.js";
import type { Nib } from "./pen.js";

export class Desk {
  readonly element = document.createElement("div");
  /** Is drawn on, and has the keyboard. */
  readonly paper = document.createElement("div");
  readonly #label: string;
  readonly #hint = document.createElement("p");
  readonly #pen = document.createElement("div");

  constructor(label: string, tools: HTMLElement) {
    this.#label = label;
    const room = document.createElement("div");
    room.className = "board-room";
    room.append(this.paper);
    this.element.className = "board";
    this.element.append(tools, room);
    this.#hint.className = "board-hint";
    this.#hint.textContent = "Nothing here yet. Draw something, in either pane.";
    this.#pen.className = "board-pen";
    this.#pen.hidden = true;
    this.paper.className = "board-paper";
    this.paper.tabIndex = 0;
    // Arrow keys and Space are the board's, also where a screen reader has keys of its own.
    this.paper.setAttribute("role", "application");
    this.paper.setAttribute("aria-roledescription", "drawing board");
    this.paper.setAttribute("aria-description", keyboardDescription);
  }

  /** On top of what was put on the paper meanwhile. */
  layOut(): void {
    this.paper.append(this.#hint, this.#pen);
  }

  set isReadOnly(isReadOnly: boolean) {
    this.element.classList.toggle("is-read-only", isReadOnly);
    this.#hint.textContent = isReadOnly ? "Nothing here yet." : "Nothing here yet. Draw something, in either pane.";
  }

  showCounts({ own, all }: { readonly own: number; readonly all: number }): void {
    const lines = all === 1 ? "1 line" : `${all} lines`;
    this.#hint.hidden = all > 0;
    const label = `${this.#label}: ${lines}, ${own} of them drawn in this pane`;
    if (this.paper.getAttribute("aria-label") !== label) this.paper.setAttribute("aria-label", label);
  }

  /** Where the pen is, for who has no mouse pointer to see; the eraser's reach, for all. */
  showPen(nib: Nib, [x, y]: InkPoint, isDown: boolean): void {
    const size = nib.kind === "eraser" ? 2 * eraserRadius : nib.size;
    this.#pen.hidden = false;
    this.#pen.classList.toggle("is-down", isDown);
    this.#pen.style.setProperty("--swatch", nib.kind === "eraser" ? "transparent" : nib.color);
    this.#pen.style.setProperty("--size", `${(100 * size) / boardSize.width}cqw`);
    this.#pen.style.transform = `translate(${(100 * x) / boardSize.width}cqw, ${(100 * y) / boardSize.height}cqh)`;
  }

  hidePen(): void {
    this.#pen.hidden = true;
  }
}
