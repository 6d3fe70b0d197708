import { SynclineError } from "../error.js";
import type { Pointer, Storage } from "../storage/storage.js";
import { Contents } from "../update/contents.js";
import { UpdateError } from "../update/error.js";
import { scanUpdate } from "../update/scan.js";

/** How many ids of each Yjs client a stored document holds, most first. @throws {SynclineError} `data-corrupt` */
export async function readStateVector(
  documentName: string,
  storage: Storage,
  pointer: Pointer,
): Promise<{ readonly client: number; readonly clock: number }[]> {
  const contents = await readAll(documentName, storage, pointer).catch((thrown: unknown) => {
    if (!(thrown instanceof UpdateError)) throw thrown;
    throw new SynclineError("data-corrupt", `what is stored cannot be read: ${thrown.message}`, { cause: thrown });
  });
  return [...contents.stateVector.entries()]
    .map(([client, clock]) => ({ client, clock }))
    .sort((a, b) => b.clock - a.clock);
}

async function readAll(documentName: string, storage: Storage, pointer: Pointer): Promise<Contents> {
  const contents = await readContents(documentName, storage, pointer);
  for await (const { updates } of storage.readRecords(documentName, pointer.coveredSeq)) {
    for (const update of updates) contents.absorb(scanUpdate(update));
  }
  return contents;
}

async function readContents(documentName: string, storage: Storage, pointer: Pointer): Promise<Contents> {
  if (pointer.epoch === 0) return new Contents();
  const encoded = await storage.readContents(documentName, pointer);
  if (encoded) return Contents.decode(encoded);
  throw new SynclineError(
    "data-corrupt",
    `the contents of ${JSON.stringify(documentName)} are missing or were replaced`,
  );
}
