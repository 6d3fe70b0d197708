/**
 * A place in bytes that a stranger may have written, and the numbers and strings lib0 puts there (lib0 encoding.js:
 * `writeVarUint`, `writeVarInt`, `writeVarString`). Knows nothing of updates.
 *
 * The protocol package has a reader too, which returns strings; this one passes over them, since the scanner only asks whether
 * they are sound and how long they are, 150,000 times a megabyte.
 */
import { malformed } from "./error.js";

/** What the bits of the eighth byte count. A ninth would be above 2^53, or zeros, which is how NaN comes about. */
const eighthScale = 2 ** 49;

export class Cursor {
  readonly bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.bytes.length - this.position;
  }

  /** @throws {UpdateError} `malformed` when no byte is left. */
  readByte(): number {
    if (this.position >= this.bytes.length) throw malformed("the bytes end where one more was announced");
    return this.bytes[this.position++] as number;
  }

  /**
   * An unsigned integer up to 2^53−1 in its one shortest spelling. lib0 itself takes any number of bytes: after 147 groups
   * of zeros its multiplier is Infinity and the number NaN, which merges and diffs never get past.
   *
   * @throws {UpdateError} `malformed` for a truncated, over-long or too large number.
   */
  readVarUint(): number {
    const bytes = this.bytes;
    let position = this.position;
    if (position >= bytes.length) throw malformed("the bytes end where a number was announced");
    let byte = bytes[position++] as number;
    let value = byte & 0x7f;
    // In a local variable until the end: this is where most of a scan's time goes.
    for (let scale = 128; byte >= 0x80; scale *= 128) {
      if (position >= bytes.length) throw malformed("the bytes end inside a number");
      byte = bytes[position++] as number;
      if (byte === 0) throw malformed("a number is written in more bytes than it needs");
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > eighthScale) throw malformed("a number is larger than 2^53−1");
    }
    this.position = position;
    return value;
  }

  /** How many items follow, each of at least `minBytes` bytes: no loop and no array is longer than the bytes there are. */
  readCount(minBytes: number): number {
    const count = this.readVarUint();
    if (count * minBytes > this.remaining) throw malformed("more items are announced than the bytes could hold");
    return count;
  }

  /** A signed integer up to ±(2^53−1), shortest spelling; six bits in the first byte, seven in each that follows. */
  skipVarInt(): void {
    let byte = this.readByte();
    let value = byte & 0x3f;
    for (let scale = 64; byte >= 0x80; scale *= 128) {
      byte = this.readByte();
      if (byte === 0) throw malformed("a number is written in more bytes than it needs");
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > eighthScale) throw malformed("a number is larger than 2^53−1");
    }
  }

  skip(byteCount: number): void {
    if (byteCount > this.remaining) throw malformed("a field is longer than what is left");
    this.position += byteCount;
  }

  /** A length, then that many bytes of any kind. */
  skipBytes(): void {
    this.skip(this.readVarUint());
  }

  /**
   * A length in bytes, then UTF-8.
   *
   * @returns its length as Yjs counts it, in UTF-16 code units
   * @throws {UpdateError} `malformed` when it is not UTF-8: replicas would replace or reject it.
   */
  skipString(): number {
    const byteCount = this.readVarUint();
    if (byteCount > this.remaining) throw malformed("a string is longer than what is left");
    const end = this.position + byteCount;
    const bytes = this.bytes;
    let position = this.position;
    while (position < end && (bytes[position] as number) < 0x80) position++;
    const asciiCount = position - this.position;
    this.position = end;
    return position === end ? byteCount : asciiCount + countUtf16Units(bytes, position, end);
  }
}

/**
 * The strict reading of UTF-8 (RFC 3629): no over-long forms, no surrogates, nothing above U+10FFFF. Counts on the way, because
 * ids of a string are its UTF-16 units.
 */
function countUtf16Units(bytes: Uint8Array, start: number, end: number): number {
  let units = 0;
  let position = start;
  while (position < end) {
    const lead = bytes[position++] as number;
    units++;
    if (lead < 0x80) continue;
    const followerCount = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (lead < 0xc2 || lead > 0xf4 || position + followerCount > end) throw malformed("a string is not valid UTF-8");
    const second = bytes[position++] as number;
    if (second < lowestSecond(lead) || second > highestSecond(lead)) throw malformed("a string is not valid UTF-8");
    for (let follower = 1; follower < followerCount; follower++) {
      if (((bytes[position++] as number) & 0xc0) !== 0x80) throw malformed("a string is not valid UTF-8");
    }
    if (followerCount === 3) units++;
  }
  return units;
}

function lowestSecond(lead: number): number {
  return lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(lead: number): number {
  return lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
}
