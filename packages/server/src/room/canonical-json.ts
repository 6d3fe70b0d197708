/**
 * Whether bytes are one JSON object spelled just as `JSON.stringify` would spell it again: no spaces, no key twice, numbers in
 * their shortest form. Cursors move many times a second, and nearly all come from `JSON.stringify`: what is spelled like that
 * need not be parsed and written anew. Says no where it would take long to find out.
 */

/** In UTF-8. */
const [quote, backslash, comma, colon, minus] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
const [zero, nine, underscore] = [0x30, 0x39, 0x5f];

/** Keys of one object: each is compared with all before it. */
const maxKeys = 32;
/** Integers of so many digits are exact. */
const maxPlainDigits = 15;

/**
 * @param bytes valid UTF-8
 * @param maxDepth objects and lists in each other
 */
export function isCanonicalObject(bytes: Uint8Array, maxDepth: number): boolean {
  if (bytes[0] !== openObject) return false;
  return new CanonicalScan(bytes).value(0, maxDepth) === bytes.length;
}

/** Where something ends that is not spelled as it should be. */
const nowhere = -1;

class CanonicalScan {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Where the value that begins at `at` ends, or `nowhere`. What follows it is the caller's. */
  value(at: number, depthLeft: number): number {
    switch (this.#bytes[at]) {
      case quote:
        return this.#string(at);
      case openObject:
        return depthLeft > 0 ? this.#object(at + 1, depthLeft - 1) : nowhere;
      case openList:
        return depthLeft > 0 ? this.#list(at + 1, depthLeft - 1) : nowhere;
      case 0x74:
        return this.#word(at, "true");
      case 0x66:
        return this.#word(at, "false");
      case 0x6e:
        return this.#word(at, "null");
      default:
        return this.#number(at);
    }
  }

  #object(start: number, depthLeft: number): number {
    const bytes = this.#bytes;
    if (bytes[start] === closeObject) return start + 1;
    /** Begin and end of each. */
    const keys: number[] = [];
    for (let at = start; ; at++) {
      const end = this.#key(at, keys);
      if (end === nowhere || bytes[end] !== colon) return nowhere;
      at = this.value(end + 1, depthLeft);
      if (at === nowhere) return nowhere;
      if (bytes[at] === closeObject) return at + 1;
      if (bytes[at] !== comma) return nowhere;
    }
  }

  #list(start: number, depthLeft: number): number {
    const bytes = this.#bytes;
    if (bytes[start] === closeList) return start + 1;
    for (let at = start; ; at++) {
      at = this.value(at, depthLeft);
      if (at === nowhere) return nowhere;
      if (bytes[at] === closeList) return at + 1;
      if (bytes[at] !== comma) return nowhere;
    }
  }

  /** Keys that are numbers would change their places, and `__proto__` is nobody's to say. */
  #key(at: number, keys: number[]): number {
    const first = this.#bytes[at + 1] ?? 0;
    if (this.#bytes[at] !== quote || first === underscore || isDigit(first) || keys.length === 2 * maxKeys)
      return nowhere;
    const end = this.#string(at);
    for (let known = 0; known < keys.length; known += 2) {
      if (this.#isSame(keys[known] as number, keys[known + 1] as number, at, end)) return nowhere;
    }
    keys.push(at, end);
    return end;
  }

  #isSame(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    for (let offset = 0; start + offset < end; offset++) {
      if (this.#bytes[start + offset] !== this.#bytes[otherStart + offset]) return false;
    }
    return true;
  }

  /** Without escapes: some have more than one spelling. */
  #string(start: number): number {
    const bytes = this.#bytes;
    for (let at = start + 1; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === quote) return at + 1;
      if (byte < 0x20 || byte === backslash) return nowhere;
    }
    return nowhere;
  }

  #number(start: number): number {
    const bytes = this.#bytes;
    let at = bytes[start] === minus ? start + 1 : start;
    const firstDigit = at;
    while (isDigit(bytes[at])) at++;
    const digitCount = at - firstDigit;
    const isInteger = at < bytes.length && !isOfNumber(bytes[at] as number);
    // Neither "-0" nor "01".
    const isPlain = digitCount > 0 && digitCount <= maxPlainDigits && (bytes[firstDigit] !== zero || at - start === 1);
    if (isInteger && isPlain) return at;
    while (at < bytes.length && isOfNumber(bytes[at] as number)) at++;
    const text = String.fromCharCode(...bytes.subarray(start, at));
    return text === JSON.stringify(Number(text)) ? at : nowhere;
  }

  #word(at: number, word: string): number {
    for (let index = 0; index < word.length; index++) {
      if (this.#bytes[at + index] !== word.charCodeAt(index)) return nowhere;
    }
    return at + word.length;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}

/** What may stand in a number besides its first byte. */
function isOfNumber(byte: number): boolean {
  return isDigit(byte) || byte === 0x2e || byte === 0x65 || byte === 0x2b || byte === minus;
}
