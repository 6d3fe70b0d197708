/**
 * What was revoked, and when: tokens made before that are not accepted any more, whatever they say. Knows neither tokens nor
 * who has a document open.
 */

/** Whose access ends: all of one person, of one token, or in one document; with several, what fits all of them. */
export interface Revoked {
  readonly subject?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly documentName?: string | undefined;
}

export interface Revocation extends Revoked {
  /** Milliseconds since 1970. What was issued later is not meant, except under the token's own name. */
  readonly revokedAt: number;
}

/** What somebody was granted, as far as it matters here. */
export interface Revocable extends Revoked {
  /** Milliseconds since 1970. `undefined`: not known; whoever granted it was asked after the revocation, and must know. */
  readonly issuedAt?: number | undefined;
}

/** What outlives the process. */
export interface RevocationLog {
  /** Resolves when it is on disk. */
  append(revocation: Revocation): Promise<void>;
}

export class Revocations {
  /** The latest of each kind, by what they name. */
  readonly #revocations = new Map<string, Revocation>();

  constructor(revocations: Iterable<Revocation> = []) {
    for (const revocation of revocations) this.add(revocation);
  }

  add({ subject, tokenId, documentName, revokedAt }: Revocation): void {
    const key = keyOf({ subject, tokenId, documentName });
    const known = this.#revocations.get(key);
    if (known && known.revokedAt >= revokedAt) return;
    this.#revocations.set(key, { subject, tokenId, documentName, revokedAt });
  }

  /** Looks for what would name `granted`, rather than at all there are: each logout may have left one. */
  isRevoked(granted: Revocable): boolean {
    if (this.#revocations.size === 0) return false;
    const { issuedAt = Infinity } = granted;
    return [undefined, granted.subject].some((subject) =>
      [undefined, granted.tokenId].some((tokenId) =>
        [undefined, granted.documentName].some((documentName) => {
          const revocation = this.#revocations.get(keyOf({ subject, tokenId, documentName }));
          return revocation !== undefined && (issuedAt <= revocation.revokedAt || tokenId !== undefined);
        }),
      ),
    );
  }

  /** In no particular order. */
  [Symbol.iterator](): Iterator<Revocation> {
    return this.#revocations.values();
  }
}

function keyOf({ subject, tokenId, documentName }: Revoked): string {
  return JSON.stringify([subject ?? null, tokenId ?? null, documentName ?? null]);
}

/** Whether `granted` is among what `revoked` names. */
export function isMeant(revoked: Revoked, granted: Revoked): boolean {
  return (
    (revoked.subject === undefined || revoked.subject === granted.subject) &&
    (revoked.tokenId === undefined || revoked.tokenId === granted.tokenId) &&
    (revoked.documentName === undefined || revoked.documentName === granted.documentName)
  );
}
