/** What a scan found, as it goes from a thread to the main one: lists of numbers as arrays that are handed over, not copied. */
import { UpdateError } from "../update/error.js";
import type { ScannedUpdate } from "../update/scan.js";
import type { PackedScan, PackedScanOutcome, PackedTrialResult, ScanOutcome, TrialResult } from "./jobs.js";

/** @param isKept somebody goes on using the update's bytes: a copy of them is packed */
export function packScan(scanned: ScannedUpdate, { isKept }: { readonly isKept: boolean }): PackedScan {
  const { blocks, deletions, bornDeleted, dependencies, keyed, ...facts } = scanned;
  const ownsBytes = !isKept && facts.update.length === facts.update.buffer.byteLength;
  return {
    facts: ownsBytes ? facts : { ...facts, update: facts.update.slice() },
    lists: {
      blocks: Float64Array.from(blocks),
      deletions: Float64Array.from(deletions),
      bornDeleted: Float64Array.from(bornDeleted),
      dependencies: Float64Array.from(dependencies),
    },
    keyed: keyed && { ids: Float64Array.from(keyed.ids), runs: Float64Array.from(keyed.runs) },
  };
}

/** The buffers of a packed scan, to be transferred with it. */
export function buffersOfScan({ facts, lists, keyed }: PackedScan): ArrayBuffer[] {
  const arrays = [facts.update, ...Object.values(lists), ...Object.values(keyed ?? {})];
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

function unpackScan({ facts, lists, keyed }: PackedScan): ScannedUpdate {
  const scanned = {
    ...facts,
    blocks: Array.from(lists.blocks),
    deletions: Array.from(lists.deletions),
    bornDeleted: Array.from(lists.bornDeleted),
    dependencies: Array.from(lists.dependencies),
  };
  return keyed ? { ...scanned, keyed: { ids: Array.from(keyed.ids), runs: Array.from(keyed.runs) } } : scanned;
}

export function unpackScanOutcome(outcome: PackedScanOutcome): ScanOutcome {
  if (outcome.kind === "scanned") return { kind: "scanned", scanned: unpackScan(outcome.scan) };
  return { kind: "refused", error: new UpdateError(outcome.code, outcome.message) };
}

export function unpackTrialResult(result: PackedTrialResult): TrialResult {
  if (result.kind === "refused") return result;
  const { scan, ...figures } = result;
  return { ...figures, scanned: unpackScan(scan) };
}
