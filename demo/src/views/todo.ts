/** A list of things to do that everybody ticks, writes in and puts in order, with who edits what. */
import "./tools.css";
import "./todo/todo.css";
import type * as Y from "yjs";
import { todosOf, type Todo } from "../document.js";
import { personIn, type Awareness } from "../people.js";
import { History } from "./history.js";
import { AddForm } from "./todo/add-form.js";
import { Drag } from "./todo/drag.js";
import { entriesIn } from "./todo/entry.js";
import type { Row, RowActions } from "./todo/row.js";
import { Rows } from "./todo/rows.js";
import { Tasks } from "./todo/tasks.js";
import { touchedIn, type DeepEvent } from "./touched-in.js";
import type { OpenView, View, ViewOptions } from "./view.js";

export const openTodo: OpenView = (options) => new TodoList(options);

/** What is typed with shorter pauses than this, in ms, is taken back together. */
const captureTimeout = 500;

class TodoList implements View {
  readonly #element = document.createElement("div");
  readonly #todos: Y.Array<Todo>;
  readonly #awareness: Awareness;
  readonly #isCatchingUp: () => boolean;
  readonly #history: History;
  readonly #tasks: Tasks;
  readonly #rows: Rows;
  readonly #form: AddForm;
  #followed: number | undefined;
  #followedItem: unknown;
  #isReadOnly = false;

  constructor({ parent, doc, awareness, label, isCatchingUp }: ViewOptions) {
    this.#todos = todosOf(doc);
    this.#awareness = awareness;
    this.#isCatchingUp = isCatchingUp;
    this.#history = new History(doc, { scope: this.#todos, captureTimeout });
    this.#tasks = new Tasks(doc, this.#history);
    this.#rows = new Rows(label, this.#history, this.#actions());
    this.#form = new AddForm(this.#history.buttons, (text) => this.#add(text));
    this.#element.className = "todo";
    this.#element.append(this.#rows.element, this.#form.element);
    this.#history.listenTo(this.#element, () => !this.#form.isTyping);
    new Drag(this.#rows, (row, place) => this.#move(row, place));
    this.#todos.observeDeep(this.#observe);
    awareness.on("change", this.#showEditors);
    parent.append(this.#element);
    this.#show();
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
    this.#history.isReadOnly = isReadOnly;
    this.#rows.isReadOnly = isReadOnly;
    this.#form.isReadOnly = isReadOnly;
  }

  follow(clientId: number | undefined): void {
    this.#followed = clientId;
    this.#followedItem = undefined;
    this.#showEditors();
  }

  destroy(): void {
    this.#todos.unobserveDeep(this.#observe);
    this.#awareness.off("change", this.#showEditors);
    this.#awareness.setLocalStateField("item", null);
    this.#rows.destroy();
    this.#history.destroy();
    this.#element.remove();
  }

  #actions(): RowActions {
    return {
      setDone: ({ entry }, isDone) => this.#tasks.setDone(entry, isDone),
      remove: (row) => this.#remove(row),
      shift: (row, by) => this.#shift(row, by),
      finish: (row) => (this.#rows.next(row, 1) ?? this.#form).focus(),
      edit: ({ entry }, isEditing) => this.#awareness.setLocalStateField("item", isEditing ? entry.id : null),
    };
  }

  readonly #observe = (events: readonly DeepEvent[], { local }: Y.Transaction): void => {
    this.#show();
    if (local || !this.#isCatchingUp()) return;
    const touched = touchedIn(this.#todos, events);
    for (const row of this.#rows.all) if (touched.has(row.entry.todo)) row.flash();
  };

  #show(): void {
    const entries = entriesIn(this.#todos);
    this.#rows.show(entries);
    this.#form.showCounts(entries.filter(({ isDone }) => isDone).length, entries.length);
    this.#element.classList.toggle("is-empty", entries.length === 0);
    this.#showEditors();
  }

  readonly #showEditors = (): void => {
    const editors = [...this.#awareness.getStates()]
      .filter(([clientId]) => clientId !== this.#awareness.clientID)
      .map(([clientId, state]) => ({
        item: (state as { readonly item?: unknown }).item,
        person: personIn(state),
        isFollowed: clientId === this.#followed,
      }));
    for (const row of this.#rows.all) row.showEditors(editors.filter(({ item }) => item === row.entry.id));
    this.#goAlong(editors.find(({ isFollowed }) => isFollowed)?.item);
  };

  /** Only when they go to another item: in between, the list can be looked through. */
  #goAlong(item: unknown): void {
    if (item === this.#followedItem) return;
    this.#followedItem = item;
    const row = this.#rows.all.find(({ entry }) => entry.id === item);
    if (row) this.#rows.scrollTo(row);
  }

  #add(text: string): void {
    this.#tasks.add(text);
    const last = this.#rows.all.at(-1);
    if (last) this.#rows.scrollTo(last);
  }

  /** The keyboard goes on in the row that is there now. */
  #remove(row: Row): void {
    const { activeElement } = document;
    const wasFocused = row.isFocused;
    const isTyping = activeElement instanceof HTMLTextAreaElement;
    const neighbour = isTyping ? this.#rows.next(row, -1) : (this.#rows.next(row, 1) ?? this.#rows.next(row, -1));
    this.#tasks.remove(row.entry);
    this.#form.announce("Deleted");
    if (!wasFocused) return;
    if (isTyping) (neighbour ?? this.#form).focus();
    else (neighbour?.bin ?? this.#form).focus();
  }

  #shift(row: Row, by: -1 | 1): void {
    const place = this.#rows.all.indexOf(row) + by;
    if (this.#isReadOnly || place < 0 || place >= this.#rows.all.length) return;
    this.#move(row, place);
  }

  #move(row: Row, place: number): void {
    this.#tasks.move(row.entry, place);
    this.#rows.scrollTo(row);
    this.#form.announce(`Moved to place ${place + 1} of ${this.#rows.all.length}`);
  }
}
