/** Keeps the list on the page as the document has it. A row is made once: what is typed in it is not disturbed. */
import type * as Y from "yjs";
import { inOrder, remove, type Todo } from "./order.js";
import { newRow } from "./row.js";

export function showRows(todos: Y.Array<unknown>, list: HTMLElement): void {
  const rows = new Map<Todo, HTMLElement>();
  todos.observeDeep(() => {
    const items = inOrder(todos);
    for (const [item, row] of rows) if (!items.includes(item) && rows.delete(item)) row.remove();
    items.forEach((item, at) => {
      const row = rows.get(item) ?? newRow(item, () => remove(todos, item));
      rows.set(item, row);
      const there = list.children[at] ?? null;
      if (there !== row) list.insertBefore(row, there);
    });
  });
}
