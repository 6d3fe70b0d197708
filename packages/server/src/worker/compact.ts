/**
 * Makes a snapshot: few large segments out of many small pieces. Runs in a document thread; knows no room, no store and no
 * thread.
 */
import { buildDocument, type Now } from "./document.js";
import type { Compacted, CompactOptions } from "./jobs.js";
import { loadAndCompare, writeSegments, type Written } from "./snapshot.js";
import { defaultMaxUpdateBytes } from "./update-size.js";

/**
 * The pieces as segments, each a valid v1 update that can be applied after those before it.
 *
 * `Y.mergeUpdates` would not do: it neither collects what was deleted nor joins what was typed.
 *
 * @param pieces may be iterated twice
 *
 * @throws {WorkerError} `failed` when a piece cannot be applied (with its index), or when the segments, loaded into a new
 * document, do not give what the pieces gave; `lossy` when no way to write the document keeps all that is in it. Whoever
 * asked keeps what they have.
 */
export function compact(
  pieces: Iterable<Uint8Array>,
  options: CompactOptions = {},
  now: Now = () => performance.now(),
): Compacted {
  // Two functions, so that the first document is garbage before the second is built: each takes a dozen times its bytes.
  const written = buildAndWrite(pieces, options.maxSegmentBytes ?? defaultMaxUpdateBytes, now);
  return loadAndCompare(written, options.mayLoseContent ?? false, now);
}

function buildAndWrite(pieces: Iterable<Uint8Array>, maxSegmentBytes: number, now: Now): Written {
  return writeSegments(buildDocument(pieces, now), maxSegmentBytes);
}
