/**
 * A document as a snapshot: few large segments, and proof that they say the same. Runs in a document thread; knows no room,
 * no store and no thread.
 */
import * as Y from "yjs";
import { Contents } from "../update/contents.js";
import { DeleteSet } from "../update/delete-set.js";
import { noScanLimits } from "../update/limits.js";
import { scanUpdate } from "../update/scan.js";
import { buildDocument, countStructs, type Applied, type Built, type Now } from "./document.js";
import { WorkerError } from "./error.js";
import { areEqualBytes, areEqualFingerprints, fingerprintOf, type Fingerprint } from "./fingerprint.js";
import type { Compacted } from "./jobs.js";
import { SegmentWriter } from "./segment-writer.js";
import { structsInOrder } from "./struct-order.js";

export interface Written {
  readonly segments: Uint8Array[];
  readonly fingerprint: Fingerprint;
  readonly stateVector: Uint8Array;
  readonly deleteSetUpdate: Uint8Array;
  readonly applied: Applied;
}

/** @throws {WorkerError} `failed` when there is no order in which the document's structs could be integrated. */
export function writeSegments({ doc, ...applied }: Built, maxSegmentBytes: number): Written {
  const writer = new SegmentWriter(maxSegmentBytes);
  for (const struct of structsInOrder(doc)) writer.add(struct);
  return {
    segments: writer.finish(),
    fingerprint: fingerprintOf(doc),
    stateVector: Y.encodeStateVector(doc),
    deleteSetUpdate: deleteSetUpdateOf(doc),
    applied,
  };
}

/**
 * Loads the segments into a new document. The one they were written from should be garbage by now: each takes a dozen times
 * its bytes.
 *
 * @throws {WorkerError} `failed` when that gives another document; `lossy` when it gives less and that is not allowed.
 */
export function loadAndCompare(written: Written, mayLoseContent: boolean, now: Now): Compacted {
  const { segments, fingerprint, stateVector, applied } = written;
  const loaded = buildDocument(segments, now).doc;
  if (!areEqualStateVectors(Y.encodeStateVector(loaded), stateVector)) {
    throw new WorkerError("failed", "the segments give another state vector than the pieces");
  }
  const loadedFingerprint = fingerprintOf(loaded);
  if (!areEqualFingerprints(loadedFingerprint, fingerprint)) assertEqualOnceLoaded(loadedFingerprint, fingerprint, now);
  const deleteSetUpdate = deleteSetUpdateOf(loaded);
  if (!mayLoseContent && !areEqualBytes(deleteSetUpdate, written.deleteSetUpdate)) {
    throw new WorkerError("lossy", "the document holds content that Yjs drops when it loads it");
  }
  return {
    segments,
    stateVector: Y.encodeStateVector(loaded),
    deleteSetUpdate,
    contents: contentsOf(segments, deleteSetUpdate).encode(),
    structCount: countStructs(loaded),
    integrateMicrosPerStruct: applied.integrateMicrosPerStruct,
  };
}

/**
 * Loading changes a document whose author broke the rules: an item between neighbours of two lists is dropped once one of the
 * lists has been collected. Then what counts is what any Yjs makes of the document when it loads it.
 */
function assertEqualOnceLoaded(loaded: Fingerprint, source: Fingerprint, now: Now): void {
  const normalisedSource = fingerprintOf(buildDocument([source.state], now).doc);
  if (areEqualFingerprints(loaded, normalisedSource)) return;
  const normalisedLoaded = fingerprintOf(buildDocument([loaded.state], now).doc);
  if (areEqualFingerprints(normalisedLoaded, normalisedSource)) return;
  throw new WorkerError("failed", "the segments give another document than the pieces");
}

function areEqualStateVectors(left: Uint8Array, right: Uint8Array): boolean {
  if (areEqualBytes(left, right)) return true;
  const leftClocks = Y.decodeStateVector(left);
  const rightClocks = Y.decodeStateVector(right);
  return leftClocks.size === rightClocks.size && [...leftClocks].every(([id, clock]) => rightClocks.get(id) === clock);
}

/** As admission keeps it: read from the bytes, not from the document, so that both count alike. */
function contentsOf(segments: readonly Uint8Array[], deleteSetUpdate: Uint8Array): Contents {
  const contents = new Contents();
  for (const update of [...segments, deleteSetUpdate]) contents.absorb(scanUpdate(update, noScanLimits));
  return contents;
}

function deleteSetUpdateOf(doc: Y.Doc): Uint8Array {
  const deleted = new DeleteSet();
  for (const [client, structs] of doc.store.clients) {
    for (const { deleted: isDeleted, id, length } of structs) {
      if (isDeleted) deleted.add(client, id.clock, id.clock + length);
    }
  }
  return deleted.encodeAsUpdate();
}
