/** Why bytes from the wire were not understood. Knows nothing of sockets: whoever reads decides what to close. */

export type ProtocolErrorCode =
  /** The bytes end inside a field, a number is written in more bytes than it needs, a string is not UTF-8, … */
  | "malformed-message"
  /** A message that only the other side may send, or a value outside its documented range. */
  | "unexpected-message"
  /** A document name that is empty, too long, not Unicode, or holds control characters. */
  | "invalid-document-name";

export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
