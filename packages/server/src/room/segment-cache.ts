/** Segments that were read lately, over all documents, up to a number of bytes. */
import { LRUCache } from "lru-cache";

export interface SegmentCache {
  get(key: string): Uint8Array | undefined;
  set(key: string, segment: Uint8Array): unknown;
}

export function createSegmentCache(maxBytes: number): SegmentCache {
  return new LRUCache<string, Uint8Array>({ maxSize: maxBytes, sizeCalculation: (segment) => segment.length + 1 });
}
