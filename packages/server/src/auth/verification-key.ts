/**
 * The keys that tokens are checked with. A key is for certain algorithms from the start, whatever a token says: a token that
 * is "signed" with a public key as if it were a secret finds no key, and neither does one that is not signed.
 */
import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { base64url } from "jose";
import { messageOf, SynclineError } from "../error.js";

export const secretAlgorithms = ["HS256", "HS384", "HS512"] as const;
export const publicAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;
export const algorithms = [...secretAlgorithms, ...publicAlgorithms] as const;

export type Algorithm = (typeof algorithms)[number];

export interface VerificationKey {
  /** `kid` of the tokens that are signed with it. `undefined`: it may be any. */
  readonly id: string | undefined;
  /** All that it is used for. */
  readonly algorithms: readonly Algorithm[];
  readonly key: KeyObject;
}

/** A JSON Web Key, as far as Node's own type leaves it open. */
export interface PublicJwk extends JsonWebKey {
  readonly alg?: string;
  readonly kid?: string;
  readonly use?: string;
}

/** Where keys come from: a fixed set, or one that is fetched. */
export interface KeySource {
  /** Algorithms that it may have keys for. */
  readonly algorithms: readonly Algorithm[];
  /** @throws {Error} when there is no telling which keys there are */
  keysFor(header: TokenHeader): Promise<readonly VerificationKey[]>;
}

export interface TokenHeader {
  readonly alg: Algorithm;
  readonly kid: string | undefined;
}

/** What of its keys a token with this header can be checked with. */
export function keysThatFit(keys: readonly VerificationKey[], { alg, kid }: TokenHeader): VerificationKey[] {
  return keys.filter(
    (key) => key.algorithms.includes(alg) && (kid === undefined || key.id === undefined || kid === key.id),
  );
}

/** A hash's own length: a shorter secret would be the weakest part. */
const minSecretBytes: Readonly<Record<(typeof secretAlgorithms)[number], number>> = { HS256: 32, HS384: 48, HS512: 64 };

/**
 * @param secret base64url, with or without padding
 * @param allowed `undefined`: HS256
 * @throws {SynclineError} `invalid-option`, without the secret
 */
export function secretKey(secret: string, allowed: readonly Algorithm[] | undefined): VerificationKey {
  const bytes = secretBytes(secret);
  const taken = secretAlgorithms.filter((name) => (allowed ?? ["HS256"]).includes(name));
  const tooLong = taken.find((name) => bytes.length < minSecretBytes[name]);
  if (tooLong !== undefined) {
    const wanted = `${tooLong} takes one of at least ${minSecretBytes[tooLong]} bytes`;
    throw new SynclineError(
      "invalid-option",
      `the secret has ${bytes.length} bytes; ${wanted}: syncline init makes one`,
    );
  }
  return { id: undefined, algorithms: taken, key: createSecretKey(bytes) };
}

/** @throws {SynclineError} `invalid-option`, without the secret */
export function secretBytes(secret: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(secret)) {
    throw new SynclineError(
      "invalid-option",
      "the secret is not base64url (letters, digits, - and _); syncline init makes one",
    );
  }
  const bytes = base64url.decode(secret.replace(/=+$/, ""));
  // What everybody may know is no secret, whatever form it is in.
  if (isPublicKey(bytes)) throw new SynclineError("invalid-option", "the secret is a public key; give it as one");
  return bytes;
}

function isPublicKey(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes);
  try {
    createPublicKey(text.includes("-----BEGIN") ? text : pemOf(bytes));
    return true;
  } catch {
    // What cannot be read as one is none: that is what was asked.
    return false;
  }
}

/** Of a key in the form that PEM wraps. */
function pemOf(bytes: Uint8Array): string {
  const base64 = base64url.encode(bytes).replaceAll("-", "+").replaceAll("_", "/");
  const lines = base64.padEnd(Math.ceil(base64.length / 4) * 4, "=").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----"].join("\n");
}

