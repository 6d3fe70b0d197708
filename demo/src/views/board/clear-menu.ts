/** The bin: asks which lines are to go. It can be undone, so it asks nothing more. */
import { iconButton } from "../icon.js";

export interface Clearing {
  /** Of the lines there are now. */
  count(): { readonly own: number; readonly all: number };
  clear(which: "own" | "all"): void;
}

/** Between the button, the menu and the edge of the window, in CSS pixels. */
const gap = 8;

export class ClearMenu {
  readonly element = document.createElement("div");
  readonly button = iconButton("bin", "Clear the board…", () => {});
  readonly #clearing: Clearing;
  readonly #own: HTMLButtonElement;
  readonly #all: HTMLButtonElement;

  constructor(clearing: Clearing) {
    this.#clearing = clearing;
    this.#own = this.#item("own");
    this.#all = this.#item("all");
    this.element.className = "board-menu";
    this.element.popover = "auto";
    this.element.append(this.#own, this.#all);
    this.element.addEventListener("beforetoggle", () => this.#count());
    this.element.addEventListener("toggle", () => this.#place());
    this.button.popoverTargetElement = this.element;
  }

  #item(which: "own" | "all"): HTMLButtonElement {
    const item = document.createElement("button");
    item.type = "button";
    item.addEventListener("click", () => {
      this.element.hidePopover();
      this.#clearing.clear(which);
    });
    return item;
  }

  #count(): void {
    const { own, all } = this.#clearing.count();
    this.#own.textContent = `Clear what I drew (${own})`;
    this.#all.textContent = `Clear everything (${all})`;
    this.#own.disabled = own === 0;
    this.#all.disabled = all === 0;
  }

  /** Above the button, or below it where there is no room. */
  #place(): void {
    const { left, top, bottom } = this.button.getBoundingClientRect();
    const { width, height } = this.element.getBoundingClientRect();
    const above = top - height - gap;
    this.element.style.left = `${Math.max(gap, Math.min(left, innerWidth - width - gap))}px`;
    this.element.style.top = `${above < gap ? bottom + gap : above}px`;
  }
}
