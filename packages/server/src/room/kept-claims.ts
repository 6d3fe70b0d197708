/**
 * Whose the client ids of documents are that were never written and that nobody has open now. On disk is nothing of those; without
 * this, what their authors write offline would be anybody's to take as soon as the room is let go (docs/decisions/0021).
 */
import { LRUCache } from "lru-cache";
import type { Claim } from "../storage/storage.js";

/** Beyond these the documents that were not opened for the longest time are forgotten. */
const maxDocuments = 10_000;
const maxClaims = 50_000;

export type KeptClaims = LRUCache<string, readonly Claim[]>;

export function createKeptClaims(): KeptClaims {
  return new LRUCache({ max: maxDocuments, maxSize: maxClaims, sizeCalculation: (claims) => claims.length });
}
