/** The list on real documents: order, damage, undo, and two people at once. */
import fc from "fast-check";
import * as Y from "yjs";
import { describe, expect, test } from "vitest";
import { todoOf, todosOf } from "../../document.js";
import { entriesIn, type Entry } from "./entry.js";
import { Tasks, type TaskHistory } from "./tasks.js";

function person(doc = new Y.Doc()) {
  const manager = new Y.UndoManager(todosOf(doc), { captureTimeout: 500 });
  const history: TaskHistory = { change: (change) => doc.transact(change), startStep: () => manager.stopCapturing() };
  let id = 0;
  const tasks = new Tasks(doc, history, () => `${doc.clientID}-${(id += 1)}`);
  const entries = () => entriesIn(todosOf(doc));
  const texts = () => entries().map(({ text }) => text.toString());
  const named = (text: string): Entry => {
    const found = entries().find((entry) => entry.text.toString() === text);
    if (!found) throw new Error(`there is no "${text}"`);
    return found;
  };
  return { doc, tasks, texts, named, entries, manager };
}

function exchange(one: Y.Doc, other: Y.Doc): void {
  const [fromOne, fromOther] = [Y.encodeStateAsUpdate(one), Y.encodeStateAsUpdate(other)];
  Y.applyUpdate(one, fromOther);
  Y.applyUpdate(other, fromOne);
}

function two(...texts: readonly string[]) {
  const [ada, grace] = [person(), person()];
  for (const text of texts) ada.tasks.add(text);
  exchange(ada.doc, grace.doc);
  return [ada, grace] as const;
}

describe("a list of things to do", () => {
  test("is in the order in which they were added, and moved", () => {
    const { tasks, texts, named } = person();
    for (const text of ["a", "b", "c", "d"]) tasks.add(text);
    tasks.move(named("d"), 0);
    tasks.move(named("a"), 2);
    expect(texts()).toEqual(["d", "b", "a", "c"]);
    tasks.move(named("d"), 3);
    expect(texts()).toEqual(["b", "a", "c", "d"]);
  });

  test("shows what has no rank last, as it is in the array, until one of them is moved", () => {
    const { doc, tasks, texts, named } = person();
    tasks.add("ranked");
    todosOf(doc).push([todoOf("1", "bot one"), todoOf("2", "bot two")]);
    tasks.add("last");
    expect(texts()).toEqual(["ranked", "bot one", "bot two", "last"]);
    tasks.move(named("bot two"), 0);
    expect(texts()).toEqual(["bot two", "ranked", "bot one", "last"]);
    tasks.move(named("last"), 2);
    expect(texts()).toEqual(["bot two", "ranked", "last", "bot one"]);
  });

  test("stays in the order that is asked for, whatever is moved", () => {
    const moves = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 120 });
    fc.assert(
      fc.property(moves, (asked) => {
        const { tasks, texts, entries } = person();
        const expected = ["a", "b", "c", "d", "e", "f"];
        for (const text of expected) tasks.add(text);
        for (const [from, to] of asked) {
          const entry = entries()[from];
          if (entry) tasks.move(entry, to);
          expected.splice(to, 0, ...expected.splice(from, 1));
        }
        expect(texts()).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  test("leaves out what is no item, and what is damaged does no harm", () => {
    const { doc, texts, entries } = person();
    const anything: Y.Array<unknown> = doc.getArray("todos");
    const odd = new Y.Map<unknown>([
      ["id", "odd"],
      ["text", new Y.Text("odd")],
      ["done", "yes"],
      ["rank", NaN],
    ]);
    anything.push([5, null, "x", new Y.Text("x"), new Y.Map(), new Y.Map([["id", "no text"]]), odd]);
    expect(texts()).toEqual(["odd"]);
    expect(entries()[0]).toMatchObject({ isDone: false, rank: Infinity });
  });

  test("gives back one step at a time, however soon they follow each other", () => {
    const { tasks, texts, named, manager } = person();
    tasks.add("a");
    tasks.add("b");
    tasks.move(named("b"), 0);
    tasks.remove(named("a"));
    manager.undo();
    expect(texts()).toEqual(["b", "a"]);
    manager.undo();
    expect(texts()).toEqual(["a", "b"]);
    manager.undo();
    expect(texts()).toEqual(["a"]);
  });
});

describe("two people at one list", () => {
  test("an item that one moves and the other writes in is moved, and has what was written", () => {
    const [ada, grace] = two("a", "b", "c");
    ada.tasks.move(ada.named("c"), 0);
    grace.named("c").text.insert(1, "hanged");
    exchange(ada.doc, grace.doc);
    expect(ada.texts()).toEqual(["changed", "a", "b"]);
    expect(grace.texts()).toEqual(ada.texts());
  });

  test("two moves of two items are both kept", () => {
    const [ada, grace] = two("a", "b", "c", "d");
    ada.tasks.move(ada.named("d"), 0);
    grace.tasks.move(grace.named("b"), 3);
    exchange(ada.doc, grace.doc);
    expect(ada.texts()).toEqual(["d", "a", "c", "b"]);
    expect(grace.texts()).toEqual(ada.texts());
  });

  test("what both add or move to one place is in one order for both, and can be parted again", () => {
    const [ada, grace] = two("a", "b");
    ada.tasks.add("from Ada");
    grace.tasks.add("from Grace");
    exchange(ada.doc, grace.doc);
    expect(grace.texts()).toEqual(ada.texts());
    const [, , first = "", second = ""] = ada.texts();
    ada.tasks.move(ada.named("a"), 2);
    expect(ada.texts()).toEqual(["b", first, "a", second]);
  });

  test("an item that one removes while the other ticks it is gone", () => {
    const [ada, grace] = two("a", "b");
    ada.tasks.remove(ada.named("a"));
    grace.tasks.setDone(grace.named("a"), true);
    exchange(ada.doc, grace.doc);
    expect([ada.texts(), grace.texts()]).toEqual([["b"], ["b"]]);
  });
});
