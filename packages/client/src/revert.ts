/**
 * The way back to what the server has, for a document that holds edits the server refused. Seldom needed, and loaded only
 * then: it imports nothing of what is loaded already.
 */
import * as Y from "yjs";
import type { DocumentSession } from "./document-session.js";
import type { SessionOptions } from "./session-options.js";
import type { Tell } from "./events.js";
import type { LogPosition } from "./local-copy.js";
import type { PendingLedger } from "./pending.js";

export { resetDocument } from "./reset-document.js";

export interface Fetched {
  /** One Yjs update; `undefined` when there is nothing. */
  readonly content: Uint8Array | undefined;
  readonly position: LogPosition;
}

/** A session without presence and edits. */
const nobody = { announce: () => {}, apply: () => {}, forgetOthers: () => {} };

/**
 * Fetches what the server has of a document, as one who has nothing of it, of whatever generation it is. Returns the session
 * to join to a connection; it leaves by itself when all is here.
 *
 * @param options of the session of the document itself
 * @param ledger an empty one
 */
export function fetchContent(
  Session: typeof DocumentSession,
  options: SessionOptions,
  ledger: PendingLedger,
  onFetched: (fetched: Fetched) => void,
): DocumentSession {
  const doc = new Y.Doc();
  const apart = { doc, ledger, origin: nobody, presence: () => nobody, onPosition: () => {} };
  const tell: Tell = (name, ...args) => {
    if (name !== "synced" || args[0] !== true) return;
    session.leave();
    onFetched({ content: Y.encodeStateAsUpdate(doc), position: session.position });
  };
  const session = new Session({ ...options, ...apart, tell });
  return session;
}
