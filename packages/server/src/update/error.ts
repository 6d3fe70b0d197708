/**
 * Why bytes are not an update (state vector, delete set) this server will store. Knows nothing of sockets or rooms: what
 * becomes of the author is decided by whoever catches it.
 */

/**
 * - `malformed`: not what Yjs writes; no client that uses Yjs sends it.
 * - `too-large`: written as Yjs would, but a clock, a nesting depth or the whole is above its limit.
 */
export type UpdateErrorCode = "malformed" | "too-large";

/** `message` is the reason in words and names no content of the document. */
export class UpdateError extends Error {
  override readonly name = "UpdateError";
  readonly code: UpdateErrorCode;

  constructor(code: UpdateErrorCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

export function malformed(reason: string): UpdateError {
  return new UpdateError("malformed", reason);
}

export function tooLarge(reason: string): UpdateError {
  return new UpdateError("too-large", reason);
}
