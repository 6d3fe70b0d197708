/**
 * What becomes of an update: what its bytes say (update/admission.ts), and what the room says: how large it and its updates may
 * be, whose the ids are, and who may write to what. Changes nothing.
 */
import { closeCodes, type CloseCode } from "@syncline/protocol";
import { admit, admitScanned, type Admission, type AdmissionLimits } from "../update/admission.js";
import { defaultScanLimits, type ScanLimits } from "../update/limits.js";
import { ForeignIds } from "./foreign-ids.js";
import { isLarge } from "./large-updates.js";
import type { Log } from "./log.js";
import type { Member, Submission } from "./member.js";
import type { Ownership } from "./ownership.js";
import type { PartialWrites } from "./partial-writes.js";
import { RoomSize } from "./room-size.js";
import type { RoomServices } from "./services.js";

export type Verdict =
  | Admission
  /** Its bytes are to be looked through elsewhere first. */
  | { readonly kind: "large" }
  /** It is sound, and not to be taken. */
  | { readonly kind: "declined"; readonly code: CloseCode; readonly reason: string }
  /** As `declined`: the document is as large as it may be. */
  | { readonly kind: "outgrown"; readonly code: CloseCode; readonly reason: string }
  /** Where it writes is to be looked at first. `blocks` as in a scanned update. */
  | { readonly kind: "unchecked"; readonly submission: Submission; readonly blocks: readonly number[] };

export interface RulesOptions {
  readonly documentName: string;
  readonly roomNumber: number;
  readonly log: Log;
  readonly ownership: Ownership;
  readonly partialWrites: Pick<PartialWrites, "mustCheck">;
  readonly services: Pick<RoomServices, "limits" | "refusals" | "repeatedUpdates">;
}

export class Rules {
  readonly #options: RulesOptions;
  readonly #foreignIds: ForeignIds;
  readonly #size: RoomSize;
  /** What an update may hold. */
  readonly scanLimits: ScanLimits;

  constructor(options: RulesOptions) {
    const { documentName, log, ownership, services } = options;
    const { limits, refusals } = services;
    this.#options = options;
    this.#size = new RoomSize(log.history, limits);
    const { maxStructsPerUpdate: maxStructs, maxDeletionsPerUpdate: maxDeletions } = limits;
    this.scanLimits = { ...defaultScanLimits, maxStructs, maxDeletions };
    this.#foreignIds = new ForeignIds({
      documentName,
      ownership,
      refusals,
      // What was lost with damage comes back with whoever still has it.
      isEnforced: () => limits.clientIds === "enforce" && !log.isDegraded,
    });
  }

  /** As much waits to be compacted as a document may be in all. */
  get isCompactionDue(): boolean {
    return this.#size.isDue;
  }

  /** @param hasStoodTrial nothing is heavy any more */
  judge(member: Member, submission: Submission, hasStoodTrial: boolean): Verdict {
    const { log, partialWrites, roomNumber, services } = this.#options;
    const { limits, repeatedUpdates } = services;
    const { maxUpdateBytes } = limits;
    const { length } = submission.update;
    if (length > maxUpdateBytes) {
      const reason = `an update of ${length} bytes; at most ${maxUpdateBytes} are allowed`;
      return { kind: "declined", code: closeCodes.tooLarge, reason };
    }
    if (repeatedUpdates.has(roomNumber, submission.update)) return { kind: "nothing-new" };
    if (isLarge(submission)) return { kind: "large" };
    const admission = this.#admit(submission, hasStoodTrial);
    if (admission.kind === "nothing-new") repeatedUpdates.add(roomNumber, submission.update);
    // Before all else, and anew when it was tried or has closed: whose the ids are may have become known.
    const theft = this.#foreignIds.whyNot(member, admission);
    if (theft) return { kind: "declined", ...theft };
    if (admission.kind !== "new" && admission.kind !== "heavy") return admission;
    const { update, scanned } = admission;
    const reason = this.#size.whyNotGrowBy(scanned, log.contents.stateVector);
    if (reason !== undefined) return { kind: "outgrown", code: closeCodes.tooLarge, reason };
    if (!partialWrites.mustCheck(submission)) return admission;
    return { kind: "unchecked", submission: { ...submission, update }, blocks: scanned.blocks };
  }

  #admit({ update, scan }: Submission, hasStoodTrial: boolean): Admission {
    const { contents, isDegraded } = this.#options.log;
    const limits: AdmissionLimits = {
      trustHeavy: hasStoodTrial,
      // Where something got in that cannot be applied, nothing more does without having been applied first.
      heavyBytes: isDegraded ? 0 : undefined,
      scan: this.scanLimits,
    };
    if (scan === undefined) return admit(update, contents, limits);
    return scan.kind === "refused" ? scan : admitScanned(scan.scanned, contents, limits);
  }
}
