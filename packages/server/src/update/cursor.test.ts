/** Numbers, strings, JSON and `any` values, against lib0 and the platform themselves. */
import fc from "fast-check";
import * as encoding from "lib0/encoding";
import { describe, expect, test } from "vitest";
import { overLong } from "../../../../test/fixtures/update-builder.js";
import { skipAny } from "./any.js";
import { Cursor } from "./cursor.js";
import { UpdateError } from "./error.js";
import { skipJson, skipJsonOrUndefined } from "./json.js";

/** How many bytes were passed over, or undefined when they were refused; whatever else is thrown is a bug. */
function passed(bytes: Uint8Array, skip: (cursor: Cursor) => void): number | undefined {
  const cursor = new Cursor(bytes);
  try {
    skip(cursor);
    return cursor.position;
  } catch (error) {
    if (error instanceof UpdateError) return undefined;
    throw error;
  }
}

function encoded(write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode(write);
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const jsonBytes = (text: string): Uint8Array => encoded((encoder) => encoding.writeVarString(encoder, text));

describe("numbers", () => {
  const sizes = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 32, 2 ** 53 - 1));

  test("each is read as lib0 writes it", () => {
    fc.assert(
      fc.property(sizes, (value) => {
        const cursor = new Cursor(encoded((encoder) => encoding.writeVarUint(encoder, value)));
        expect(cursor.readVarUint()).toBe(value);
        expect(cursor.remaining).toBe(0);
        const signed = encoded((encoder) => encoding.writeVarInt(encoder, -value));
        expect(passed(signed, (other) => other.skipVarInt())).toBe(signed.length);
      }),
    );
  });

  test("none is read in more bytes than it needs, however many", () => {
    for (const value of [0, 1, 127, 128, 2 ** 31, 2 ** 53 - 1]) {
      for (let more = 1; more < 160; more++) {
        const shortest = encoded((encoder) => encoding.writeVarUint(encoder, value)).length;
        const bytes = Uint8Array.from(overLong(value, shortest + more));
        expect(passed(bytes, (cursor) => cursor.readVarUint())).toBeUndefined();
        expect(passed(bytes, (cursor) => cursor.skipVarInt())).toBeUndefined();
      }
    }
  });

  test.each([
    ["2^53", [128, 128, 128, 128, 128, 128, 128, 16]],
    ["eight full bytes", [255, 255, 255, 255, 255, 255, 255, 127]],
    ["a ninth byte", [128, 128, 128, 128, 128, 128, 128, 128, 1]],
    ["300 groups that end in one", [...Array.from({ length: 300 }, () => 128), 1]],
    ["nothing", []],
    ["the first half of one", [128]],
  ])("%s is no number", (_name, bytes) => {
    expect(passed(Uint8Array.from(bytes), (cursor) => cursor.readVarUint())).toBeUndefined();
  });
});

