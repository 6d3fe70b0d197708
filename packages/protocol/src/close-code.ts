/**
 * The codes with which a socket or a document is closed. 44xx is permanent: the client stops and tells the user why.
 * 45xx is transient: it comes back later. y-websocket 3.1 acts on the same two ranges, which is why 4408 and 4429
 * (elsewhere "timeout" and "too many requests") never occur here: they would stop such a client for good.
 * docs/PROTOCOL.md holds the same table; a test compares the two.
 */
export const closeCodes = {
  /** The bytes were not understood, or came out of turn. */
  protocolError: 4400,
  notAuthenticated: 4401,
  forbidden: 4403,
  deleted: 4404,
  /** The client holds another generation of the document: merging would double its content. */
  generationMismatch: 4409,
  tooLarge: 4413,
  internalError: 4500,
  /** The server is shutting down or restarting. */
  draining: 4503,
  /** The store refuses writes, and the client could not be told to keep its edits; or the document is being worked on. */
  unavailable: 4505,
  /** The client read, or answered a heartbeat, slower than its allowance. */
  tooSlow: 4508,
  /** Updates of this client were lost on the way: its counter skipped. It comes back and sends what is missing. */
  gap: 4510,
  rateLimited: 4529,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** Whether a client that was closed with `code` should stay away: 4400–4499. */
export function isPermanentClose(code: number): boolean {
  return code >= 4400 && code < 4500;
}

/** A close frame holds at most 123 bytes of reason: cut between characters, never inside one. */
export function fitCloseReason(reason: string): string {
  const encoder = new TextEncoder();
  const room = new Uint8Array(maxCloseReasonBytes);
  const { read } = encoder.encodeInto(reason, room);
  return reason.slice(0, read);
}

const maxCloseReasonBytes = 123;