/**
 * @param given PEM (a key or a certificate), or a JSON Web Key
 * @param allowed `undefined`: what the key says, or what is usual for its kind
 * @throws {SynclineError} `invalid-option`
 */
export function publicKey(given: string | PublicJwk, allowed: readonly Algorithm[] | undefined): VerificationKey {
  const jwk = typeof given === "string" ? undefined : given;
  const key = readPublicKey(given);
  const possible = possibleAlgorithms(key);
  const said = jwk?.alg;
  if (said !== undefined && !possible.some((name) => name === said)) {
    throw new SynclineError("invalid-option", `a public key says that it is for ${said}, which it cannot be`);
  }
  const usual = said === undefined ? usualAlgorithms(possible) : possible.filter((name) => name === said);
  const taken = allowed ? (said === undefined ? possible : usual).filter((name) => allowed.includes(name)) : usual;
  return { id: jwk?.kid, algorithms: taken, key };
}

function readPublicKey(given: string | PublicJwk): KeyObject {
  let key: KeyObject;
  try {
    if (typeof given !== "string") assertIsPublic(given);
    else if (given.includes("PRIVATE KEY"))
      throw new TypeError("this is a private key, which stays with whoever makes tokens");
    key = createPublicKey(typeof given === "string" ? given : { key: given, format: "jwk" });
  } catch (cause) {
    throw new SynclineError("invalid-option", `a public key cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (possibleAlgorithms(key).length > 0) return key;
  const wanted = "RSA with at least 2048 bits, EC (P-256, P-384, P-521) or Ed25519";
  throw new SynclineError("invalid-option", `a public key is of a kind that is not taken; ${wanted} is`);
}

function assertIsPublic({ kty, d }: PublicJwk): void {
  if (kty === "oct") throw new TypeError("this is a secret, and no public key");
  if (d !== undefined) throw new TypeError("this is a private key, which stays with whoever makes tokens");
}

const curveAlgorithms: Readonly<Record<string, readonly Algorithm[]>> = {
  prime256v1: ["ES256"],
  secp384r1: ["ES384"],
  secp521r1: ["ES512"],
};

const minRsaBits = 2048;

function possibleAlgorithms({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): readonly Algorithm[] {
  if (type === "ed25519") return ["EdDSA", "Ed25519"];
  if (type === "ec") return curveAlgorithms[details?.namedCurve ?? ""] ?? [];
  if (type !== "rsa" || (details?.modulusLength ?? 0) < minRsaBits) return [];
  return publicAlgorithms.filter((name) => name.startsWith("RS") || name.startsWith("PS"));
}

/** Of a key that does not say what it is for. */
function usualAlgorithms(possible: readonly Algorithm[]): readonly Algorithm[] {
  return possible.includes("RS256") ? ["RS256"] : possible;
}

/**
 * The keys of a set that can be used here; others, for encryption say, are left out.
 *
 * @throws {SynclineError} `invalid-option` when it is no set
 */
export function keysInSet(set: unknown, allowed: readonly Algorithm[] | undefined): VerificationKey[] {
  const keys = typeof set === "object" && set !== null && "keys" in set ? set.keys : undefined;
  if (!Array.isArray(keys)) throw new SynclineError("invalid-option", 'a key set is an object { "keys": [ … ] }');
  return keys.flatMap((jwk: unknown) => {
    const key = isForSigning(jwk) ? orNone(() => publicKey(jwk, allowed)) : undefined;
    return key && key.algorithms.length > 0 ? [key] : [];
  });
}

function isForSigning(jwk: unknown): jwk is PublicJwk {
  return typeof jwk === "object" && jwk !== null && (!("use" in jwk) || jwk.use === "sig");
}

function orNone(read: () => VerificationKey): VerificationKey | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof SynclineError) return undefined;
    throw thrown;
  }
}
