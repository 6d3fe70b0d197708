/**
 * What may enter a room's log: the one path from bytes to an answer. Knows what the room holds, not the room: it changes nothing, and
 * whoever gives the update its place calls `contents.absorb`.
 */
import type { Contents } from "./contents.js";
import { UpdateError } from "./error.js";
import { findGap, type Gap } from "./gate.js";
import { checkKeys } from "./keys.js";
import type { ScanLimits } from "./limits.js";
import { scanUpdate, type ScannedUpdate } from "./scan.js";
import { trimUpdate } from "./trim.js";

export interface AdmissionLimits {
  /**
   * Above this an update is applied to the real document in a worker first: sound updates can cost minutes.
   *
   * @default 65_536
   */
  readonly heavyBytes?: number | undefined;
  /** @default 64 */
  readonly heavyStructs?: number;
  /**
   * The trial has been passed: nothing is heavy.
   *
   * @default false
   */
  readonly trustHeavy?: boolean;
  readonly scan?: ScanLimits;
}

/**
 * - `new`: `update` may be stored and relayed. It is the sender's bytes, or, where they repeat what the room has, only the rest.
 * - `nothing-new`: the room has all of it; to be acked, neither stored nor relayed.
 * - `gap`: it leans on what the room lacks. Ask the sender and try again when `gap` may have closed.
 * - `heavy`: may be `new` after a trial in a worker, then with `trustHeavy`. It is to be admitted again: the room has moved on.
 * - `refused`: no client that runs Yjs sends it.
 */
export type Admission =
  | { readonly kind: "new"; readonly update: Uint8Array; readonly scanned: ScannedUpdate }
  | { readonly kind: "nothing-new" }
  | { readonly kind: "gap"; readonly gap: Gap }
  | { readonly kind: "heavy"; readonly update: Uint8Array; readonly scanned: ScannedUpdate }
  | { readonly kind: "refused"; readonly error: UpdateError };

/** Scan, trim, gate, weight, keys. Never throws on account of the bytes, and does not change `contents`. */
export function admit(update: Uint8Array, contents: Contents, limits: AdmissionLimits = {}): Admission {
  return orRefused(() => judge(scanUpdate(update, limits.scan), contents, limits));
}

/** As `admit`, for an update that was scanned elsewhere. */
export function admitScanned(received: ScannedUpdate, contents: Contents, limits: AdmissionLimits = {}): Admission {
  return orRefused(() => judge(received, contents, limits));
}

function orRefused(answer: () => Admission): Admission {
  try {
    return answer();
  } catch (error) {
    if (error instanceof UpdateError) return { kind: "refused", error };
    throw error;
  }
}

function judge(received: ScannedUpdate, contents: Contents, limits: AdmissionLimits): Admission {
  if (contents.isNothingNew(received)) return { kind: "nothing-new" };
  // Judged is what would be stored: known structs, true or forged, no longer matter, nor do holes the room can fill.
  const scanned = trimUpdate(received, contents);
  const gap = findGap(scanned, contents.stateVector);
  if (gap !== undefined) return { kind: "gap", gap };
  // Its keys are looked at when it comes back, with what the worker has found.
  if (isHeavy(scanned, limits)) return { kind: "heavy", update: scanned.update, scanned };
  checkKeys(scanned, contents.keyed);
  return { kind: "new", update: scanned.update, scanned };
}

function isHeavy(scanned: ScannedUpdate, limits: AdmissionLimits): boolean {
  const { heavyBytes = 65_536, heavyStructs = 64, trustHeavy = false } = limits;
  return !trustHeavy && (scanned.byteLength > heavyBytes || scanned.structCount > heavyStructs);
}
