/**
 * Who may do what: the one question a server asks whoever embeds it, and what it makes of the answer. Tokens are known here
 * and in the connections that bring them; rooms know nothing of them, and no token is ever written to a log.
 */
import { access, checkDocumentName, closeCodes, type Access, type CloseCode } from "@syncline/protocol";
import { messageOf } from "../error.js";
import type { Logger } from "../logger.js";
import type { RoomAccess } from "../room/room-state.js";

/** What a client asks for. */
export interface AuthorizeRequest {
  /** As the client sent it, at most 8 KiB; `""` when it has none. Nothing of it was checked. */
  readonly token: string;
  readonly documentName: string;
  readonly dialect: "syncline" | "y-websocket";
}

/** What a token allows in one document. */
export interface Authorization {
  readonly access: "none" | "read" | "write";
  /** Milliseconds since 1970. @default never */
  readonly expiresAt?: number | undefined;
}

/**
 * Called for each document that a client opens, and again for a fresh token. Who throws (`NotAuthorized`, to say why) does
 * not accept the token: the client is refused with 4401. `"none"` is 4403.
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
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly logger: Logger;
}

const maxTokenLength = 8 * 1024;

export const tokenExpired = { code: closeCodes.notAuthenticated, reason: "the token has expired" } as const;

/** Why an update of a client was not taken, whose token allows reading only. */
export const mayNotWrite = { code: closeCodes.forbidden, reason: "you may read this document, not change it" } as const;

/**
 * @throws {AccessRefused}
 * @throws {ProtocolError} `invalid-document-name`
 */
export async function grantFor(request: AuthorizeRequest, services: AuthorizeServices): Promise<Grant> {
  checkDocumentName(request.documentName);
  if (request.token.length > maxTokenLength) {
    throw new AccessRefused(closeCodes.notAuthenticated, `a token of more than ${maxTokenLength} characters`);
  }
  const { access: word, expiresAt = Infinity } = await answerTo(request, services);
  if (!Object.hasOwn(access, word) || typeof expiresAt !== "number" || Number.isNaN(expiresAt)) {
    throw new TypeError('authorize must answer { access: "none" | "read" | "write", expiresAt?: number }');
  }
  if (word === "none") throw new AccessRefused(closeCodes.forbidden, "you may not open this document");
  if (expiresAt <= services.wallClock()) throw new AccessRefused(tokenExpired.code, tokenExpired.reason);
  return { level: access[word], expiresAtMs: expiresAt };
}

async function answerTo(request: AuthorizeRequest, { authorize, logger }: AuthorizeServices): Promise<Authorization> {
  try {
    return await authorize(request);
  } catch (thrown) {
    if (thrown instanceof NotAuthorized) throw new AccessRefused(closeCodes.notAuthenticated, thrown.reason);
    logFailure(request, thrown, logger);
    throw new AccessRefused(closeCodes.notAuthenticated, "the token was not accepted");
  }
}

/** The callback may have failed, not the token. */
function logFailure({ token, documentName, dialect }: AuthorizeRequest, thrown: unknown, logger: Logger): void {
  // An error may quote the token.
  const error = token === "" ? messageOf(thrown) : messageOf(thrown).replaceAll(token, "…");
  logger.warn({ documentName, dialect, error }, "authorize threw; the client was refused");
}

/** The lesser of what the room takes and what the client was granted, and the reason for that. */
export function effectiveAccess(room: RoomAccess, { level }: Grant): RoomAccess {
  // Where both say no the client's own reason is the one that lasts.
  // To a client no reason means that there is no trouble, and nothing to wait for: what it writes is refused.
  return level < access.write && level <= room.level ? { level, reason: "" } : room;
}
