/**
 * What a room's document is made of, and what people say of themselves in it: `user`, the `view` they look at, `isBot`, and for each
 * view what is said below. Every view and every bot goes by this page.
 */
import * as Y from "yjs";

export const viewNames = ["code", "text", "board", "todo"] as const;
/** A view's name is also the key under which its presence is kept: `scopedAwareness(awareness, name)`. */
export type ViewName = (typeof viewNames)[number];

/** Shown by CodeMirror. Presence: `cursor`, as y-codemirror.next writes it. */
export function codeOf(doc: Y.Doc): Y.Text {
  return doc.getText("text");
}

/** Shown by Tiptap. Presence: `cursor`, as y-prosemirror writes it. */
export function pageOf(doc: Y.Doc): Y.XmlFragment {
  return doc.getXmlFragment("page");
}

/**
 * A line that somebody draws, or has drawn: `color`, `#rrggbb`; `size`, its width in board units; `points`, x, y and pressure
 * (0 to 1) of each point, one after the other; `by`, if it is there, the client that drew it. Presence: `pointer`, a
 * {@link Pointer}.
 */
export type Stroke = Y.Map<string | number | Y.Array<number>>;

/** The board, in units of its own: every pane shows all of it, as large as it can. */
export const boardSize = { width: 1600, height: 1000 } as const;

export interface Pointer {
  readonly x: number;
  readonly y: number;
  readonly isDown: boolean;
}

export function strokesOf(doc: Y.Doc): Y.Array<Stroke> {
  return doc.getArray("strokes");
}

export function strokeOf(color: string, size: number, points: readonly number[]): Stroke {
  const stroke: Stroke = new Y.Map();
  stroke.set("color", color);
  stroke.set("size", size);
  stroke.set("points", Y.Array.from([...points]));
  return stroke;
}

/**
 * A thing to do: `id`, a `text` (Y.Text), `done` (boolean) and perhaps a `rank` (number), its place: it comes after those with
 * a lower one, and before those without. Equals, and those without, are as in the array. To move is to set the rank: the item
 * stays the same, so what others change about it meanwhile is kept. Presence: `item`, the id of the one that is edited, or null.
 */
export type Todo = Y.Map<string | boolean | number | Y.Text>;

export function todosOf(doc: Y.Doc): Y.Array<Todo> {
  return doc.getArray("todos");
}

export function todoOf(id: string, text: string, rank?: number): Todo {
  const todo: Todo = new Y.Map();
  todo.set("id", id);
  todo.set("text", new Y.Text(text));
  todo.set("done", false);
  if (rank !== undefined) todo.set("rank", rank);
  return todo;
}

/** The client ids of bots that have something in the document: whoever of them left without taking it along is cleaned up after. */
export function botsOf(doc: Y.Doc): Y.Map<true> {
  return doc.getMap("bots");
}
