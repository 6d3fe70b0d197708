/** Looks through an update that is so large that the main thread should not. Needs no document. */
import { UpdateError } from "../update/error.js";
import { scanUpdate } from "../update/scan.js";
import { StateVector } from "../update/state-vector.js";
import { trimStructs } from "../update/trim.js";
import type { ScanOutcome, ScanRequest } from "./jobs.js";

/** What of its structs lies beyond the state vector, with all its deletions. That Yjs would not write such bytes is an answer, too. */
export function scanLarge({ update, stateVector, limits }: ScanRequest): ScanOutcome {
  try {
    const scanned = trimStructs(scanUpdate(update, limits), StateVector.decode(stateVector));
    return { kind: "scanned", scanned };
  } catch (error) {
    if (error instanceof UpdateError) return { kind: "refused", error };
    throw error;
  }
}
