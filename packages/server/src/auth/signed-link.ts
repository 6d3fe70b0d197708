/**
 * Links: tokens for one document that any language can make in three lines, for who cannot make JWTs. With the secret's bytes
 * as the key,
 *
 *     link.<access>.<expires>.<issued>.<base64url of HMAC-SHA256 of "link\n<access>\n<expires>\n<issued>\n<document name>">
 *
 * both times in whole seconds since 1970, texts in UTF-8, base64url without padding.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { NotAuthorized, type Authorization, type Authorize } from "../connection/authorize.js";
import { isAccessWord, type AccessWord } from "./claims.js";
import { skewMs } from "./jwt-verifier.js";
import { timeOf } from "./rejection.js";
import { secretBytes, secretKey } from "./verification-key.js";

export interface SignedLinkOptions {
  /** At least 32 random bytes, as base64url. Several while one takes the place of another. */
  readonly secret: string | readonly string[];
  /** Asked about all tokens that do not begin with `link.`. @default they are not accepted */
  readonly otherwise?: Authorize | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly wallClock?: (() => number) | undefined;
}

export interface SignedLink {
  readonly documentName: string;
  readonly access: Exclude<AccessWord, "none">;
  /** Seconds since 1970. */
  readonly expires: number;
  /** Seconds since 1970. */
  readonly issued: number;
}

const prefix = "link.";

/** By which a link can be revoked: so much of its last part. */
const tokenIdLength = 16;

/**
 * Answers by signed links, for the option `authorize` of a server.
 *
 * @throws {SynclineError} `invalid-option` at once for a secret that cannot be used, without quoting it
 */
export function signedLinkAuthorize({ secret, otherwise, wallClock = () => Date.now() }: SignedLinkOptions): Authorize {
  const keys = [secret].flat().map(linkKey);
  return (request) => {
    const { token, documentName } = request;
    if (token.startsWith(prefix)) return grantedByLink(token, { documentName, keys, nowMs: wallClock() });
    if (otherwise) return otherwise(request);
    throw new NotAuthorized(token === "" ? "a link is needed, and there is none" : "the token is no link");
  };
}

/** The token of a link. @throws {SynclineError} `invalid-option` for a secret that cannot be used, without quoting it */
export function signLink({ documentName, access, expires, issued }: SignedLink, secret: string): string {
  const fields = { access, expires: String(expires), issued: String(issued) };
  const signature = signatureOf({ ...fields, documentName }, linkKey(secret));
  return `${prefix}${access}.${expires}.${issued}.${signature}`;
}

function linkKey(secret: string): Uint8Array {
  // For its checks of what may be a secret.
  secretKey(secret, ["HS256"]);
  return secretBytes(secret);
}

interface LinkFields {
  readonly access: string;
  readonly expires: string;
  readonly issued: string;
  readonly documentName: string;
}

/** The name comes last, as it alone may hold anything. */
function signatureOf({ access, expires, issued, documentName }: LinkFields, key: Uint8Array): string {
  const text = `link\n${access}\n${expires}\n${issued}\n${documentName}`;
  return createHmac("sha256", key).update(text).digest("base64url");
}

interface Asked {
  readonly documentName: string;
  readonly keys: readonly Uint8Array[];
  readonly nowMs: number;
}

const linkForm = /^link\.([a-z]{1,8})\.(\d{1,12})\.(\d{1,12})\.([A-Za-z0-9_-]{43})$/;

function grantedByLink(token: string, { documentName, keys, nowMs }: Asked): Authorization {
  const [, access = "", expires = "", issued = "", signature = ""] = linkForm.exec(token) ?? [];
  if (!isAccessWord(access) || access === "none")
    throw new NotAuthorized("the link cannot be read: it is cut off or changed");
  const isSigned = keys.some((key) => isEqual(signature, signatureOf({ access, expires, issued, documentName }, key)));
  if (!isSigned) throw new NotAuthorized("the link is for another document, or was changed, or made with another key");
  const expiresAt = Number(expires) * 1000 + skewMs;
  if (expiresAt <= nowMs) throw new NotAuthorized(`the link expired at ${timeOf(Number(expires))}`);
  const issuedAt = Number(issued) * 1000;
  if (issuedAt > nowMs + skewMs) throw new NotAuthorized("the link was made in the future: a clock is wrong");
  return { access, expiresAt, issuedAt, tokenId: signature.slice(0, tokenIdLength) };
}

/** In the same time for all of one length, which every signature here has. */
function isEqual(one: string, other: string): boolean {
  const encoder = new TextEncoder();
  return timingSafeEqual(encoder.encode(one), encoder.encode(other));
}
