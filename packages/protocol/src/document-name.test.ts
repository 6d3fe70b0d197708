import { expect, test } from "vitest";
import { checkDocumentName, checkStoredDocumentName } from "./document-name.js";
import { ProtocolError } from "./error.js";

const decomposed = "u\u0308";

function why(check: (name: string) => string, name: string): string | undefined {
  try {
    expect(check(name)).toBe(name);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown;
    expect(thrown.code).toBe("invalid-document-name");
    return thrown.message;
  }
}

test.each([
  "a",
  "a/b",
  "/",
  "a//b",
  "..a",
  "a..",
  "...",
  ".hidden",
  "a/.b",
  "__proto__",
  "%2e%2e",
  "ü",
  "日本語",
  "🎉",
  "x".repeat(255),
  "é".repeat(127),
])("%s names a document", (name) => {
  expect(why(checkDocumentName, name)).toBeUndefined();
  expect(why(checkStoredDocumentName, name)).toBeUndefined();
});

test.each([
  ["", /is empty/],
  ["x".repeat(256), /at most 255/],
  ["é".repeat(128), /256 bytes or more; at most 255/],
  ["a\u0000b", /control character/],
  ["a\nb", /control character/],
  ["a\u0085b", /control character/],
  ["a\ud800", /half of a surrogate pair/],
])("%j names none", (name, words) => {
  expect(why(checkDocumentName, name)).toMatch(words);
  expect(why(checkStoredDocumentName, name)).toMatch(words);
});

test.each([
  [".", /"\." as a segment/],
  ["..", /"\.\." as a segment/],
  ["../a", /"\.\." as a segment/],
  ["a/../b", /"\.\." as a segment/],
  ["a/.", /"\." as a segment/],
  [decomposed, /use name\.normalize\("NFC"\)/],
  ["\u212b", /composed form/],
])("%j names none that a client may open; administration reaches it, for it may be stored", (name, words) => {
  expect(why(checkDocumentName, name)).toMatch(words);
  expect(why(checkStoredDocumentName, name)).toBeUndefined();
});
