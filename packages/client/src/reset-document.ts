/**
 * Makes a document that editors are bound to forget edits. Knows the insides of Yjs 13.6 (utils/StructStore.js,
 * utils/Transaction.js, types/AbstractType.js), and no protocol.
 */
import * as Y from "yjs";
import { SynclineError } from "./error.js";

type StackItem = Y.UndoManager["undoStack"][number];
type SharedType = Y.AbstractType<Y.YEvent<Y.AbstractType<unknown>>>;

/** An observer that answers every deletion by writing something is not followed for ever. */
const maxDeletions = 5;

/**
 * Puts `doc` into exactly the state that `updates` give, as if it had never held anything else.
 *
 * Why in place: a CRDT only grows. Edits that a server refused for good stay in the document, everything typed since leans
 * on them, and an undo is one more edit of the same kind; so no update can lead back to what the server has. A new `Y.Doc`
 * could, but editors, undo managers and presence hold on to the one they were given, and to its root types. So the document
 * and its root types stay the same objects, and only what they hold is exchanged. Whoever shows a root type sees ordinary Yjs
 * events: in one transaction all content is deleted, in a second the new content is inserted.
 *
 * What is emitted, in this order:
 * 1. For the deletion all that belongs to a transaction from elsewhere (`local` is false) with `origin`: `beforeTransaction`,
 *    the observers' events, `afterTransaction`, `subdocs` … but neither `update` nor `updateV2`: an update that deletes
 *    everything must reach no peer and no database. What observers write in answer is deleted, too, and is not in an `update`
 *    either.
 * 2. For the insertion the same, with `update` and `updateV2`: one, of all of `updates`, `origin` its origin.
 *
 * Whoever sends or stores updates passes over those of `origin`. What observers write in answer to 2, and formatting that Yjs
 * tidies as after any transaction from elsewhere (origin null), are edits like others, made by `newClientId`. Undo managers
 * that track null take the tidying for this person's, as always in Yjs: nothing to redo is left, and one undo may show nothing.
 *
 * Whoever else keeps the document (another provider, a database, another tab) still has what was forgotten and can bring it
 * back: it has to be cleared first.
 *
 * - Nested types are new objects, as if someone had deleted and inserted them again; an editor bound to one has to be bound
 *   again. What is written to an old one is heard by nobody. Subdocuments, too, are removed and added: old ones are destroyed.
 * - Positions (relative positions, cursors) next to forgotten text resolve to null, or do not exist.
 * - Undo managers keep their stacks, which Yjs gives no way to find. Undoing what was forgotten, or a deletion that was, does
 *   nothing; text that is still deleted does not come back, its content having been collected. Applications better `clear()`
 *   them; before the reset if an editor may delete half a surrogate pair: the pair is whole afterwards, and Yjs would part it.
 * - Presence does not know the new client id: `awareness.clientID` is for the caller to move.
 *
 * @param updates v1, in any order. What they lean on and do not hold becomes pending.
 * @param origin compared by identity, not tracked by any undo manager
 * @param newClientId never used in this document. Under the old one clocks would be used again for other content, and replicas
 *   that know the first would never take the second.
 * @throws {SynclineError} `in-transaction` within `doc.transact` or an observer; nothing is changed then. What an observer
 *   throws is thrown again at the end.
 */
export function resetDocument(doc: Y.Doc, updates: readonly Uint8Array[], origin: object, newClientId: number): void {
  if (doc._transaction !== null || doc._transactionCleanups.length > 0) {
    throw new SynclineError("in-transaction", "A document cannot be reset in a transaction or an observer");
  }
  const nestedTypes = nestedTypesOf(doc);
  try {
    deleteAll(doc, origin);
  } finally {
    exchangeStore(doc, nestedTypes);
    doc.clientID = newClientId;
    doc.on("beforeTransaction", dropRevived);
    Y.transact(doc, () => updates.forEach((update) => Y.applyUpdate(doc, update, origin)), origin, false);
  }
}

function nestedTypesOf(doc: Y.Doc): SharedType[] {
  const types: SharedType[] = [];
  for (const structs of doc.store.clients.values()) {
    for (const struct of structs) {
      if (struct instanceof Y.Item && struct.content instanceof Y.ContentType) types.push(struct.content.type);
    }
  }
  return types;
}

function deleteAll(doc: Y.Doc, origin: object): void {
  doc.on("afterTransactionCleanup", silence);
  try {
    for (let count = 0; count < maxDeletions && visibleItemsOf(doc).length > 0; count++) {
      Y.transact(doc, (transaction) => visibleItemsOf(doc).forEach((item) => item.delete(transaction)), origin, false);
    }
  } finally {
    doc.off("afterTransactionCleanup", silence);
  }
}

function visibleItemsOf(doc: Y.Doc): Y.Item[] {
  const items: Y.Item[] = [];
  for (const { _start, _map } of doc.share.values()) {
    for (let item = _start; item; item = item.right) items.push(item);
    items.push(..._map.values());
  }
  return items.filter(({ deleted }) => !deleted);
}

/** Yjs emits an update where a transaction deleted something or took a clock further, and asks right after this event. */
function silence(transaction: Y.Transaction): void {
  transaction.deleteSet.clients.clear();
  transaction.beforeState = transaction.afterState;
}

/**
 * What is gone stays consistent in a document of its own, which nobody hears: whoever still writes to a nested type would
 * otherwise make edits here that lean on ids no server knows.
 */
function exchangeStore(doc: Y.Doc, nestedTypes: readonly SharedType[]): void {
  const grave = new Y.Doc({ gc: doc.gc });
  grave.clientID = doc.clientID;
  [doc.store, grave.store] = [grave.store, doc.store];
  for (const type of nestedTypes) type.doc = grave;
  for (const type of doc.share.values()) {
    type._start = null;
    type._map = new Map();
    type._length = 0;
    if (type._searchMarker) type._searchMarker = [];
  }
}

/**
 * Undo counts on what was deleted staying deleted, and would insert a second copy of what lives again. Once on a document is
 * enough: Yjs keeps its listeners in a set.
 */
function dropRevived(transaction: Y.Transaction): void {
  const undoManager: unknown = transaction.origin;
  if (!(undoManager instanceof Y.UndoManager)) return;
  for (const stack of [undoManager.undoStack, undoManager.redoStack]) {
    // In place: Yjs already holds the array.
    stack.splice(0, Infinity, ...stack.filter(({ deletions }) => areDeleted(transaction.doc, deletions)));
  }
}

/** Not by Yjs's own walk, which splits structs where a range ends, and characters with them. */
function areDeleted({ store }: Y.Doc, { clients }: StackItem["deletions"]): boolean {
  for (const [client, ranges] of clients) {
    const structs = store.clients.get(client) ?? [];
    for (const { clock, len } of ranges) {
      if (clock >= Y.getState(store, client)) continue;
      for (let index = Y.findIndexSS(structs, clock); index < structs.length; index++) {
        const struct = structs[index];
        if (!struct || struct.id.clock >= clock + len) break;
        if (!struct.deleted) return false;
      }
    }
  }
  return true;
}
