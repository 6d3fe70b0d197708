/** Whether a document that was read from the server has what showed as saved there. Knows no server. */
import * as Y from "yjs";
import type { ContentRange, Edit } from "./saved-edits.js";

/** Those of `edits` of which anything is missing: a character that was typed, or the absence of one that was deleted. */
export function missingFrom(doc: Y.Doc, edits: readonly Edit[]): readonly Edit[] {
  return edits.filter(
    ({ inserted, deleted }) =>
      !inserted.every((range) => hasInserted(doc, range)) || !deleted.every((range) => hasDeleted(doc, range)),
  );
}

/** Of a client's content a document has all up to some point, deleted or not. */
function hasInserted({ store }: Y.Doc, { clientId, clock, length }: ContentRange): boolean {
  return Y.getState(store, clientId) >= clock + length;
}

function hasDeleted(doc: Y.Doc, range: ContentRange): boolean {
  const pieces = doc.store.clients.get(range.clientId);
  if (!pieces || !hasInserted(doc, range)) return false;
  const end = range.clock + range.length;
  for (let i = Y.findIndexSS(pieces, range.clock); ; i++) {
    const piece = pieces[i];
    if (!piece || piece.id.clock >= end) return true;
    if (!piece.deleted) return false;
  }
}
