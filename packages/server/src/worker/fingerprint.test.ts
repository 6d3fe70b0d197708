import { expect, test } from "vitest";
import * as Y from "yjs";
import { areEqualBytes, areEqualFingerprints, fingerprintOf } from "./fingerprint.js";

/** "b" and "a" next to each other, by two clients who did not know of each other. */
function concurrentDocument(): Y.Doc {
  const doc = new Y.Doc();
  for (const [clientId, text] of [
    [1, "a"],
    [2, "b"],
  ] as const) {
    const author = new Y.Doc();
    author.clientID = clientId;
    author.getText("text").insert(0, text);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(author));
  }
  return doc;
}

test("copies of a document have one fingerprint, whoever has looked at which roots", () => {
  const doc = concurrentDocument();
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  copy.getMap("looked at");
  expect(areEqualFingerprints(fingerprintOf(doc), fingerprintOf(copy))).toBe(true);
});

test("the same structs in another order are another document", () => {
  const doc = concurrentDocument();
  const swapped = concurrentDocument();
  const text = swapped.getText("text");
  const first = text._start;
  const second = first?.right;
  if (!first || !second) throw new Error("two items were written");
  [text._start, second.left, second.right, first.left, first.right] = [second, null, first, second, null];
  expect(areEqualBytes(Y.encodeStateAsUpdate(doc), Y.encodeStateAsUpdate(swapped))).toBe(true);
  expect(areEqualFingerprints(fingerprintOf(doc), fingerprintOf(swapped))).toBe(false);
});

test("a key with another value is another document", () => {
  const fingerprints = ["x", "y"].map((value) => {
    const doc = new Y.Doc();
    doc.clientID = 1;
    doc.getMap("map").set("key", value);
    return fingerprintOf(doc);
  });
  expect(fingerprints[0]?.order).toEqual(fingerprints[1]?.order);
  expect(fingerprints[0]?.state).not.toEqual(fingerprints[1]?.state);
});
