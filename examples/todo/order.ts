/** The items in their order: by rank, where somebody has moved them, and those without one last, as they are in the array. */
import * as Y from "yjs";

export type Todo = Y.Map<unknown>;

export function inOrder(todos: Y.Array<unknown>): Todo[] {
  const items = todos.toArray().filter((item) => item instanceof Y.Map && item.get("text") instanceof Y.Text);
  return (items as Todo[]).sort((one, other) =>
    rankOf(one) < rankOf(other) ? -1 : Number(rankOf(one) > rankOf(other)),
  );
}

function rankOf(item: Todo): number {
  const rank = item.get("rank");
  return typeof rank === "number" && Number.isFinite(rank) ? rank : Infinity;
}

/** Behind the others. */
export function newTodo(text: string, items: readonly Todo[]): Todo {
  const last = items.length > 0 ? rankOf(items[items.length - 1] as Todo) : 0;
  const id = Math.random().toString(36).slice(2);
  const fields = { id, text: new Y.Text(text), done: false, ...(last < Infinity && { rank: last + 1 }) };
  return new Y.Map<unknown>(Object.entries(fields));
}

export function remove(todos: Y.Array<unknown>, item: Todo): void {
  const at = todos.toArray().indexOf(item);
  if (at >= 0) todos.delete(at);
}
