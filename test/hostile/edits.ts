/** Edits that are sound: what is refused of them is refused for who sends them, or how. */
import * as Y from "yjs";

/** One by a client id that has written nothing before. */
export function editBy(
  clientId: number,
  change: (doc: Y.Doc) => void = (doc) => doc.getText("text").insert(0, "by a stranger;"),
): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  change(doc);
  return Y.encodeStateAsUpdate(doc);
}
