/** Which strings may name a document. Names are opaque: a slash or `__proto__` in one means nothing to Syncline. */
import { ProtocolError } from "./error.js";

/** In UTF-8 bytes. */
export const maxDocumentNameBytes = 255;

// eslint-disable-next-line no-control-regex -- naming the control characters is the point
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Returns `name` when it is 1–255 bytes of UTF-8 without control characters or lone surrogates.
 *
 * @throws {ProtocolError} `invalid-document-name`, its message naming what is wrong.
 */
export function checkDocumentName(name: string): string {
  const reason = whyNotADocumentName(name);
  if (reason) throw new ProtocolError("invalid-document-name", reason);
  return name;
}

function whyNotADocumentName(name: string): string | undefined {
  if (name === "") return "the document name is empty";
  // Names come from strangers: look at the length before anything that walks the string.
  if (name.length > maxDocumentNameBytes) return tooLong(name.length);
  if (!isWellFormed(name)) return "the document name holds half of a surrogate pair";
  if (controlCharacter.test(name)) return "the document name holds a control character";
  const byteCount = new TextEncoder().encode(name).length;
  return byteCount > maxDocumentNameBytes ? tooLong(byteCount) : undefined;
}

function tooLong(atLeastBytes: number): string {
  return `the document name is ${atLeastBytes} bytes or more; at most ${maxDocumentNameBytes} are allowed`;
}

/** `String.prototype.isWellFormed`, which Node 20 and older browsers may lack. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
