/**
 * The structs of a document in an order in which they can be integrated into an empty one. Knows Yjs's store and what
 * `Item.getMissing` asks for; writes nothing.
 */
import type * as Y from "yjs";
import type { Struct } from "./document.js";
import { WorkerError } from "./error.js";

/** How far one client's structs have been handed out. */
interface Cursor {
  readonly structs: readonly Struct[];
  index: number;
  /** Something above it on the stack has to come first. */
  isWaiting: boolean;
}

/**
 * Clients descending, as Yjs writes them (fewer conflicts to resolve on load), except that what a struct leans on (origin,
 * right origin, or, without either, the item its parent belongs to) comes before it.
 *
 * An order exists even where Yjs has joined structs: only the first part of a joined struct leans on others. And what was
 * collected (GC) leans on nothing, nor does anything but GC lean on it.
 *
 * @throws {WorkerError} `failed` when structs lean on each other in a circle or on something the document lacks.
 */
export function* structsInOrder(doc: Y.Doc): Generator<Struct, void, undefined> {
  const cursors = new Map<number, Cursor>();
  for (const [client, structs] of doc.store.clients) cursors.set(client, { structs, index: 0, isWaiting: false });
  const clients = [...cursors.keys()].sort((left, right) => right - left);
  for (const client of clients) {
    const cursor = cursors.get(client);
    if (cursor === undefined) continue;
    for (let struct = cursor.structs[cursor.index]; struct !== undefined; struct = cursor.structs[cursor.index]) {
      yield* structWithWhatItLeansOn(cursors, cursor);
    }
  }
}

/** A stack instead of recursion: chains through clients can be as long as there are clients. */
function* structWithWhatItLeansOn(
  cursors: ReadonlyMap<number, Cursor>,
  first: Cursor,
): Generator<Struct, void, undefined> {
  const waiting: Cursor[] = [];
  let cursor: Cursor | undefined = first;
  while (cursor !== undefined) {
    const struct: Struct | undefined = cursor.structs[cursor.index];
    if (struct === undefined) throw new WorkerError("failed", "a struct leans on something the document lacks");
    const missing = firstMissing(struct, cursors);
    if (missing !== undefined) {
      cursor.isWaiting = true;
      waiting.push(cursor);
      if (missing.isWaiting) throw new WorkerError("failed", "structs lean on each other in a circle");
      cursor = missing;
      continue;
    }
    yield struct;
    cursor.index += 1;
    cursor = waiting.pop();
    if (cursor !== undefined) cursor.isWaiting = false;
  }
}

function firstMissing(struct: Struct, cursors: ReadonlyMap<number, Cursor>): Cursor | undefined {
  if (!("content" in struct)) return undefined;
  const { origin, rightOrigin } = struct;
  if (origin === null && rightOrigin === null) {
    const parentItem = parentItemOf(struct);
    return parentItem === null ? undefined : cursorIfBefore(parentItem.id, cursors);
  }
  return (
    (origin === null ? undefined : cursorIfBefore(origin, cursors)) ??
    (rightOrigin === null ? undefined : cursorIfBefore(rightOrigin, cursors))
  );
}

function parentItemOf(item: Y.Item): Y.Item | null {
  const parent = item.parent;
  // An integrated item's parent is a type, never an id: Yjs turned those that have none into GC.
  return parent !== null && "_item" in parent ? parent._item : null;
}

/** The cursor of the id's client when it has not passed the id yet. */
function cursorIfBefore(id: Y.ID, cursors: ReadonlyMap<number, Cursor>): Cursor | undefined {
  const cursor = cursors.get(id.client);
  if (cursor === undefined) throw new WorkerError("failed", "a struct leans on a client the document lacks");
  const next = cursor.structs[cursor.index];
  return next !== undefined && next.id.clock <= id.clock ? cursor : undefined;
}
