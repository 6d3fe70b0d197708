/** Tokens made as any program can make them, with Node's own crypto. */
import { createHmac, randomBytes, sign, type KeyObject } from "node:crypto";

export interface Payload {
  readonly docs?: unknown;
  /** Seconds since 1970. @default in a minute */
  readonly exp?: number;
  readonly [claim: string]: unknown;
}

export const newSecret = () => randomBytes(32).toString("base64url");

export const nowSeconds = () => Date.now() / 1000;

/** Header and payload, to be signed. */
export function unsigned(header: object, payload: Payload): string {
  const said = { iat: nowSeconds(), exp: nowSeconds() + 60, ...payload };
  return [header, said].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
}

/** @param key a secret as base64url, or any bytes */
export function hs256(payload: Payload, key: string | Uint8Array): string {
  const text = unsigned({ alg: "HS256", typ: "JWT" }, payload);
  const bytes = typeof key === "string" ? Buffer.from(key, "base64url") : key;
  return `${text}.${createHmac("sha256", bytes).update(text).digest("base64url")}`;
}

export function rs256(payload: Payload, privateKey: KeyObject): string {
  const text = unsigned({ alg: "RS256", typ: "JWT" }, payload);
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
}
