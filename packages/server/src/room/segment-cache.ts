/**
 * Segments that were read lately, over all documents, up to a number of bytes. Who wants one that is just being read waits for
 * it: after a restart a thousand clients come for the same document at once.
 */
import { LRUCache } from "lru-cache";

export interface SegmentCache {
  /** The segment of that name, by `read` where it is not here. `undefined`, and what `read` throws, is not kept. */
  get(key: string, read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined>;
}

export function createSegmentCache(maxBytes: number): SegmentCache {
  const segments = new LRUCache<string, Uint8Array>({
    maxSize: maxBytes,
    sizeCalculation: (segment) => segment.length + 1,
  });
  const underWay = new Map<string, Promise<Uint8Array | undefined>>();

  async function kept(key: string, reading: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    const segment = await reading;
    if (segment) segments.set(key, segment);
    return segment;
  }

  return {
    async get(key, read) {
      const known = segments.get(key);
      if (known) return known;
      const begun = underWay.get(key);
      if (begun) return begun;
      const reading = kept(key, read()).finally(() => underWay.delete(key));
      underWay.set(key, reading);
      return reading;
    },
  };
}
