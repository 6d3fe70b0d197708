/**
 * Whose the client ids of documents are that were never written and that nobody has open now. On disk is nothing of those; without
 * this, what their authors write offline would be anybody's to take as soon as the room is let go (docs/decisions/0021).
 */
import { LRUCache } from "lru-cache";
import type { Claim } from "../storage/storage.js";

/** Beyond these the documents that were not opened for the longest time are forgotten. */
const maxDocuments = 10_000;
const maxClaims = 50_000;

export class KeptClaims {
  readonly #claims = new LRUCache<string, readonly Claim[]>({
    max: maxDocuments,
    maxSize: maxClaims,
    sizeCalculation: (claims) => claims.length,
  });

  of(documentName: string): readonly Claim[] {
    return this.#claims.get(documentName) ?? [];
  }

  /** In place of what was kept of the document. */
  keep(documentName: string, claims: readonly Claim[]): void {
    if (claims.length > 0) this.#claims.set(documentName, claims);
    else this.#claims.delete(documentName);
  }

  forget(documentName: string): void {
    this.#claims.delete(documentName);
  }
}
