/**
 * What a client is told when something was thrown on its account, or a room has sent it away: its own mistakes in words, ours
 * without details. Each is counted, and what no Yjs client sends is held against whom it is of.
 */
import { closeCodes, ProtocolError, type CloseCode } from "@syncline/protocol";
import { messageOf } from "../error.js";
import type { Logger } from "../logger.js";
import type { RefusalKind, Refusals } from "../refusals.js";
import { DocumentDeleted } from "../room/deleted.js";
import { UpdateError } from "../update/error.js";
import { AccessRefused } from "./authorize.js";
import type { Strikes } from "./strikes.js";

export interface Close {
  readonly code: CloseCode;
  readonly reason: string;
}

export interface CloseServices {
  readonly logger: Logger;
  readonly refusals: Pick<Refusals, "note">;
  readonly strikes: Pick<Strikes, "add">;
}

/** @param principal who answers for it, as `principalOf` has it; `undefined` for who was granted nothing so far */
export function closeFor(thrown: unknown, principal: string | undefined, services: CloseServices): Close {
  const { refusals, strikes, logger } = services;
  if (thrown instanceof ProtocolError || thrown instanceof UpdateError) {
    refusals.note(kindOf(thrown), thrown.message);
    if (isBroken(thrown)) strikes.add(principal);
    return { code: isTooLarge(thrown) ? closeCodes.tooLarge : closeCodes.protocolError, reason: thrown.message };
  }
  if (thrown instanceof AccessRefused) {
    const kind = kindOfAccess(thrown.code);
    if (kind) refusals.note(kind, thrown.message);
    return { code: thrown.code, reason: thrown.message };
  }
  if (thrown instanceof DocumentDeleted) return { code: closeCodes.deleted, reason: "the document was deleted" };
  logger.error({ error: messageOf(thrown) }, "a connection failed");
  return { code: closeCodes.internalError, reason: "the server failed; nothing acknowledged is lost" };
}

/** Counts why a room has sent a client away, or has not taken an update of it. */
export function noteSentAway({ code, reason }: Close, principal: string | undefined, services: CloseServices): void {
  const kind = kindOfClose(code);
  if (kind) services.refusals.note(kind, reason);
  if (code === closeCodes.protocolError) services.strikes.add(principal);
}

/** What no honest client comes to send: not a name that is too long, nor a message of another version. */
function isBroken(thrown: ProtocolError | UpdateError): boolean {
  return thrown.code === "malformed" || thrown.code === "malformed-message";
}

function isTooLarge(thrown: ProtocolError | UpdateError): boolean {
  return thrown.code === "too-large";
}

function kindOf(thrown: ProtocolError | UpdateError): RefusalKind {
  if (isTooLarge(thrown)) return "size";
  return thrown instanceof UpdateError ? "update" : "protocol";
}

/** Strikes count theirs themselves. */
function kindOfAccess(code: CloseCode): RefusalKind | undefined {
  if (code === closeCodes.notAuthenticated) return "not-authenticated";
  return code === closeCodes.forbidden ? "forbidden" : undefined;
}

function kindOfClose(code: CloseCode): RefusalKind | undefined {
  if (code === closeCodes.protocolError) return "update";
  if (code === closeCodes.tooLarge) return "size";
  return code === closeCodes.tooSlow ? "slow" : undefined;
}
