/**
 * Who may do what: the one question a server asks whoever embeds it, and what it makes of the answer. Tokens are known here
 * and in the connections that bring them; rooms know nothing of them, and no token is ever written to a log.
 */
import { access, checkDocumentName, closeCodes, type Access, type CloseCode } from "@syncline/protocol";
import { messageOf } from "../error.js";
import type { Logger } from "../logger.js";
import type { Standing } from "../room/standing.js";
import type { Timers } from "../timers.js";
import { principalOf } from "./principal.js";
import type { Revocations } from "./revocations.js";
import type { Strikes } from "./strikes.js";
import type { Peer } from "./transport.js";

/** What a client asks for. */
export interface AuthorizeRequest {
  /** As the client sent it, at most 8 KiB; `""` when it has none. Nothing of it was checked. */
  readonly token: string;
  readonly documentName: string;
  readonly dialect: "syncline" | "y-websocket";
  /** Where the client comes from: its address, and the headers of the request that opened its socket or session. */
  readonly request: Peer;
}

/** What a token allows in one document, and whose it is. */
export interface Authorization {
  /**
   * - `none`: nothing; the client is refused with 4403
   * - `presence`: see who is there and be seen, nothing of the content
   * - `read`: that, and the content
   * - `comment`: that, and write to the root types in `write`
   * - `write`: everything
   */
  readonly access: "none" | "presence" | "read" | "comment" | "write";
  /**
   * The root types that may be changed, by name (`doc.getText("body")` is `"body"`), with `comment` or `write`.
   * @default `["comments"]` with `comment`, all with `write`
   */
  readonly write?: readonly string[] | undefined;
  /** Whether the others see this client's presence. @default true */
  readonly presence?: boolean | undefined;
  /** Milliseconds since 1970. @default never */
  readonly expiresAt?: number | undefined;
  /** When the token was made, in milliseconds since 1970: what is revoked later does not hold for newer ones. */
  readonly issuedAt?: number | undefined;
  /**
   * Who this is, the same on all of their sockets and devices. Yjs client ids belong to it: nobody else may write under them.
   * @default nobody knows
   */
  readonly subject?: string | undefined;
  /** The token's own name, for revoking this one. */
  readonly tokenId?: string | undefined;
  /** What others see of this client under `user` in its presence, whatever it says itself. An object that can be JSON. */
  readonly user?: Readonly<Record<string, unknown>> | undefined;
  /** How fast this client's edits are read; what is above that waits on its side. @default as fast as the server can */
  readonly rates?: Rates | undefined;
}

/**
 * Above 0. A second's worth may come at once; an update above that is taken, and the next waits until the rate allows for both.
 * Reading stops for the whole socket, with all documents on it. All sockets of one `tokenId` share the rate, without one those of
 * one `subject`.
 */
export interface Rates {
  readonly updatesPerSecond?: number | undefined;
  readonly bytesPerSecond?: number | undefined;
}

/**
 * Called for each document that a client opens, again for a fresh token, and again when what was granted is to be looked at
 * anew. Who throws `NotAuthorized`, to say why, does not accept the token: the client is refused with 4401 and stays away. Any
 * other throw is a failure of the callback's: the client is told to come back. `"none"` is 4403.
 */
export type Authorize = (request: AuthorizeRequest) => Authorization | Promise<Authorization>;

/** Thrown by an `authorize` callback: the token is not accepted, and the client is told `reason`. */
export class NotAuthorized extends Error {
  override readonly name = "NotAuthorized";
  /** A sentence for a person. */
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}

/** Without a callback everybody may write. */
export const everybodyMayWrite: Authorize = () => ({ access: "write" });

/** What one client may do in one document, and until when. */
export interface Grant {
  readonly level: Access;
  readonly standing: Standing;
  readonly tokenId: string | undefined;
  /** Milliseconds since 1970; `undefined`: not known. */
  readonly issuedAtMs: number | undefined;
  readonly rates: Rates | undefined;
  /** Milliseconds since 1970; `Infinity`: for ever. */
  readonly expiresAtMs: number;
}

/** A client was not let in, and is told so. */
export class AccessRefused extends Error {
  override readonly name = "AccessRefused";
  readonly code: CloseCode;

