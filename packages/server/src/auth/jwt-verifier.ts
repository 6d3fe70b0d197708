/** Whether a JWT holds: whose signature it has, and whether what it says of time, issuer and audience is so. */
import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from "jose";
import { NotAuthorized } from "../connection/authorize.js";
import { rejectionOf, type Expected } from "./rejection.js";
import type { KeySource, TokenHeader, VerificationKey } from "./verification-key.js";

export interface JwtVerifierOptions {
  readonly sources: readonly KeySource[];
  readonly issuer?: string | readonly string[] | undefined;
  readonly audience?: string | readonly string[] | undefined;
  readonly maxAgeMs?: number | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly wallClock?: (() => number) | undefined;
}

/** How far the clocks of who makes tokens and of this machine may be apart. */
export const skewMs = 5_000;

export class JwtVerifier {
  readonly #sources: readonly KeySource[];
  readonly #expected: Expected;
  readonly #wallClock: () => number;

  constructor({ sources, issuer, audience, maxAgeMs, wallClock = () => Date.now() }: JwtVerifierOptions) {
    this.#sources = sources;
    this.#expected = { issuer: listed(issuer), audience: listed(audience), maxAgeMs };
    this.#wallClock = wallClock;
  }

  /** @throws {NotAuthorized} for a token that does not hold; {Error} when there is no telling */
  async verify(token: string): Promise<JWTPayload> {
    const header = this.#headerOf(token);
    let reason: unknown = new NotAuthorized("the token names a key (kid) that this server does not have");
    for (const source of this.#sources.filter(({ algorithms }) => algorithms.includes(header.alg))) {
      for (const key of await source.keysFor(header)) {
        try {
          return await this.#verifyWith(token, key);
        } catch (thrown) {
          reason = thrown;
          if (!(thrown instanceof errors.JWSSignatureVerificationFailed)) throw this.#rejectionOf(reason);
        }
      }
    }
    throw this.#rejectionOf(reason);
  }

  #rejectionOf(reason: unknown): unknown {
    return reason instanceof NotAuthorized ? reason : rejectionOf(reason, this.#expected);
  }

  async #verifyWith(token: string, { key, algorithms }: VerificationKey): Promise<JWTPayload> {
    const nowMs = this.#wallClock();
    const { issuer, audience, maxAgeMs } = this.#expected;
    const { payload } = await jwtVerify(token, key, {
      algorithms: [...algorithms],
      requiredClaims: ["exp"],
      clockTolerance: skewMs / 1000,
      currentDate: new Date(nowMs),
      ...(issuer && { issuer: [...issuer] }),
      ...(audience && { audience: [...audience] }),
      ...(maxAgeMs !== undefined && { maxTokenAge: maxAgeMs / 1000 }),
    });
    // A token of the future would outlive what is revoked until then.
    if ((payload.iat ?? 0) * 1000 > nowMs + skewMs)
      throw new NotAuthorized("the token was made in the future: a clock is wrong");
    return payload;
  }

  #headerOf(token: string): TokenHeader {
    let header: { readonly alg?: unknown; readonly kid?: unknown };
    try {
      header = decodeProtectedHeader(token);
    } catch (cause) {
      throw new NotAuthorized("the token is no JWT: it cannot be read", { cause });
    }
    const taken = [...new Set(this.#sources.flatMap((source) => source.algorithms))];
    const alg = taken.find((name) => name === header.alg);
    if (header.alg === "none") throw new NotAuthorized('the token is not signed (its alg is "none")');
    if (!alg) throw new NotAuthorized(`the token is not signed in a way that is taken here (${taken.join(", ")})`);
    if (header.kid !== undefined && typeof header.kid !== "string") {
      throw new NotAuthorized("the token's kid is no text");
    }
    return { alg, kid: header.kid };
  }
}

function listed(values: string | readonly string[] | undefined): readonly string[] | undefined {
  return values === undefined ? undefined : [values].flat();
}
