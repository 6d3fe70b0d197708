/** What of a list in the document can be shown, in order. Anybody may have written anything there: what is no item is left out. */
import * as Y from "yjs";
import type { Todo } from "../../document.js";

export interface Entry {
  readonly todo: Todo;
  readonly id: string;
  readonly text: Y.Text;
  readonly isDone: boolean;
  /** Infinity: behind all that have one. */
  readonly rank: number;
}

const longestId = 200;

export function entriesIn(todos: Y.Array<Todo>): readonly Entry[] {
  const entries = todos.toArray().map(readEntry);
  // Equals keep the array's order: sorting is stable. Infinity minus itself is no number.
  return entries
    .filter((entry) => entry !== undefined)
    .sort((one, other) => (one.rank === other.rank ? 0 : one.rank - other.rank));
}

function readEntry(value: unknown): Entry | undefined {
  if (!(value instanceof Y.Map)) return undefined;
  const todo: Todo = value;
  const [id, text, rank] = [todo.get("id"), todo.get("text"), todo.get("rank")];
  if (typeof id !== "string" || id.length > longestId || !(text instanceof Y.Text)) return undefined;
  return { todo, id, text, isDone: todo.get("done") === true, rank: isFinite(rank) ? rank : Infinity };
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}