  constructor(code: CloseCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

export interface AuthorizeServices {
  readonly authorize: Authorize;
  readonly revocations: Revocations;
  readonly strikes: Pick<Strikes, "refusalOf">;
  /** How long `authorize` may take. */
  readonly authorizeTimeoutMs: number;
  readonly timers: Pick<Timers, "after">;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly logger: Logger;
}

const maxTokenLength = 8 * 1024;

/** What `comment` allows when it is not said. */
const commentRoots: readonly string[] = ["comments"];

export const accessRevoked = { code: closeCodes.notAuthenticated, reason: "the access was revoked" } as const;

export const tokenExpired = { code: closeCodes.notAuthenticated, reason: "the token has expired" } as const;

/**
 * @throws {AccessRefused}
 * @throws {ProtocolError} `invalid-document-name`
 */
export async function grantFor(request: AuthorizeRequest, services: AuthorizeServices): Promise<Grant> {
  checkDocumentName(request.documentName);
  if (request.token.length > maxTokenLength) {
    throw new AccessRefused(closeCodes.notAuthenticated, `a token of more than ${maxTokenLength} characters`);
  }
  const answer = await answerTo(request, services);
  assertAnswer(answer);
  const grant = grantOf(answer);
  // Not sooner: where there is a name, what others do at the same address is not held against it.
  const tooManyStrikes = services.strikes.refusalOf(principalOf(answer, request.request.address));
  if (tooManyStrikes !== undefined) throw new AccessRefused(closeCodes.rateLimited, tooManyStrikes);
  if (answer.access === "none") throw new AccessRefused(closeCodes.forbidden, "you may not open this document");
  if (grant.expiresAtMs <= services.wallClock()) throw new AccessRefused(tokenExpired.code, tokenExpired.reason);
  if (services.revocations.isRevoked({ ...answer, documentName: request.documentName })) {
    throw new AccessRefused(accessRevoked.code, accessRevoked.reason);
  }
  return grant;
}

function grantOf(answer: Authorization): Grant {
  const {
    access: word,
    write,
    presence = true,
    expiresAt = Infinity,
    issuedAt,
    subject,
    tokenId,
    user,
    rates,
  } = answer;
  const standing: Standing = {
    subject,
    roots: write ?? (word === "comment" ? commentRoots : undefined),
    mayWrite: word === "write" || word === "comment",
    mayAnnounce: presence,
    mayRead: word !== "presence",
    user,
  };
  // Who may write to some of the root types only is told so, whatever the word for it.
  const level = word === "write" && write !== undefined ? access.comment : access[word];
  return { level, standing, tokenId, issuedAtMs: issuedAt, rates, expiresAtMs: expiresAt };
}

/** Whoever wrote the callback is told by a log what is wrong with it; the client that there is a failure. */
function assertAnswer(answer: Authorization): void {
  if (isAnswer(answer)) return;
  throw new TypeError(
    'authorize must answer { access: "none" | "presence" | "read" | "comment" | "write", expiresAt?: number, issuedAt?: number, subject?: string, tokenId?: string, write?: string[], user?: object, rates?: { updatesPerSecond?: number, bytesPerSecond?: number } }',
  );
}

/** Callbacks are written in JavaScript, too. */
function isAnswer(answer: Partial<Authorization> | null | undefined): boolean {
  if (typeof answer !== "object" || answer === null) return false;
  const {
    access: word = "",
    expiresAt = Infinity,
    issuedAt = 0,
    subject = "",
    tokenId = "",
    write = [],
    user = {},
    rates = {},
  } = answer;
  if (!Object.hasOwn(access, word) || !isTime(expiresAt) || !isTime(issuedAt)) return false;
  // A number would never be what is revoked by its name.
  if (typeof subject !== "string" || typeof tokenId !== "string") return false;
  if (!Array.isArray(write) || !write.every((root) => typeof root === "string")) return false;
  return typeof user === "object" && user !== null && areRates(rates);
}

function areRates({ updatesPerSecond, bytesPerSecond }: Rates): boolean {
  return [updatesPerSecond, bytesPerSecond].every((rate) => rate === undefined || (isTime(rate) && rate > 0));
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && !Number.isNaN(value);
}

async function answerTo(request: AuthorizeRequest, services: AuthorizeServices): Promise<Authorization> {
  try {
    const answer: unknown = services.authorize(request);
    // Who answers at once is not waited for: when everybody comes back, a timer for each is a part of what it costs.
    return (isPromise(answer) ? await inTime(answer, services) : answer) as Authorization;
  } catch (thrown) {
    if (thrown instanceof NotAuthorized) throw new AccessRefused(closeCodes.notAuthenticated, thrown.reason);
    logFailure(request, thrown, services.logger);
    // The callback has failed, not the token: clients that were sent away for good would not come back when it works again.
    throw new AccessRefused(closeCodes.internalError, "the token could not be checked; come back later");
  }
}

/** Of whatever kind: the callback is the embedder's. */
function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof answer === "object" && answer !== null && "then" in answer;
}

function inTime(answer: PromiseLike<unknown>, { timers, authorizeTimeoutMs }: AuthorizeServices): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(authorizeTimeoutMs, () =>
      reject(new Error(`authorize did not answer within ${authorizeTimeoutMs / 1000} s`)),
    );
    Promise.resolve(answer).finally(cancel).then(resolve, reject);
  });
}

function logFailure({ token, documentName, dialect }: AuthorizeRequest, thrown: unknown, logger: Logger): void {
  // An error may quote the token.
  const error = token === "" ? messageOf(thrown) : messageOf(thrown).replaceAll(token, "…");
  logger.error({ documentName, dialect, error }, "authorize failed; the client is told to come back");
}
