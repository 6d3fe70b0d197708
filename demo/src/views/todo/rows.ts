/** The items on the screen, in order. A row that has the keyboard is never taken out, not even to be put back elsewhere. */
import type { Todo } from "../../document.js";
import type { History } from "../history.js";
import type { Entry } from "./entry.js";
import { Row, type RowActions } from "./row.js";

/** What follows can wait until some of these are done. */
const shownAtMost = 500;

export class Rows {
  readonly element = document.createElement("ol");
  readonly #history: History;
  readonly #actions: RowActions;
  readonly #byTodo = new Map<Todo, Row>();
  #inOrder: readonly Row[] = [];
  #isReadOnly = false;

  constructor(label: string, history: History, actions: RowActions) {
    this.#history = history;
    this.#actions = actions;
    this.element.className = "todo-list";
    this.element.setAttribute("aria-label", label);
    // Where the keyboard is when the row it was in is gone.
    this.element.tabIndex = -1;
  }

  /** From the top. */
  get all(): readonly Row[] {
    return this.#inOrder;
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
    for (const row of this.#inOrder) row.isReadOnly = isReadOnly;
  }

  /** The one that many places further down, or up. */
  next(row: Row, by: number): Row | undefined {
    return this.#inOrder[this.#inOrder.indexOf(row) + by];
  }

  show(entries: readonly Entry[]): void {
    const shown = entries.slice(0, shownAtMost);
    this.#removeAllBut(new Set(shown.map(({ todo }) => todo)));
    this.#inOrder = shown.map((entry) => this.#keep(entry));
    this.#putInOrder();
    this.element.dataset["more"] = entries.length > shown.length ? `and ${entries.length - shown.length} more` : "";
  }

  /** Nothing but the list itself scrolls: the page stays where it is. */
  scrollTo({ element }: Row): void {
    const list = this.element.getBoundingClientRect();
    const { top, bottom } = element.getBoundingClientRect();
    if (top < list.top) this.element.scrollTop -= list.top - top;
    else if (bottom > list.bottom) this.element.scrollTop += bottom - list.bottom;
  }

  destroy(): void {
    this.#removeAllBut(new Set());
  }

  #keep(entry: Entry): Row {
    const known = this.#byTodo.get(entry.todo);
    // The text itself may be another one: somebody has set it anew.
    if (known && known.entry.text === entry.text) {
      known.show(entry);
      return known;
    }
    known?.destroy();
    const row = new Row(entry, this.#history, this.#actions);
    row.isReadOnly = this.#isReadOnly;
    this.#byTodo.set(entry.todo, row);
    return row;
  }

  #removeAllBut(kept: ReadonlySet<Todo>): void {
    for (const [todo, row] of [...this.#byTodo]) {
      if (kept.has(todo)) continue;
      const wasFocused = row.isFocused;
      row.destroy();
      this.#byTodo.delete(todo);
      if (wasFocused) this.element.focus({ preventScroll: true });
    }
  }

  /** The others go around the one that has the keyboard: to move it would end what is being typed. */
  #putInOrder(): void {
    const elements = this.#inOrder.map(({ element }) => element);
    const fixed = Math.max(
      0,
      this.#inOrder.findIndex((row) => row.isFocused),
    );
    const anchor = elements[fixed];
    if (anchor && anchor.parentNode !== this.element) this.element.prepend(anchor);
    for (let at = fixed - 1; at >= 0; at -= 1) this.#put(elements[at], elements[at + 1]);
    for (let at = elements.length - 1; at > fixed; at -= 1) this.#put(elements[at], elements[at + 1]);
  }

  #put(element: HTMLElement | undefined, before: HTMLElement | undefined): void {
    if (element && (element.parentNode !== this.element || element.nextSibling !== (before ?? null))) {
      this.element.insertBefore(element, before ?? null);
    }
  }
}
