/** The list as a component. Its rows are keyed by their id: React moves them, the texts stay attached. */
import { useArray, useAwareness, useProvider } from "@syncline/client/react";
import { useEffect } from "react";
import { inOrder, newTodo, remove } from "./order.js";
import { Row } from "./todo-row.js";
import { undoByKeys } from "./undo-keys.js";

export function Todos({ name, color }: { name: string; color: string }) {
  const { awareness } = useProvider();
  const todos = useArray("todos");
  const items = useArray("todos", (array) =>
    inOrder(array).map((item) => ({ item, id: String(item.get("id")), isDone: item.get("done") === true })),
  );
  const names = useAwareness((states, clientId) =>
    [...states].filter(([id]) => id !== clientId).map(([, state]) => String(Object(state["user"]).name)),
  );
  useEffect(() => awareness.setLocalStateField("user", { name, color }), [awareness, name, color]);
  useEffect(() => undoByKeys(todos), [todos]);
  const add = (form: FormData) => todos.push([newTodo(String(form.get("text")), inOrder(todos))]);
  return (
    <>
      <ul id="todos" aria-label="Things to do">
        {items.map(({ item, id, isDone }) => (
          <Row key={id} item={item} isDone={isDone} onRemove={() => remove(todos, item)} />
        ))}
      </ul>
      <form id="add" action={add}>
        <input
          id="new"
          name="text"
          aria-label="Add something to do"
          placeholder="Add something to do"
          required
        />
      </form>
      <p id="people">{names.join(", ")}</p>
    </>
  );
}
