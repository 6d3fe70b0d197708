/**
 * Updates under a Yjs client id that is somebody else's, and what their authors are answered. Whose an id is ownership.ts knows;
 * what the document is about nobody here does.
 */
import { closeCodes, type CloseCode } from "@syncline/protocol";
import type { Refusals } from "../refusals.js";
import type { Admission } from "../update/admission.js";
import type { Claimant, Foreign, Ownership } from "./ownership.js";

export interface ForeignIdsOptions {
  readonly documentName: string;
  readonly ownership: Ownership;
  readonly refusals: Pick<Refusals, "note">;
  /** Whether such updates are refused; otherwise they are counted and taken. */
  readonly isEnforced: () => boolean;
}

export class ForeignIds {
  readonly #options: ForeignIdsOptions;

  constructor(options: ForeignIdsOptions) {
    this.#options = options;
  }

  /** Why what `admission` says of an update of `member` does not matter: it is not taken. `undefined`: it may be. */
  whyNot(member: Claimant, admission: Admission): { readonly code: CloseCode; readonly reason: string } | undefined {
    const foreign = this.#foreignIn(member, admission);
    if (foreign === undefined) return undefined;
    const { documentName, refusals, isEnforced } = this.#options;
    const { clientId, isOwned } = foreign;
    const isRefused = isOwned && isEnforced();
    const reason = isRefused
      ? `it is under Yjs client id ${clientId}, which is somebody else's`
      : `two write under Yjs client id ${clientId}; both are let`;
    refusals.note("client-id", reason, { documentName, clientId });
    return isRefused ? { code: closeCodes.forbidden, reason } : undefined;
  }

  #foreignIn(member: Claimant, admission: Admission): Foreign | undefined {
    const { ownership } = this.#options;
    if (admission.kind === "new" || admission.kind === "heavy") return ownership.foreignIn(admission.scanned, member);
    if (admission.kind !== "gap") return undefined;
    // Later structs of another's id, or their deletion before they are here: nobody has seen what those will be.
    const { reason, client } = admission.gap;
    if (reason === "dependency" || reason === "cycle" || ownership.mayUse(client, member)) return undefined;
    return { clientId: client, isOwned: true };
  }
}
