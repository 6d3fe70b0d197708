/** What the rows of a stored document amount to, in Yjs. Knows no database. */
import * as Y from "yjs";
import { mergeInOrder } from "../content.js";

/** Applies all rows in one transaction. Returns what was thrown for those that are no updates. */
export function applyRows(doc: Y.Doc, rows: readonly unknown[], origin: object): unknown[] {
  const errors: unknown[] = [];
  Y.transact(
    doc,
    () => {
      for (const row of rows) {
        try {
          Y.applyUpdate(doc, row as Uint8Array, origin);
        } catch (error) {
          errors.push(error);
        }
      }
    },
    origin,
    false,
  );
  return errors;
}

/** What the document holds and the rows lack, if anything; of deletions, too, which no state vector tells. */
export function missingFrom(rows: readonly unknown[], doc: Y.Doc): Uint8Array | undefined {
  const stored = new Y.Doc();
  applyRows(stored, rows, stored);
  let missing: Uint8Array | undefined;
  stored.on("update", (update: Uint8Array) => (missing = update));
  Y.applyUpdate(stored, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(stored)));
  return missing;
}

/** Whether nothing was ever in the document, not even something that waits for what it leans on. */
export function isUntouched({ store }: Y.Doc): boolean {
  return store.clients.size === 0 && !store.pendingStructs && !store.pendingDs;
}

/**
 * One update for all rows from `from` on; `undefined` when one of them is no update. Rows short of the first are merged as
 * they are, at the cost of their own size: else each time would cost all of the document. When together they outweigh it,
 * they become what the document, which need not be loaded, would be: `doc` says whether what was deleted goes.
 */
export function mergeRows(
  rows: readonly Uint8Array[],
  canKeepFirst: boolean,
  { gc, gcFilter }: Y.Doc,
): { readonly from: number; readonly update: Uint8Array } | undefined {
  const [first, ...later] = rows;
  const merged = new Y.Doc({ gc, gcFilter });
  try {
    const laterByteCount = later.reduce((sum, { length }) => sum + length, 0);
    if (canKeepFirst && first && laterByteCount < first.length) return { from: 1, update: mergeInOrder(later) };
    const errors = applyRows(merged, rows, merged);
    return errors.length > 0 ? undefined : { from: 0, update: Y.encodeStateAsUpdate(merged) };
  } catch {
    return undefined;
  }
}
