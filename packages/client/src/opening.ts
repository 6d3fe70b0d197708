/** Where a session is between asking for its document and having left it. */
import type { DocumentChannel } from "./session-options.js";
import type { UpdateSender } from "./update-sender.js";

/** Between an `open` and its answer. */
export interface Asking {
  readonly kind: "opening";
  readonly channel: DocumentChannel;
  readonly requestId: number;
  readonly clientId: number;
}

/** Between an `opened` and whatever ends it. */
export interface Opening {
  readonly kind: "open";
  readonly channel: DocumentChannel;
  readonly requestId: number;
  readonly room: number;
  readonly sender: UpdateSender;
  /** It was answered with what was missed only. */
  readonly isResumed: boolean;
  /** To a reader: the document brought nothing that the server lacked, and had no edits since. */
  isCovered: boolean;
  isSynced: boolean;
  /** Until it is synced. */
  readonly arrived: Uint8Array[];
}

export type SessionState = { readonly kind: "away" } | Asking | Opening;
