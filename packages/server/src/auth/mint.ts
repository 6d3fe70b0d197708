/** Makes tokens, as `jwtAuthorize` takes them. */
import { randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import type { DocumentClaims } from "./claims.js";
import { secretKey, type Algorithm } from "./verification-key.js";

export interface TokenToMint extends DocumentClaims {
  /** Milliseconds that it lasts. */
  readonly lifetimeMs: number;
  readonly subject?: string | undefined;
  /** @default a random one */
  readonly tokenId?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

export interface MintOptions {
  /** At least 32 bytes, as base64url. */
  readonly secret: string;
  /** What the server allows. @default HS256 */
  readonly algorithms?: readonly Algorithm[] | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly wallClock?: () => number;
}

/** @throws {SynclineError} `invalid-option` for a secret that cannot be used, without quoting it */
export async function mintToken(token: TokenToMint, options: MintOptions): Promise<string> {
  const { secret, algorithms, wallClock = () => Date.now() } = options;
  const { key, algorithms: taken } = secretKey(secret, algorithms);
  const { docs, user, rates, lifetimeMs, subject, tokenId = randomUUID(), issuer, audience } = token;
  const claims = { docs, user, rates, sub: subject, jti: tokenId, iss: issuer, aud: audience };
  // With its milliseconds: one that is made right after a revocation is not of the same second.
  const iat = wallClock() / 1000;
  // What is undefined is not written.
  const said = JSON.parse(JSON.stringify({ ...claims, iat, exp: iat + lifetimeMs / 1000 })) as Record<string, unknown>;
  return new SignJWT(said).setProtectedHeader({ alg: taken[0] ?? "HS256", typ: "JWT" }).sign(key);
}
