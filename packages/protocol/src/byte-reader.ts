/**
 * Reads lib0's encoding from bytes that a stranger may have written. lib0's own decoder accepts numbers written in any
 * number of bytes, NaN among them, and returns garbage past the end; here each number has exactly one spelling.
 */
import { ProtocolError } from "./error.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #end: number;
  #position: number;

  /** Reads `bytes` from `start` (default 0) up to, not including, `end` (default: the end of `bytes`). */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  get position(): number {
    return this.#position;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#end;
  }

  /** @throws {ProtocolError} `malformed-message` when no byte is left. */
  readByte(): number {
    if (this.#position >= this.#end) throw malformed("the bytes end where one more was announced");
    return this.bytes[this.#position++] as number;
  }

  /**
   * An unsigned integer up to 2^53−1 in lib0's base-128 spelling, shortest form only.
   *
   * @throws {ProtocolError} `malformed-message` for a truncated, over-long or too large number.
   */
  readVarUint(): number {
    const first = this.readByte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 128;
    for (let byteCount = 2; byteCount <= 8; byteCount++) {
      const byte = this.readByte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0) throw malformed("a number is written in more bytes than it needs");
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw malformed("a number is larger than 2^53−1");
  }

  /** A view, not a copy, of the next `length` bytes. */
  readBytes(length: number): Uint8Array {
    const start = this.#position;
    if (length > this.#end - start) throw malformed("a field is longer than what is left of the message");
    this.#position = start + length;
    return this.bytes.subarray(start, this.#position);
  }

  /** A length, then that many bytes: lib0's `varUint8Array`. A view, not a copy. */
  readVarBytes(): Uint8Array {
    return this.readBytes(this.readVarUint());
  }

  /** A length in bytes, then UTF-8: lib0's `varString`. */
  readVarString(): string {
    const bytes = this.readVarBytes();
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw new ProtocolError("malformed-message", "a string is not valid UTF-8", { cause });
    }
  }
}

function malformed(reason: string): ProtocolError {
  return new ProtocolError("malformed-message", reason);
}
