/** What one person does to the list. Each is one step to take back. */
import type * as Y from "yjs";
import { todoOf, todosOf, type Todo } from "../../document.js";
import type { History } from "../history.js";
import { entriesIn, type Entry } from "./entry.js";
import { rankBetween } from "./rank.js";

/** How changes are made so that they can be taken back. */
export type TaskHistory = Pick<History, "change" | "startStep">;

export class Tasks {
  readonly #todos: Y.Array<Todo>;
  readonly #history: TaskHistory;
  readonly #freshId: () => string;

  constructor(doc: Y.Doc, history: TaskHistory, freshId: () => string = randomId) {
    this.#todos = todosOf(doc);
    this.#history = history;
    this.#freshId = freshId;
  }

  /** At the end. */
  add(text: string): void {
    this.#step(() => {
      const last = entriesIn(this.#todos).at(-1);
      // Behind one without a rank, none is needed: what is added later is later in the array.
      const rank = last?.rank === Infinity ? undefined : rankBetween(last?.rank, undefined);
      this.#todos.push([todoOf(this.#freshId(), text, rank)]);
    });
  }

  setDone({ todo }: Entry, isDone: boolean): void {
    this.#step(() => todo.set("done", isDone));
  }

  /** Those that are gone already stay so. */
  remove({ todo }: Entry): void {
    this.#step(() => {
      const at = this.#todos.toArray().indexOf(todo);
      if (at >= 0) this.#todos.delete(at);
    });
  }

  /** @param place among the others, from 0: how many of them are to be before it */
  move(entry: Entry, place: number): void {
    this.#step(() => {
      const others = entriesIn(this.#todos).filter(({ todo }) => todo !== entry.todo);
      const rank = rankBetween(others[place - 1]?.rank, others[place]?.rank);
      if (rank !== undefined) entry.todo.set("rank", rank);
      else number(others.toSpliced(place, 0, entry));
    });
  }

  #step(change: () => void): void {
    this.#history.startStep();
    this.#history.change(change);
    this.#history.startStep();
  }
}

/** Between two that have no room between them: all get new ranks, in this order. */
function number(entries: readonly Entry[]): void {
  entries.forEach(({ todo, rank }, at) => {
    if (rank !== at + 1) todo.set("rank", at + 1);
  });
}

function randomId(): string {
  return [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join("");
}
