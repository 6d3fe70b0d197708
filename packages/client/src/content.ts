/** All that is asked of a Yjs document, in one place. Knows no protocol. */
import * as Y from "yjs";

/** How many structs `clientId` wrote, as far as the document knows: Yjs calls it the client's clock. */
export function clockOf(doc: Y.Doc, clientId: number): number {
  return Y.getState(doc.store, clientId);
}

export function isEmpty(doc: Y.Doc): boolean {
  return doc.store.clients.size === 0;
}

/**
 * What the document holds and `stateVector` lacks. Without the parts Yjs has set aside because they lean on something
 * the document does not have: a server stores no update with a gap, so one such part would keep all the rest out.
 *
 * Throws when `stateVector` is not one.
 */
export function encodeDiff(doc: Y.Doc, stateVector: Uint8Array): Uint8Array {
  const { store } = doc;
  const { pendingStructs, pendingDs } = store;
  store.pendingStructs = null;
  store.pendingDs = null;
  try {
    return Y.encodeStateAsUpdate(doc, stateVector);
  } finally {
    store.pendingStructs = pendingStructs;
    store.pendingDs = pendingDs;
  }
}

/** Whether the document holds insertions `stateVector` lacks. Deletions are not in state vectors. */
export function hasMoreThan(doc: Y.Doc, stateVector: Uint8Array): boolean {
  const theirs = Y.decodeStateVector(stateVector);
  return Array.from(doc.store.clients.keys()).some((clientId) => clockOf(doc, clientId) > (theirs.get(clientId) ?? 0));
}

/** Whether the document holds deletions that `updates` do not: those of a server come with all it has. */
export function hasDeletedMoreThan(doc: Y.Doc, updates: readonly Uint8Array[]): boolean {
  const theirs = Y.mergeDeleteSets(updates.map((update) => Y.decodeUpdate(update).ds));
  const covers = (client: number, start: number, end: number) =>
    theirs.clients.get(client)?.some(({ clock, len }) => clock <= start && clock + len >= end);
  return Array.from(Y.createDeleteSetFromStructStore(doc.store).clients).some(([client, ranges]) =>
    ranges.some(({ clock, len }) => !covers(client, clock, clock + len)),
  );
}

/** Whether all insertions of `update` are in the document; false, too, when it cannot be read. */
export function holds(doc: Y.Doc, update: Uint8Array): boolean {
  try {
    return Array.from(Y.parseUpdateMeta(update).to).every(([clientId, clock]) => clockOf(doc, clientId) >= clock);
  } catch {
    return false;
  }
}

/** One update that does what `updates` do in turn. */
export function mergeInOrder(updates: readonly Uint8Array[]): Uint8Array {
  // Yjs's merge costs the square of the number of updates: merge few at a time, then the results.
  const [first, second] = updates;
  if (first && !second) return first;
  if (updates.length <= mergeWidth) return Y.mergeUpdates([...updates]);
  const merged: Uint8Array[] = [];
  for (let i = 0; i < updates.length; i += mergeWidth) merged.push(Y.mergeUpdates(updates.slice(i, i + mergeWidth)));
  return mergeInOrder(merged);
}

const mergeWidth = 32;
