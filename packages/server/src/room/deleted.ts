import type { Tombstone } from "../storage/storage.js";

/** Thrown to who opens a document that was deleted and not created anew. */
export class DocumentDeleted extends Error {
  override readonly name = "DocumentDeleted";
  readonly tombstone: Tombstone;

  constructor(documentName: string, tombstone: Tombstone) {
    super(`${JSON.stringify(documentName)} was deleted`);
    this.tombstone = tombstone;
  }
}
