/** All that was granted and is in use, so that it can be looked at anew while sockets are open. */
import type { Grant } from "./authorize.js";
import { isMeant, type Revoked } from "./revocations.js";

/** One client in one document. */
export interface GrantHolder {
  readonly documentName: string;
  readonly grant: Grant;
  /** Has what was granted looked at anew: the client goes on with what it is granted now, or is sent away. */
  recheck(): Promise<void>;
}

export class Grants {
  readonly #holders = new Set<GrantHolder>();
  #recheckCount = 0;

  /** Grows with each `recheck`: who was granted something before one, and is not in use yet, is to look anew itself. */
  get recheckCount(): number {
    return this.#recheckCount;
  }

  add(holder: GrantHolder): void {
    this.#holders.add(holder);
  }

  delete(holder: GrantHolder): void {
    this.#holders.delete(holder);
  }

  /** Looks at all anew that `revoked` names. Resolves with how many those were, when each has its answer. */
  async recheck(revoked: Revoked): Promise<number> {
    this.#recheckCount += 1;
    const meant = [...this.#holders].filter(({ documentName, grant: { tokenId, standing } }) =>
      isMeant(revoked, { documentName, tokenId, subject: standing.subject }),
    );
    await Promise.all(meant.map((holder) => holder.recheck()));
    return meant.length;
  }
}
