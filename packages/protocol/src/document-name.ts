/**
 * Which strings may name a document. Names are opaque: a slash or `__proto__` in one means nothing to Syncline. What a URL or
 * a file system would change in a name is refused all the same: two clients could take one document for two.
 */
import { ProtocolError } from "./error.js";

/** In UTF-8 bytes. */
export const maxDocumentNameBytes = 255;

// eslint-disable-next-line no-control-regex -- naming the control characters is the point
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Returns `name` when it is 1–255 bytes of UTF-8 in Unicode's composed form (NFC), without control characters, lone surrogates,
 * and `.` or `..` between slashes.
 *
 * @throws {ProtocolError} `invalid-document-name`, its message naming what is wrong.
 */
export function checkDocumentName(name: string): string {
  return checked(name, whyNotStorable(name) ?? whyNotOneName(name));
}

/**
 * Returns `name` when a document that is stored may have it: for administration. It may be older than the
 * rules about the form and about `.` and `..`.
 *
 * @throws {ProtocolError} `invalid-document-name`, its message naming what is wrong.
 */
export function checkStoredDocumentName(name: string): string {
  return checked(name, whyNotStorable(name));
}

function checked(name: string, reason: string | undefined): string {
  if (reason) throw new ProtocolError("invalid-document-name", reason);
  return name;
}

function whyNotOneName(name: string): string | undefined {
  if (name.normalize("NFC") !== name) {
    return 'the document name is not in Unicode\'s composed form: use name.normalize("NFC")';
  }
  const segment = name.split("/").find((part) => part === "." || part === "..");
  return segment === undefined ? undefined : `the document name holds "${segment}" as a segment, which URLs leave out`;
}

function whyNotStorable(name: string): string | undefined {
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
