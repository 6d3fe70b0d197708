/** How large a document is, also one that is damaged, and what is said of that. */
import type { ControlledDocuments } from "../adapters/control-routes.js";
import type { DocumentSummary } from "../documents/documents.js";
import { messageOf, SynclineError } from "../error.js";
import { isDamage } from "../room/damage.js";

/** One of many, or the one that was asked for: its sizes, or what is wrong with it. */
export type Sizes = Pick<DocumentSummary, "name" | "seq" | "snapshotBytes" | "recordBytes" | "damage">;

export function storedBytes({ snapshotBytes, recordBytes }: Sizes): number {
  return snapshotBytes + recordBytes;
}

/** @throws {SynclineError} `document-not-found` */
export async function sizesOf(documents: ControlledDocuments, name: string): Promise<Sizes> {
  try {
    return await documents.inspect(name);
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    return { name, seq: 0, snapshotBytes: 0, recordBytes: 0, damage: messageOf(thrown) };
  }
}

/** The same, but that damage is reported with where to look. @throws {SynclineError} `data-corrupt` */
export async function orWhatToDo<Result>(name: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    const message = `${JSON.stringify(name)} is damaged: ${messageOf(thrown)}; syncline verify says where, and with --repair sets it aside`;
    throw new SynclineError("data-corrupt", message, { cause: thrown });
  }
}
