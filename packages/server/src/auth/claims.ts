/** What a token says in Syncline's own claims, and what that grants in one document. Knows no signatures. */
import { access } from "@syncline/protocol";
import type { Authorization, Rates } from "../connection/authorize.js";
import { DocumentPattern, maxPatternLength } from "./document-pattern.js";

export type AccessWord = Authorization["access"];

/** One line of the claim `docs`. */
export interface DocumentClaim {
  /** A document's name, or a pattern: `*` is any characters but "/", `**` any characters. */
  readonly name: string;
  readonly access: AccessWord;
  /** With `comment` or `write`: the root types that may be changed. */
  readonly write?: readonly string[] | undefined;
  /** @default true */
  readonly presence?: boolean | undefined;
}

/** What a token grants, in its own words. */
export interface DocumentClaims {
  /**
   * What may be done in which documents: a list, or in short `{ "team/*": "write" }`. Of those that name a document the most
   * exact one counts, and of equally exact ones the one that allows less; where none names it, nothing may be done.
   */
  readonly docs: readonly DocumentClaim[] | Readonly<Record<string, AccessWord>>;
  /** What others see of the client under `user` in its presence. */
  readonly user?: Readonly<Record<string, unknown>> | undefined;
  readonly rates?: Rates | undefined;
}

export type GrantedByClaims = Pick<Authorization, "access" | "write" | "presence" | "user" | "rates">;

/** Claims that make no sense. The message says which and what it takes, as the end of a sentence about a token. */
export class UnusableClaims extends Error {
  override readonly name = "UnusableClaims";
}

const words = ["none", "presence", "read", "comment", "write"] as const satisfies readonly AccessWord[];

/** @throws {UnusableClaims} whichever document is asked for: a token is sound as a whole or not at all */
export function grantedByClaims(claims: Readonly<Record<string, unknown>>, documentName: string): GrantedByClaims {
  const claim = mostExact(documentClaims(claims["docs"]), documentName);
  const [user, rates] = [userIn(claims["user"]), ratesIn(claims["rates"])];
  if (!claim) return { access: "none" };
  return { access: claim.access, write: claim.write, presence: claim.presence, user, rates };
}

function mostExact(claims: readonly DocumentClaim[], documentName: string): DocumentClaim | undefined {
  let best: { readonly claim: DocumentClaim; readonly pattern: DocumentPattern } | undefined;
  for (const claim of claims) {
    const pattern = new DocumentPattern(claim.name.normalize("NFC"));
    if (!pattern.matches(documentName)) continue;
    const lead = best ? pattern.compareTo(best.pattern) || allowance(best.claim) - allowance(claim) : 1;
    if (lead > 0) best = { claim, pattern };
  }
  return best?.claim;
}

/** Grows with what a claim allows. */
function allowance({ access: word, write }: DocumentClaim): number {
  return words.indexOf(word) + (write === undefined ? 0.5 : 0);
}

function documentClaims(docs: unknown): DocumentClaim[] {
  if (Array.isArray(docs)) return docs.map(documentClaim);
  if (docs === undefined) throw new UnusableClaims("has no docs claim, which says what may be done in which documents");
  if (!isObject(docs)) throw new UnusableClaims("has a docs claim that is neither a list nor an object");
  return Object.entries(docs).map(([name, word]) => documentClaim({ name, access: word }));
}

const knownKeys: ReadonlySet<string> = new Set<keyof DocumentClaim>(["name", "access", "write", "presence"]);

function documentClaim(value: unknown): DocumentClaim {
  if (!isObject(value)) throw new UnusableClaims("has something in its docs claim that is no object");
  const { name, access: word, write, presence } = value;
  // A misspelt "write" would grant more than was meant.
  const unknown = Object.keys(value).find((key) => !knownKeys.has(key));
  if (unknown !== undefined) throw new UnusableClaims("has a key in its docs claim that means nothing here");
  if (typeof name !== "string" || name.length > maxPatternLength) {
    throw new UnusableClaims(`has a docs claim whose name is no text of at most ${maxPatternLength} characters`);
  }
  if (!isAccessWord(word)) throw new UnusableClaims(`has a docs claim whose access is none of ${words.join(", ")}`);
  if (write !== undefined && !isTextList(write))
    throw new UnusableClaims("has a docs claim whose write is no list of names");
  if (presence !== undefined && typeof presence !== "boolean") {
    throw new UnusableClaims("has a docs claim whose presence is neither true nor false");
  }
  return { name, access: word, write, presence };
}

function userIn(user: unknown): Readonly<Record<string, unknown>> | undefined {
  if (user === undefined || isObject(user)) return user;
  throw new UnusableClaims("has a user claim that is no object");
}

function ratesIn(rates: unknown): Rates | undefined {
  if (rates === undefined) return undefined;
  if (!isObject(rates)) throw new UnusableClaims("has a rates claim that is no object");
  const { updatesPerSecond, bytesPerSecond } = rates;
  return { updatesPerSecond: rateIn(updatesPerSecond), bytesPerSecond: rateIn(bytesPerSecond) };
}

function rateIn(rate: unknown): number | undefined {
  if (rate === undefined) return undefined;
  if (typeof rate === "number" && Number.isFinite(rate) && rate > 0) return rate;
  throw new UnusableClaims("has a rates claim with something that is no number above 0");
}

export function isAccessWord(value: unknown): value is AccessWord {
  return typeof value === "string" && Object.hasOwn(access, value);
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
