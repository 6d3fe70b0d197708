/**
 * The codes with which a socket or a document is closed. 44xx is permanent: the client stops and tells the user why.
 * 45xx is transient: it comes back later. y-websocket 3.1 acts on the same two ranges, which is why 4408 and 4429
 * (elsewhere "timeout" and "too many requests") never occur here: they would stop such a client for good.
 * docs/PROTOCOL.md holds the same table; a test compares the two. Each is an export of its own, so that a bundle has only
 * those it uses.
 */
/** The bytes were not understood, or came out of turn. */
export const protocolError = 4400 as const;
export const notAuthenticated = 4401 as const;
export const forbidden = 4403 as const;
export const deleted = 4404 as const;
/** The client holds another generation of the document: merging would double its content. */
export const generationMismatch = 4409 as const;
export const tooLarge = 4413 as const;
export const internalError = 4500 as const;
/** The server is shutting down or restarting. */
export const draining = 4503 as const;
/** The store refuses writes, and the client could not be told to keep its edits; or the document is being worked on. */
export const unavailable = 4505 as const;
/** The client read, or answered a heartbeat, slower than its allowance. */
export const tooSlow = 4508 as const;
/** Updates of this client were lost on the way: its counter skipped. It comes back and sends what is missing. */
export const gap = 4510 as const;
/** The log no longer reaches back to where the client wants to resume: it opens again, at once, with a state vector. */
export const cannotResume = 4511 as const;
export const rateLimited = 4529 as const;
