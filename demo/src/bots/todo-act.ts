/** A bot at the list: adds a thing to do, ticks one of its own, removes its oldest. */
import { todoOf, todosOf, type Todo } from "../document.js";
import * as Y from "yjs";
import type { Act, Stage } from "./act.js";
import { tasks } from "./phrases.js";
import { type } from "./typing.js";

const mostItems = 2;

export const actInTodo: Act = function* (stage) {
  const { chance, work } = stage;
  if (chance.happens(0.3)) return yield* tick(stage);
  if (work.pieceCount >= mostItems) {
    work.removeOldest();
    stage.show({ item: null });
    yield;
  }
  yield* add(stage);
};

function* tick({ doc, show }: Stage): Generator<void, void, void> {
  const open = todosOf(doc)
    .toArray()
    .find((todo) => todo._item?.id.client === doc.clientID && todo.get("done") === false);
  if (!open) return;
  show({ item: open.get("id") });
  yield;
  if (open._item?.deleted === false) open.set("done", true);
  show({ item: null });
  yield;
}

function* add(stage: Stage): Generator<void, void, void> {
  const { doc, chance, work, show } = stage;
  work.begin();
  const id = `bot-${doc.clientID}-${work.clock}`;
  const todo: Todo = todoOf(id, "");
  todosOf(doc).push([todo]);
  show({ item: id });
  yield;
  const text = todo.get("text");
  if (text instanceof Y.Text)
    yield* type(stage, { text, showCaret: () => {} }, 0, chance.another(tasks, JSON.stringify(todosOf(doc))));
  show({ item: null });
  yield;
}
