/**
 * Passes over one JSON text (RFC 8259), as Yjs keeps embeds, formats and the values of old clients. Accepts what `JSON.parse`
 * accepts, but builds nothing and does not recurse. Knows nothing of updates.
 */
import type { Cursor } from "./cursor.js";
import { malformed, tooLarge } from "./error.js";

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openList = 0x5b;
const backslash = 0x5c;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

/**
 * A string (length, then UTF-8) that is one JSON text.
 *
 * @throws {UpdateError} `malformed` when `JSON.parse` would throw, `too-large` when nested deeper than `maxNesting`.
 */
export function skipJson(cursor: Cursor, maxNesting: number): void {
  const byteCount = skipStringAndCountBytes(cursor);
  new JsonText(cursor.bytes, cursor.position - byteCount, cursor.position).check(maxNesting);
}

/** As `skipJson`; old clients (ContentJSON) also write the word `undefined`. */
export function skipJsonOrUndefined(cursor: Cursor, maxNesting: number): void {
  const byteCount = skipStringAndCountBytes(cursor);
  const text = new JsonText(cursor.bytes, cursor.position - byteCount, cursor.position);
  if (!text.isExactly("undefined")) text.check(maxNesting);
}

function skipStringAndCountBytes(cursor: Cursor): number {
  const start = cursor.position;
  const byteCount = cursor.readVarUint();
  cursor.position = start;
  cursor.skipString();
  return byteCount;
}

class JsonText {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  isExactly(word: string): boolean {
    return this.#end - this.#position === word.length && this.#startsWith(word);
  }

  check(maxNesting: number): void {
    const isObject: boolean[] = [];
    for (;;) {
      const opened = this.#value();
      if (opened !== 0) {
        if (isObject.length >= maxNesting) throw tooLarge(`JSON is nested more than ${maxNesting} deep`);
        const isEmpty = this.#isNext(opened === openObject ? closeObject : closeList);
        if (!isEmpty) {
          isObject.push(opened === openObject);
          if (opened === openObject) this.#key();
          continue;
        }
      }
      if (this.#closeWhatEnds(isObject)) return;
    }
  }

  /** After a value: closes lists and objects up to the next comma. True at the end of the whole text. */
  #closeWhatEnds(isObject: boolean[]): boolean {
    for (;;) {
      const inner = isObject[isObject.length - 1];
      const byte = this.#nextToken();
      if (inner === undefined) {
        if (byte === -1) return true;
        throw malformed("JSON goes on after its value");
      }
      if (byte === comma) {
        if (inner) this.#key();
        return false;
      }
      if (byte !== (inner ? closeObject : closeList)) throw malformed("JSON lacks a comma or a bracket");
      isObject.pop();
    }
  }

  /** Passes over a scalar and returns 0, or over an opening bracket, which it returns. */
  #value(): number {
    const byte = this.#nextToken();
    switch (byte) {
      case quote:
        this.#string();
        return 0;
      case openObject:
      case openList:
        return byte;
      case 0x74:
        return this.#word("rue");
      case 0x66:
        return this.#word("alse");
      case 0x6e:
        return this.#word("ull");
      default:
        this.#number(byte);
        return 0;
    }
  }

  #key(): void {
    if (this.#nextToken() !== quote) throw malformed("a JSON object lacks a key");
    this.#string();
    if (this.#nextToken() !== colon) throw malformed("a JSON key lacks its colon");
  }

  /** From after the opening quote to after the closing one. That the bytes are UTF-8 is already known. */
  #string(): void {
    for (;;) {
      const byte = this.#next();
      if (byte === quote) return;
      if (byte < 0x20) throw malformed("a JSON string does not end or holds a control character");
      if (byte === backslash) this.#escape();
    }
  }

  #escape(): void {
    const byte = this.#next();
    if (byte === 0x75) {
      for (let digit = 0; digit < 4; digit++) {
        if (!isHex(this.#next())) throw malformed("a JSON escape is not four hexadecimal digits");
      }
    } else if (!isEscape(byte)) {
      throw malformed("JSON knows no such escape");
    }
  }

  #number(first: number): void {
    const leading = first === 0x2d ? this.#next() : first;
    if (leading < 0x30 || leading > 0x39) throw malformed("JSON has no such value");
    if (leading !== 0x30) this.#digits();
    if (this.#peek() === 0x2e) {
      this.#position++;
      if (this.#digits() === 0) throw malformed("a JSON number ends with its point");
    }
    if ((this.#peek() | 0x20) === 0x65 && this.#peek() !== -1) {
      this.#position++;
      if (this.#peek() === 0x2b || this.#peek() === 0x2d) this.#position++;
      if (this.#digits() === 0) throw malformed("a JSON number lacks its exponent");
    }
  }

  #digits(): number {
    const start = this.#position;
    while (this.#peek() >= 0x30 && this.#peek() <= 0x39) this.#position++;
    return this.#position - start;
  }

  #word(rest: string): 0 {
    if (!this.#startsWith(rest)) throw malformed("JSON has no such value");
    this.#position += rest.length;
    return 0;
  }

  #startsWith(word: string): boolean {
    if (this.#end - this.#position < word.length) return false;
    for (let index = 0; index < word.length; index++) {
      if (this.#bytes[this.#position + index] !== word.charCodeAt(index)) return false;
    }
    return true;
  }

  /** True, and past it, when the next token is this one. */
  #isNext(token: number): boolean {
    const start = this.#position;
    if (this.#nextToken() === token) return true;
    this.#position = start;
    return false;
  }

  #nextToken(): number {
    let byte = this.#next();
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.#next();
    return byte;
  }

  /** −1 past the end, and stays there. */
  #next(): number {
    return this.#position < this.#end ? (this.#bytes[this.#position++] as number) : -1;
  }

  #peek(): number {
    return this.#position < this.#end ? (this.#bytes[this.#position] as number) : -1;
  }
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (byte !== -1 && lower >= 0x61 && lower <= 0x66);
}

/** `"` `\` `/` b f n r t */
function isEscape(byte: number): boolean {
  return (
    byte === quote ||
    byte === backslash ||
    byte === 0x2f ||
    byte === 0x62 ||
    byte === 0x66 ||
    byte === 0x6e ||
    byte === 0x72 ||
    byte === 0x74
  );
}
