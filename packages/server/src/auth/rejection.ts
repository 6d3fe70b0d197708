/** Why a token is not accepted, in a sentence for a person. Tokens are not quoted, nor anything long of what they say. */
import { errors, type JWTPayload } from "jose";
import { NotAuthorized } from "../connection/authorize.js";

export interface Expected {
  readonly issuer: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  readonly maxAgeMs: number | undefined;
}

const notOne = "the token is no JWT: it cannot be read";

/** @throws whatever is no verdict about the token */
export function rejectionOf(thrown: unknown, expected: Expected): NotAuthorized {
  return new NotAuthorized(reasonOf(thrown, expected), { cause: thrown });
}

function reasonOf(thrown: unknown, expected: Expected): string {
  if (thrown instanceof errors.JWTExpired || thrown instanceof errors.JWTClaimValidationFailed) {
    return claimReason(thrown, expected);
  }
  if (thrown instanceof errors.JWSSignatureVerificationFailed) return wrongSignature;
  if (thrown instanceof errors.JWSInvalid || thrown instanceof errors.JWTInvalid) return notOne;
  if (thrown instanceof errors.JOSENotSupported)
    return "the token asks for something that this server does not know (crit)";
  throw thrown;
}

const wrongSignature = "the token's signature is wrong: it was made with another key, or changed since";

type ClaimFailure = Pick<errors.JWTClaimValidationFailed, "claim" | "reason" | "payload">;

function claimReason({ claim, reason, payload }: ClaimFailure, expected: Expected): string {
  if (reason === "missing") return `the token does not say ${meaning[claim] ?? "enough"} (${claim}), and has to`;
  if (reason === "invalid") return `the token's ${claim} is no number`;
  switch (claim) {
    case "exp":
      return `the token expired at ${timeOf(payload.exp)}`;
    case "nbf":
      return `the token is not to be used before ${timeOf(payload.nbf)}`;
    case "iat":
      return ageReason(payload, expected);
    case "aud":
      return `the token is for another audience (aud), not for ${listOf(expected.audience)}`;
    case "iss":
      return `the token is of another issuer (iss), not of ${listOf(expected.issuer)}`;
    default:
      return `the token's ${claim} is not what it has to be`;
  }
}

const meaning: Readonly<Record<string, string>> = {
  exp: "when it expires",
  iat: "when it was made",
  aud: "whom it is for",
  iss: "who made it",
};

function ageReason({ iat }: JWTPayload, { maxAgeMs = Infinity }: Expected): string {
  const limit = maxAgeMs === Infinity ? "" : `; ${maxAgeMs / 1000} s is the oldest that is taken`;
  return `the token was made at ${timeOf(iat)}${limit}`;
}

/** Seconds since 1970, as a person reads them; also what is no time. */
export function timeOf(seconds: number | undefined): string {
  const time = new Date((seconds ?? NaN) * 1000);
  return Number.isNaN(time.getTime()) ? "no time that there is" : time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Cut off, for close reasons are short. */
function listOf(values: readonly string[] = []): string {
  return values.map((value) => (value.length > 40 ? `${value.slice(0, 39)}…` : value)).join(" or ");
}
