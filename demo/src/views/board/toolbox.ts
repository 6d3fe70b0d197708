/** The row of tools beside the board: colours, widths, an eraser, undo and redo, and a bin. */
import type { Person } from "../../people.js";
import { icon } from "../icon.js";
import { ClearMenu, type Clearing } from "./clear-menu.js";
import type { InkNib, Nib } from "./pen.js";
import { penColors, penSizes } from "./pens.js";

export interface ToolboxOptions {
  readonly person: Person;
  /** Undo and redo. */
  readonly historyButtons: readonly HTMLElement[];
  readonly clearing: Clearing;
}

export class Toolbox {
  /** A form, so that the choices of two boards on one page are not one choice. */
  readonly element = document.createElement("form");
  readonly #tools = document.createElement("fieldset");
  readonly #sizes = penSizes.map(({ name, size }) => dot(name, size, () => this.#draw({ size })));
  #ink: InkNib;
  #isErasing = false;

  constructor({ person, historyButtons, clearing }: ToolboxOptions) {
    const menu = new ClearMenu(clearing);
    const colors = penColors(person).map(({ name, color }) => swatch(name, color, () => this.#draw({ color })));
    const eraser = option("Eraser: takes away whole lines", icon("eraser"), () => this.#erase(true));
    this.#ink = { kind: "ink", color: person.color, size: penSizes[0].size };
    this.element.className = "board-tools";
    this.element.setAttribute("aria-label", "Drawing tools");
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.#tools.className = "board-tool-groups";
    this.#tools.append(
      choice("color", colors),
      choice("nib", [...this.#sizes, eraser]),
      group(...historyButtons, menu.button),
    );
    this.element.append(this.#tools, menu.element);
    this.#erase(false);
  }

  get nib(): Nib {
    return this.#isErasing ? { kind: "eraser" } : this.#ink;
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#tools.disabled = isReadOnly;
  }

  /** Who takes a colour wants to draw with it: the eraser gives way to the pen there was. */
  #draw(change: Partial<InkNib>): void {
    this.#ink = { ...this.#ink, ...change };
    const input = this.#sizes[penSizes.findIndex(({ size }) => size === this.#ink.size)]?.querySelector("input");
    if (input) input.checked = true;
    this.#erase(false);
  }

  #erase(isErasing: boolean): void {
    this.#isErasing = isErasing;
    this.element.dataset["nib"] = this.nib.kind;
  }
}

/** The first is chosen. */
function choice(name: "color" | "nib", options: readonly HTMLLabelElement[]): HTMLElement {
  const set = document.createElement("fieldset");
  const legend = document.createElement("legend");
  legend.className = "visually-hidden";
  legend.textContent = name === "color" ? "Colour" : "Pen or eraser";
  set.className = `board-choice board-${name}s`;
  set.append(legend, ...options);
  set.querySelectorAll("input").forEach((input, at) => {
    input.name = name;
    input.checked = at === 0;
  });
  return set;
}

function swatch(name: string, color: string, onChoose: () => void): HTMLLabelElement {
  const label = option(name, document.createElement("i"), onChoose);
  label.style.setProperty("--swatch", color);
  return label;
}

function dot(name: string, size: number, onChoose: () => void): HTMLLabelElement {
  const label = option(`${name} pen`, document.createElement("i"), onChoose);
  label.style.setProperty("--size", `${size}`);
  return label;
}

function option(name: string, picture: Element, onChoose: () => void): HTMLLabelElement {
  const label = document.createElement("label");
  const input = document.createElement("input");
  input.type = "radio";
  input.setAttribute("aria-label", name);
  // Not "change": the colour that is chosen already is chosen again by who has the eraser.
  input.addEventListener("click", onChoose);
  label.title = name;
  label.append(input, picture);
  return label;
}

function group(...buttons: readonly HTMLElement[]): HTMLElement {
  const element = document.createElement("div");
  element.className = "board-buttons";
  element.append(...buttons);
  return element;
}
