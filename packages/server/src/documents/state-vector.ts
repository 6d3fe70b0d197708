import type { Pointer, Storage } from "../storage/storage.js";
import { Contents } from "../update/contents.js";
import { scanUpdate } from "../update/scan.js";

/** How many ids of each Yjs client a stored document holds, most first. @throws {SynclineError} `data-corrupt` */
export async function readStateVector(
  documentName: string,
  storage: Storage,
  pointer: Pointer,
): Promise<{ readonly client: number; readonly clock: number }[]> {
  const encoded = await storage.readContents(documentName, pointer);
  const contents = encoded ? Contents.decode(encoded) : new Contents();
  for await (const { updates } of storage.readRecords(documentName, pointer.coveredSeq)) {
    for (const update of updates) contents.absorb(scanUpdate(update));
  }
  return [...contents.stateVector.entries()]
    .map(([client, clock]) => ({ client, clock }))
    .sort((a, b) => b.clock - a.clock);
}
