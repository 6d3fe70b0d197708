/**
 * What of a snapshot a client with a part of it lacks, computed in a worker. After a restart a thousand clients come back
 * with the same state vector: they share one computation.
 */
import { LRUCache } from "lru-cache";
import type { WorkerPool } from "../worker/worker-pool.js";
import type { DiffSegments } from "./catch-up.js";

const maxDiffs = 256;
/** A larger answer is not kept once it was given. */
const maxKeptBytes = 1024 * 1024;

export function shareSegmentDiffs(workers: Pick<WorkerPool, "diff">): DiffSegments {
  const diffs = new LRUCache<string, Promise<readonly Uint8Array[]>>({ max: maxDiffs });
  return (history, stateVector) => {
    const bytes = stateVector.encode();
    const key = `${history.pointer.generation}/${history.pointer.epoch}/${bytes.join()}`;
    const known = diffs.get(key);
    if (known) return known;
    const diff = workers.diff(history.segments(), bytes).then(keepIfSmall, forgetFailed);
    diffs.set(key, diff);
    return diff;

    function keepIfSmall(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
      if (pieces.reduce((sum, piece) => sum + piece.length, 0) > maxKeptBytes) diffs.delete(key);
      return pieces;
    }

    function forgetFailed(thrown: unknown): never {
      diffs.delete(key);
      throw thrown;
    }
  };
}
