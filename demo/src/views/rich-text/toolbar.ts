/** The buttons above the page. One stop for Tab, arrow keys from one button to the next. */
import type { Editor } from "@tiptap/core";
import { drawingOf } from "../icon.js";
import { tools, type Tool } from "./tools.js";
import "../tools.css";
import "./toolbar.css";

export class Toolbar {
  readonly element = document.createElement("div");
  readonly #editor: Editor;
  readonly #buttons: readonly ToolButton[];

  constructor(editor: Editor) {
    this.#editor = editor;
    this.element.className = "page-tools";
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", "Formatting");
    const groups = tools.map((group) => group.map((tool) => new ToolButton(tool, editor)));
    this.#buttons = groups.flat();
    this.element.append(...groups.map(groupOf));
    this.element.addEventListener("keydown", this.#walk);
    this.element.addEventListener("focusin", ({ target }) => this.#setStop(target));
    // The selection, and a phone's keyboard, stay where they are.
    this.element.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#setStop(this.#buttons[0]?.element ?? null);
    editor.on("transaction", this.#show);
    this.#show();
  }

  set isHidden(isHidden: boolean) {
    this.element.hidden = isHidden;
  }

  destroy(): void {
    this.#editor.off("transaction", this.#show);
    this.element.remove();
  }

  readonly #show = (): void => {
    for (const button of this.#buttons) button.show();
  };

  readonly #walk = (event: KeyboardEvent): void => {
    const here = this.#buttons.findIndex(({ element }) => element === event.target);
    const last = this.#buttons.length - 1;
    const places: Partial<Record<string, number>> = {
      ArrowRight: here === last ? 0 : here + 1,
      ArrowLeft: here === 0 ? last : here - 1,
      Home: 0,
      End: last,
    };
    const next = this.#buttons[places[event.key] ?? -1];
    if (here === -1 || !next) return;
    event.preventDefault();
    next.element.focus();
  };

  #setStop(target: EventTarget | null): void {
    for (const { element } of this.#buttons) element.tabIndex = element === target ? 0 : -1;
  }
}

class ToolButton {
  readonly element = document.createElement("button");
  readonly #tool: Tool;
  readonly #editor: Editor;

  constructor(tool: Tool, editor: Editor) {
    this.#tool = tool;
    this.#editor = editor;
    this.element.type = "button";
    this.element.className = "tool";
    this.element.title = `${tool.name} (${tool.shortcut})`;
    this.element.setAttribute("aria-label", tool.name);
    this.element.append(iconOf(tool));
    this.element.addEventListener("click", (event) => this.#use(event));
  }

  show(): void {
    this.element.setAttribute("aria-pressed", String(this.#tool.isOn(this.#editor)));
  }

  /** Who pressed it with the keyboard stays at the buttons. */
  #use({ detail }: MouseEvent): void {
    this.#tool.apply(this.#editor);
    if (detail > 0) this.#editor.view.focus();
  }
}

function groupOf(buttons: readonly ToolButton[]): HTMLElement {
  const group = document.createElement("div");
  group.append(...buttons.map(({ element }) => element));
  return group;
}

function iconOf({ icon }: Tool): Element {
  if ("text" in icon) {
    const letters = document.createElement("span");
    letters.className = icon.className;
    letters.textContent = icon.text;
    return letters;
  }
  return drawingOf(icon.path);
}
