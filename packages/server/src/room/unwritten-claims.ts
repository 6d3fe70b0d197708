/**
 * The claims on Yjs client ids that nothing was written under: pages that were opened and no more. So many of each person and of a
 * document are kept, the newest; a page that is open keeps its own (docs/decisions/0021).
 */
export interface UnwrittenClaimsOptions {
  /** Whether somebody who is here calls `clientId` its own. */
  readonly isOpen: (clientId: number) => boolean;
  /** `clientId` is nobody's any more. */
  readonly release: (clientId: number) => void;
}

const maxUnwrittenPerOwner = 64;

/** Whoever gets a new identity with each visit must not leave a claim behind for ever with each. */
const maxUnwrittenPerDocument = 10_000;

/** How many are looked at for each that is added: of pages that are open there may be thousands. */
const looksPerClaim = 4;

export class UnwrittenClaims {
  readonly #options: UnwrittenClaimsOptions;
  /** Oldest first, as those of each owner. */
  readonly #owners = new Map<number, string>();
  readonly #byOwner = new Map<string, Set<number>>();

  constructor(options: UnwrittenClaimsOptions) {
    this.#options = options;
  }

  /** What is on disk already, oldest first. */
  load(clientId: number, owner: string): void {
    this.#owners.set(clientId, owner);
    const own = this.#byOwner.get(owner);
    if (own) own.add(clientId);
    else this.#byOwner.set(owner, new Set([clientId]));
  }

  /** May release others. */
  add(clientId: number, owner: string): void {
    this.load(clientId, owner);
    this.#releaseOldest(this.#byOwner.get(owner), maxUnwrittenPerOwner);
    this.#releaseOldest(this.#owners, maxUnwrittenPerDocument);
  }

  /** It was written under, or is to be forgotten for another reason. */
  remove(clientId: number): void {
    const owner = this.#owners.get(clientId);
    if (owner === undefined) return;
    this.#owners.delete(clientId);
    const own = this.#byOwner.get(owner);
    own?.delete(clientId);
    if (own?.size === 0) this.#byOwner.delete(owner);
  }

  #releaseOldest(kept: Pick<ReadonlySet<number>, "size" | "keys"> | undefined, max: number): void {
    let lookCount = 0;
    for (const clientId of kept?.keys() ?? []) {
      if (!kept || kept.size <= max || lookCount++ === looksPerClaim) return;
      const owner = this.#owners.get(clientId);
      this.remove(clientId);
      // An open page counts as new, and is looked at again when all others have been.
      if (owner !== undefined && this.#options.isOpen(clientId)) this.load(clientId, owner);
      else this.#options.release(clientId);
    }
  }
}
