/** Which ids of a document are values under a key, as update/keys.ts asks. */
import * as Y from "yjs";
import type { KnownKeys } from "../update/keys.js";

/** What was collected with the map it was in is under no key: what leans on it is collected, too. */
export function keyedItemsOf(doc: Y.Doc): KnownKeys {
  return {
    isEmpty: false,
    has: (client, clock) => {
      const structs = doc.store.clients.get(client);
      if (structs === undefined || clock >= Y.getState(doc.store, client)) return false;
      const struct = structs[Y.findIndexSS(structs, clock)];
      return struct instanceof Y.Item && struct.parentSub !== null;
    },
  };
}
