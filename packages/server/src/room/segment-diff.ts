/**
 * What of a snapshot a client with a part of it lacks, computed in a worker. After a restart a thousand clients come back
 * with the same state vector: they share one computation.
 */
import { LRUCache } from "lru-cache";
import type { WorkerPool } from "../worker/worker-pool.js";
import type { DiffSegments } from "./catch-up.js";

/** Of all answers that are kept, keys included. */
const maxTotalBytes = 16 * 1024 * 1024;
/** A larger answer is not kept once it was given, nor one to a state vector of more than this. */
const maxKeptBytes = 1024 * 1024;
const maxKeptVectorBytes = 4 * 1024;

export function shareSegmentDiffs(workers: Pick<WorkerPool, "diff">): DiffSegments {
  const diffs = new LRUCache<string, Promise<readonly Uint8Array[]>>({ maxSize: maxTotalBytes });
  return (history, stateVector) => {
    const bytes = stateVector.encode();
    if (bytes.length > maxKeptVectorBytes) return workers.diff(history.segments(), bytes);
    const key = `${history.pointer.generation}/${history.pointer.epoch}/${bytes.join()}`;
    const known = diffs.get(key);
    if (known) return known;
    const diff = workers.diff(history.segments(), bytes).then(keepIfSmall, forgetFailed);
    diffs.set(key, diff, { size: key.length });
    return diff;

    function keepIfSmall(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
      const byteCount = pieces.reduce((sum, piece) => sum + piece.length, key.length);
      if (byteCount > maxKeptBytes) diffs.delete(key);
      else if (diffs.has(key)) diffs.set(key, diff, { size: byteCount });
      return pieces;
    }

    function forgetFailed(thrown: unknown): never {
      diffs.delete(key);
      throw thrown;
    }
  };
}