describe("strings", () => {
  test("a string is as long as Yjs counts it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(new Cursor(jsonBytes(text)).skipString()).toBe(text.length);
      }),
    );
  });

  test("bytes are a string exactly when the platform's strict decoder says so", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0x9f, 0xa0),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), fc.array(byte, { maxLength: 6 }), (some, more) => {
        const bytes = Uint8Array.from([...some, ...more]);
        let length: number | undefined;
        try {
          length = decoder.decode(bytes).length;
        } catch {
          length = undefined;
        }
        let found: number | undefined;
        const field = encoded((encoder) => encoding.writeVarUint8Array(encoder, bytes));
        passed(field, (cursor) => (found = cursor.skipString()));
        expect(found).toBe(length);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("JSON", () => {
  test("what JSON.stringify writes is JSON, with and without spaces", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("", " ", "\t"), (value, space) => {
        const bytes = jsonBytes(JSON.stringify(value, null, space));
        expect(passed(bytes, (cursor) => skipJson(cursor, 100))).toBe(bytes.length);
      }),
    );
  });

  test("a text is JSON exactly when JSON.parse says so", () => {
    const token = fc.constantFrom(..."{}[],:\"\\ \n\u0001".split(""), '"a"', "true", "nul", "null", "-", "0", "1", "01", ".5", "e", "E+", "\\u00", "0f", "é", "\u00a0"); // prettier-ignore
    fc.assert(
      fc.property(fc.array(token, { maxLength: 9 }), (tokens) => {
        const bytes = jsonBytes(tokens.join(""));
        expect(passed(bytes, (cursor) => skipJson(cursor, 100)) !== undefined).toBe(parses(tokens.join("")));
      }),
      { numRuns: 20_000 },
    );
  });

  test("a JSON text with one character changed is judged as JSON.parse judges it", () => {
    const place = fc.nat(200);
    fc.assert(
      fc.property(fc.json(), place, fc.constantFrom(...'{}[],:"\\0-e.tx '), (text, at, character) => {
        const changed = text.slice(0, at % text.length) + character + text.slice((at % text.length) + 1);
        const bytes = jsonBytes(changed);
        expect(passed(bytes, (cursor) => skipJson(cursor, 100)) !== undefined).toBe(parses(changed));
      }),
      { numRuns: 3_000 },
    );
  });

  test("nesting is counted, brackets in strings are not", () => {
    const nested = (depth: number): Uint8Array => jsonBytes("[".repeat(depth) + "]".repeat(depth));
    expect(passed(nested(100), (cursor) => skipJson(cursor, 100))).toBe(201 + 1);
    expect(passed(nested(101), (cursor) => skipJson(cursor, 100))).toBeUndefined();
    expect(passed(nested(100_000), (cursor) => skipJson(cursor, 100))).toBeUndefined();
    const quoted = jsonBytes(JSON.stringify("[".repeat(500)));
    expect(passed(quoted, (cursor) => skipJson(cursor, 100))).toBe(quoted.length);
  });

  test("the word undefined is for old clients' lists only", () => {
    expect(passed(jsonBytes("undefined"), (cursor) => skipJsonOrUndefined(cursor, 100))).toBe(10);
    expect(passed(jsonBytes("undefined "), (cursor) => skipJsonOrUndefined(cursor, 100))).toBeUndefined();
    expect(passed(jsonBytes("undefined"), (cursor) => skipJson(cursor, 100))).toBeUndefined();
  });
});

describe("any values", () => {
  const { any } = fc.letrec<{ any: encoding.AnyEncodable }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom(undefined, null, true, false, -0, NaN, 2 ** 31, 10n),
      fc.integer(),
      fc.double(),
      fc.string({ unit: "binary" }),
      fc.uint8Array({ maxLength: 5 }),
      fc.array(tie("any"), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie("any"), { maxKeys: 4 }),
    ),
  }));

  test("what lib0 writes is passed over to its end, and nothing shorter", () => {
    fc.assert(
      fc.property(any, fc.nat(), (value, cut) => {
        const bytes = encoded((encoder) => encoding.writeAny(encoder, value));
        expect(passed(bytes, (cursor) => skipAny(cursor, 100))).toBe(bytes.length);
        const short = bytes.slice(0, cut % bytes.length);
        expect(passed(short, (cursor) => skipAny(cursor, 100))).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test("lists and objects nest up to the limit", () => {
    const nested = (depth: number, head: number[]): Uint8Array =>
      Uint8Array.from([...Array.from({ length: depth }, () => head).flat(), 126]);
    for (const head of [
      [117, 1],
      [118, 1, 0],
    ]) {
      expect(passed(nested(100, head), (cursor) => skipAny(cursor, 100))).toBe(100 * head.length + 1);
      expect(passed(nested(101, head), (cursor) => skipAny(cursor, 100))).toBeUndefined();
      expect(passed(nested(100_000, head), (cursor) => skipAny(cursor, 100))).toBeUndefined();
    }
  });
});
