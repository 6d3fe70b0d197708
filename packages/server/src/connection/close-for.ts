/** What a client is told when something was thrown on its account: its own mistakes in words, ours without details. */
import { closeCodes, ProtocolError, type CloseCode } from "@syncline/protocol";
import { messageOf } from "../error.js";
import type { Logger } from "../logger.js";
import { DocumentDeleted } from "../room/deleted.js";
import { UpdateError } from "../update/error.js";
import { AccessRefused } from "./authorize.js";

export function closeFor(thrown: unknown, logger: Logger): { readonly code: CloseCode; readonly reason: string } {
  if (thrown instanceof ProtocolError || thrown instanceof UpdateError) {
    return { code: closeCodes.protocolError, reason: thrown.message };
  }
  if (thrown instanceof AccessRefused) return { code: thrown.code, reason: thrown.message };
  if (thrown instanceof DocumentDeleted) return { code: closeCodes.deleted, reason: "the document was deleted" };
  logger.error({ error: messageOf(thrown) }, "a connection failed");
  return { code: closeCodes.internalError, reason: "the server failed; nothing acknowledged is lost" };
}
