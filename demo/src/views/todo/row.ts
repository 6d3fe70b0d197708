/** One item on the screen: made once, and kept up to date for as long as the item is there. */
import { disc, type Person } from "../../people.js";
import type { History } from "../history.js";
import { iconButton } from "../icon.js";
import { mergedForMs } from "../merged-text.js";
import type { Entry } from "./entry.js";
import { TextField } from "./text-field.js";

export interface RowActions {
  setDone(row: Row, isDone: boolean): void;
  remove(row: Row): void;
  /** One place up or down. */
  shift(row: Row, by: -1 | 1): void;
  /** Enter: on to what comes next. */
  finish(row: Row): void;
  /** Whether its text is what this person edits now. */
  edit(row: Row, isEditing: boolean): void;
}

export interface Editor {
  readonly person: Person;
  readonly isFollowed: boolean;
}

/** More discs would take the text's room. */
const shownEditors = 3;
const longestLabel = 60;

export class Row {
  readonly element = document.createElement("li");
  /** Is dragged by it; with the keyboard, arrow keys move the item. */
  readonly grip = iconButton("grip", "", () => {});
  readonly #check = document.createElement("input");
  readonly #field: TextField;
  readonly #editors = document.createElement("span");
  /** Deletes it. */
  readonly bin: HTMLButtonElement;
  readonly #actions: RowActions;
  #entry: Entry;
  #forgetFlash: ReturnType<typeof setTimeout> | undefined;

  constructor(entry: Entry, history: History, actions: RowActions) {
    this.#entry = entry;
    this.#actions = actions;
    this.bin = iconButton("bin", "", () => actions.remove(this));
    this.#field = new TextField(entry.text, history, (text) => this.#name(text));
    this.#check.type = "checkbox";
    this.#field.element.className = "todo-text";
    this.#field.element.setAttribute("aria-label", "To do");
    this.#editors.className = "todo-editors";
    this.grip.classList.add("todo-grip");
    this.element.className = "todo-item";
    this.element.append(this.grip, this.#check, this.#field.element, this.#editors, this.bin);
    this.#listen();
    this.show(entry);
  }

  get entry(): Entry {
    return this.#entry;
  }

  get isFocused(): boolean {
    return this.element.contains(document.activeElement);
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#field.isReadOnly = isReadOnly;
    for (const control of [this.grip, this.#check, this.bin]) control.disabled = isReadOnly;
  }

  show(entry: Entry): void {
    this.#entry = entry;
    this.#check.checked = entry.isDone;
    this.element.classList.toggle("is-done", entry.isDone);
  }

  showEditors(editors: readonly Editor[]): void {
    const followed = editors.find(({ isFollowed }) => isFollowed);
    this.element.classList.toggle("is-followed", followed !== undefined);
    if (followed) this.element.style.setProperty("--person", followed.person.color);
    this.#editors.replaceChildren(...editors.slice(0, shownEditors).map(({ person }) => discOf(person)));
  }

  /** It came, or changed, while this pane was away. */
  flash(): void {
    this.element.classList.remove("has-arrived");
    // So that the animation starts again.
    void this.element.offsetWidth;
    this.element.classList.add("has-arrived");
    clearTimeout(this.#forgetFlash);
    this.#forgetFlash = setTimeout(() => this.element.classList.remove("has-arrived"), mergedForMs);
  }

  /** Puts the keyboard into its text, at the end. */
  focus(): void {
    const { element } = this.#field;
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  }

  destroy(): void {
    clearTimeout(this.#forgetFlash);
    this.#field.destroy();
    this.element.remove();
  }

  #listen(): void {
    const { element: text } = this.#field;
    this.#check.addEventListener("change", () => this.#actions.setDone(this, this.#check.checked));
    text.addEventListener("focus", () => this.#actions.edit(this, true));
    text.addEventListener("blur", () => this.#actions.edit(this, false));
    this.element.addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event: KeyboardEvent): void {
    const { key, altKey, target, isComposing } = event;
    const isMoving = altKey || target === this.grip;
    if (isMoving && key === "ArrowUp") this.#actions.shift(this, -1);
    else if (isMoving && key === "ArrowDown") this.#actions.shift(this, 1);
    else if (key === "Enter" && target === this.#field.element && !isComposing) this.#actions.finish(this);
    else if (key === "Backspace" && target === this.#field.element && this.#isEmpty) this.#actions.remove(this);
    else return;
    event.preventDefault();
  }

  get #isEmpty(): boolean {
    const { value, readOnly } = this.#field.element;
    return value === "" && !readOnly;
  }

  #name(text: string): void {
    const short = text.trim().slice(0, longestLabel) || "nothing yet";
    this.#check.setAttribute("aria-label", `Done: ${short}`);
    this.grip.setAttribute("aria-label", `Move with the arrow keys: ${short}`);
    this.grip.title = "Drag to move. In the text: Alt and arrow up or down";
    this.bin.setAttribute("aria-label", `Delete: ${short}`);
    this.bin.title = "Delete";
  }
}

function discOf(person: Person): HTMLElement {
  const element = disc(person);
  element.title = `${person.name} is editing this`;
  return element;
}
