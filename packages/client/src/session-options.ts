/** What a document's session is given. */
import type * as Y from "yjs";
import type { Tell } from "./events.js";
import type { LogPosition } from "./local-copy.js";
import type { PendingLedger } from "./pending.js";
import type { Presence } from "./presence.js";
import type { Timing } from "./timing.js";
import type { UpdateChannel } from "./update-sender.js";

/** What a session needs of a connection. */
export interface DocumentChannel extends UpdateChannel {
  takeRequestId(): number;
}

/** What a session needs of the presence that goes with the document. */
export type SessionPresence = Pick<Presence, "announce" | "apply" | "forgetOthers">;

export interface SessionOptions {
  readonly doc: Y.Doc;
  readonly documentName: string;
  /** Origin of the transactions that apply remote updates; what has it is not sent back. */
  readonly origin: object;
  readonly ledger: PendingLedger;
  readonly timing: Timing;
  readonly presence: () => SessionPresence;
  readonly tell: Tell;
  /** The document has everything of the log up to here. */
  readonly onPosition: (position: LogPosition) => void;
  /** The document is no longer open. 44xx: for good; otherwise it should be opened again after a pause. */
  readonly onEnded: (code: number, reason: string) => void;
}
