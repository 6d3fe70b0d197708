/**
 * What becomes of an update: what its bytes say (update/admission.ts), and what the room says: how large it and its updates may
 * be, whose the ids are, and who may write to what. Changes nothing.
 */
import { closeCodes, type CloseCode } from "@syncline/protocol";
import { admit, type Admission } from "../update/admission.js";
import { defaultScanLimits, type ScanLimits } from "../update/limits.js";
import { ForeignIds } from "./foreign-ids.js";
import type { Log } from "./log.js";
import type { Member, Submission } from "./member.js";
import type { Ownership } from "./ownership.js";
import type { PartialWrites } from "./partial-writes.js";
import { RoomSize } from "./room-size.js";
import type { RoomServices } from "./services.js";

export type Verdict =
  | Admission
  /** It is sound, and not to be taken. */
  | { readonly kind: "declined"; readonly code: CloseCode; readonly reason: string }
  /** As `declined`: the document is as large as it may be. */
  | { readonly kind: "outgrown"; readonly code: CloseCode; readonly reason: string }
  /** Where it writes is to be looked at first. `blocks` as in a scanned update. */
  | { readonly kind: "unchecked"; readonly submission: Submission; readonly blocks: readonly number[] };

export interface RulesOptions {
  readonly documentName: string;
  readonly log: Log;
  readonly ownership: Ownership;
  readonly partialWrites: Pick<PartialWrites, "mustCheck">;
  readonly services: Pick<RoomServices, "limits" | "refusals">;
}

export class Rules {
  readonly #options: RulesOptions;
  readonly #foreignIds: ForeignIds;
  readonly #size: RoomSize;
  readonly #scan: ScanLimits;

  constructor(options: RulesOptions) {
    const { documentName, log, ownership, services } = options;
    const { limits, refusals } = services;
    this.#options = options;
    this.#size = new RoomSize(log.history, limits);
    const { maxStructsPerUpdate: maxStructs, maxDeletionsPerUpdate: maxDeletions } = limits;
    this.#scan = { ...defaultScanLimits, maxStructs, maxDeletions };
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
    const { log, partialWrites, services } = this.#options;
    const { maxUpdateBytes } = services.limits;
    const { length } = submission.update;
    if (length > maxUpdateBytes) {
      const reason = `an update of ${length} bytes; at most ${maxUpdateBytes} are allowed`;
      return { kind: "declined", code: closeCodes.tooLarge, reason };
    }
    const admission = admit(submission.update, log.contents, {
      trustHeavy: hasStoodTrial,
      // Where something got in that cannot be applied, nothing more does without having been applied first.
      heavyBytes: log.isDegraded ? 0 : undefined,
      scan: this.#scan,
    });
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
}
