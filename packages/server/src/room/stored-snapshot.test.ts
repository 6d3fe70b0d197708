import { expect, test } from "vitest";
import { Contents } from "../update/contents.js";
import { StoredSnapshot } from "./stored-snapshot.js";

function contentsWithDeletions(): Contents {
  const contents = new Contents();
  contents.stateVector.advance(1, 20);
  contents.deletions.add(1, 3, 5);
  contents.deletions.add(1, 9, 10);
  contents.keyed.add(1, 0, 1);
  return contents;
}

test("a snapshot's deletions are those it was stored with, whatever was deleted since", () => {
  const contents = contentsWithDeletions();
  const expected = contents.deletions.encodeAsUpdate();
  const snapshot = new StoredSnapshot(contents.stateVector.clone(), contents.encode());
  contents.deletions.add(1, 12, 20);
  expect(snapshot.deleteSetUpdate).toEqual(expected);
});

test("they are encoded once, and do not lean on the bytes they were read from", () => {
  const contents = contentsWithDeletions();
  const stored = contents.encode();
  const snapshot = new StoredSnapshot(contents.stateVector.clone(), stored);
  stored.fill(255);
  expect(snapshot.deleteSetUpdate).toEqual(contents.deletions.encodeAsUpdate());
  expect(snapshot.deleteSetUpdate).toBe(snapshot.deleteSetUpdate);
});
