/** Tokens that are JWTs: who signed them, whether they hold now, and what they say. */
import type { JWTPayload } from "jose";
import { NotAuthorized, type Authorization, type Authorize, type AuthorizeRequest } from "../connection/authorize.js";
import { SynclineError } from "../error.js";
import { grantedByClaims, isAccessWord, UnusableClaims, type AccessWord, type DocumentClaims } from "./claims.js";
import { FixedKeys } from "./fixed-keys.js";
import { JwtVerifier, skewMs } from "./jwt-verifier.js";
import { RemoteKeys } from "./remote-keys.js";
import { algorithms as knownAlgorithms, type Algorithm, type KeySource, type PublicJwk } from "./verification-key.js";

export interface JwtAuthorizeOptions {
  /** For HS256: at least 32 random bytes, as base64url. Several while one takes the place of another. */
  readonly secret?: string | readonly string[] | undefined;
  /** For signatures of somebody else: PEM (a public key or a certificate), or JSON Web Keys. */
  readonly publicKey?: string | PublicJwk | readonly (string | PublicJwk)[] | undefined;
  /** A key set: what is in a JWKS file. */
  readonly jwks?: { readonly keys: readonly PublicJwk[] } | undefined;
  /** Where a key set is published: https, or http on this machine. It is fetched when needed, and kept for ten minutes. */
  readonly jwksUrl?: string | URL | undefined;
  /**
   * What tokens may be signed with; `none` is not there. A secret is for HS algorithms only, a public key for those of its kind
   * only, whatever stands here.
   * @default what each key says; without that HS256 for secrets, RS256 for RSA, and what its curve says for any other
   */
  readonly algorithms?: readonly Algorithm[] | undefined;
  /** One of these has to be the token's `iss`. @default any, or none */
  readonly issuer?: string | readonly string[] | undefined;
  /** One of these has to be in the token's `aud`. @default any, or none */
  readonly audience?: string | readonly string[] | undefined;
  /** Milliseconds after its `iat` that a token is taken, whatever its `exp`. @default as long as its `exp` says */
  readonly maxAgeMs?: number | undefined;
  /** What who brings no token may do, in any document. @default "none": they are told to bring one */
  readonly anonymous?: AccessWord | undefined;
  /**
   * Makes Syncline's claims of those that your tokens have. May throw `NotAuthorized`.
   * With `jwksUrl` it takes an `audience`, too: a provider makes tokens for many applications.
   * @default the token's own `docs`, `user` and `rates`
   */
  readonly claims?: ((payload: JWTPayload) => DocumentClaims | Promise<DocumentClaims>) | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly wallClock?: (() => number) | undefined;
}

/**
 * Answers by what a signed token says, for the option `authorize` of a server. A token needs `exp`; `nbf`, `iat`, and `aud` and
 * `iss` where they are asked for, have to hold, all with 5 s of tolerance. `sub` is the subject, `jti` the token's id. A token
 * without `iat` counts as older than any revocation.
 *
 * @throws {SynclineError} `invalid-option` at once when there is no key, or one that cannot be used; no key is quoted
 */
export function jwtAuthorize(options: JwtAuthorizeOptions): Authorize {
  const { anonymous = "none", claims: claimsOf, maxAgeMs } = options;
  const verifier = new JwtVerifier({ ...options, sources: sourcesOf(options) });
  if (!isAccessWord(anonymous)) {
    throw new SynclineError("invalid-option", "anonymous is none, presence, read, comment or write");
  }
  if (options.jwksUrl !== undefined && claimsOf && options.audience === undefined) {
    const message = "audience is missing: a token that the provider made for any other application would do";
    throw new SynclineError("invalid-option", message);
  }
  return async ({ token, documentName }: AuthorizeRequest): Promise<Authorization> => {
    if (token === "" && anonymous === "none") throw new NotAuthorized("a token is needed, and there is none");
    if (token === "") return { access: anonymous };
    const payload = await verifier.verify(token);
    const granted = claimsOf
      ? grantedByClaims({ ...(await claimsOf(payload)) }, documentName)
      : grantedByToken(payload, documentName);
    return { ...granted, ...identityIn(payload, maxAgeMs) };
  };
}

function grantedByToken(payload: JWTPayload, documentName: string): Pick<Authorization, "access"> {
  try {
    return grantedByClaims(payload, documentName);
  } catch (thrown) {
    if (thrown instanceof UnusableClaims) throw new NotAuthorized(`the token ${thrown.message}`, { cause: thrown });
    throw thrown;
  }
}

type Identity = Pick<Authorization, "subject" | "tokenId" | "issuedAt" | "expiresAt">;

function identityIn({ sub, jti, iat = 0, exp = 0 }: JWTPayload, maxAgeMs = Infinity): Identity {
  const expiresAt = Math.min(exp * 1000, iat * 1000 + maxAgeMs) + skewMs;
  return { subject: textIn("sub", sub), tokenId: textIn("jti", jti), issuedAt: iat * 1000, expiresAt };
}

function textIn(claim: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw new NotAuthorized(`the token's ${claim} is no text`);
}

function sourcesOf({ jwksUrl, algorithms, ...given }: JwtAuthorizeOptions): readonly KeySource[] {
  const unknown = algorithms?.find((name) => !knownAlgorithms.includes(name));
  if (unknown !== undefined) {
    throw new SynclineError("invalid-option", `algorithms: there is no ${unknown}, only ${knownAlgorithms.join(", ")}`);
  }
  const sources: KeySource[] = [new FixedKeys({ ...given, algorithms })];
  if (jwksUrl !== undefined) sources.push(new RemoteKeys({ url: jwksUrl, algorithms }));
  const taken = new Set(sources.flatMap((source) => source.algorithms));
  if (taken.size === 0) {
    throw new SynclineError("invalid-option", "tokens need a key: a secret, a publicKey, a jwks or a jwksUrl");
  }
  const unused = algorithms?.find((name) => !taken.has(name));
  if (unused === undefined) return sources;
  throw new SynclineError("invalid-option", `algorithms: there is no key for ${unused}`);
}
