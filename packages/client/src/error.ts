/** Everything that can go wrong for who uses the client, as one class and a union of codes. Knows no other file. */

export type SynclineErrorCode =
  /** A URL, document name or option that cannot work; the message names it. */
  | "invalid-option"
  /** The runtime has no `WebSocket` and none was passed as `WebSocketPolyfill`. */
  | "no-websocket"
  /** The `token` function threw, or did not answer in time; tried again after a pause. `cause` is what it threw. */
  | "token-failed"
  /** The socket could not be opened, failed, or fell silent; tried again after a pause. */
  | "connection-failed"
  /** The server sent something that is not Syncline's protocol; the connection is made anew. */
  | "protocol-error"
  /** An update or presence from the server could not be applied, or an observer of the application threw. */
  | "apply-failed"
  /** The server closed the document for good; `closeCode` and `reason` say why. */
  | "closed"
  /** The server did not take an edit and never will; `closeCode` and `reason` say why. */
  | "rejected"
  /** This browser does not store the document: no IndexedDB, no room, or a failure; tried again unless the message says why not. */
  | "storage-failed"
  /** Another tab replaced or deleted what this browser stores of the document; this tab's edits are in memory only. */
  | "storage-replaced"
  /** A document cannot be reset while a transaction, or an observer called by one, is running. */
  | "in-transaction"
  /** The server does not say this, or cannot do this. */
  | "not-supported"
  /** The provider was destroyed. */
  | "destroyed";

export interface SynclineErrorOptions extends ErrorOptions {
  readonly closeCode?: number;
  readonly reason?: string;
}

export class SynclineError extends Error {
  override readonly name = "SynclineError";
  readonly code: SynclineErrorCode;
  /** Of PROTOCOL.md's table, where the server closed or refused something. */
  readonly closeCode: number | undefined;
  /** The server's sentence for a person. */
  readonly reason: string | undefined;

  constructor(code: SynclineErrorCode, message: string, options: SynclineErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.closeCode = options.closeCode;
    this.reason = options.reason;
  }
}
