/** All that was granted and is in use, so that it can be looked at anew while sockets are open. */
import type { CloseCode } from "@syncline/protocol";
import { accessRevoked, type Grant } from "./authorize.js";
import { isMeant, type Revocable, type Revocations, type Revoked } from "./revocations.js";

/** One client in one document. */
export interface GrantHolder {
  readonly documentName: string;
  readonly grant: Grant;
  /** Has what was granted looked at anew: the client goes on with what it is granted now, or is sent away. */
  recheck(): Promise<void>;
  /** Sends the client away. */
  dismiss(code: CloseCode, reason: string): void;
}

export interface Rechecked {
  readonly count: number;
  /** Of those, who went: they are granted nothing any more, or left meanwhile. */
  readonly goneCount: number;
}

export class Grants {
  readonly #revocations: Revocations;
  readonly #holders = new Set<GrantHolder>();
  #recheckCount = 0;

  constructor(revocations: Revocations) {
    this.#revocations = revocations;
  }

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

  /** Looks at all anew that `revoked` names. Resolves when each has its answer. */
  async recheck(revoked: Revoked): Promise<Rechecked> {
    this.#recheckCount += 1;
    const meant = [...this.#holders].filter((holder) => isMeant(revoked, revocableOf(holder)));
    await Promise.all(meant.map((holder) => this.#recheckOne(holder)));
    return { count: meant.length, goneCount: meant.filter((holder) => !this.#holders.has(holder)).length };
  }

  /** Whoever decides may take its time, or fail: what is known to be revoked does not wait for that. */
  async #recheckOne(holder: GrantHolder): Promise<void> {
    if (!this.#revocations.isRevoked(revocableOf(holder))) return holder.recheck();
    holder.dismiss(accessRevoked.code, accessRevoked.reason);
  }
}

function revocableOf({ documentName, grant: { tokenId, issuedAtMs, standing } }: GrantHolder): Revocable {
  return { documentName, tokenId, issuedAt: issuedAtMs, subject: standing.subject };
}
