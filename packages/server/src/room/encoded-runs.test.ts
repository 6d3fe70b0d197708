import { beforeEach, expect, test } from "vitest";
import { EncodedRuns } from "./encoded-runs.js";
import type { LogItem } from "./log.js";
import type { Member } from "./member.js";

const last = 0xff;

const somebody = () => ({}) as Member;
const [ann, bob, reader, otherReader] = [somebody(), somebody(), somebody(), somebody()];

/** What was encoded, in this order. */
let encoded: number[][];
beforeEach(() => (encoded = []));

function wrote(author: Member, ...bytes: (number | undefined)[]): LogItem[] {
  return bytes.map((byte) => ({ author, n: 0, update: byte === undefined ? undefined : Uint8Array.of(byte) }));
}

/** The updates' bytes; `last` behind those that nothing follows. */
function runsOf(...items: LogItem[][]): EncodedRuns {
  return new EncodedRuns(items.flat(), (updates, isLast) => {
    const bytes = updates.flatMap((update) => [...update]);
    encoded.push(bytes);
    return Uint8Array.from(isLast ? [...bytes, last] : bytes);
  });
}

test("who wrote none of it has all of it in order, in the very same bytes", () => {
  const runs = runsOf(wrote(ann, 1, 2), wrote(bob, 3), wrote(ann, 4));
  expect([...(runs.for(reader) ?? [])]).toEqual([1, 2, 3, 4, last]);
  expect(runs.for(otherReader)).toBe(runs.for(reader));
});

test("nobody has their own back, and the last that each has is known as the last", () => {
  const runs = runsOf(wrote(ann, 1, 2), wrote(bob, 3), wrote(ann, 4));
  expect([...(runs.for(ann) ?? [])]).toEqual([3, last]);
  expect([...(runs.for(bob) ?? [])]).toEqual([1, 2, 4, last]);
});

test("what was written in a row is encoded once, however many authors there are", () => {
  const authors = Array.from({ length: 10 }, somebody);
  const runs = runsOf(...authors.map((author, index) => wrote(author, index, index)));
  for (const member of [reader, ...authors]) runs.for(member);
  // The last but one a second time: it is the last that the last author has.
  const expected = [...authors.keys(), 8].map((index) => [index, index]);
  expect(encoded.toSorted()).toEqual(expected.toSorted());
});

test("for who wrote all of it there is nothing, and it is not encoded for nobody", () => {
  const runs = runsOf(wrote(ann, 1, 2));
  expect(runs.for(ann)).toBeUndefined();
  expect(encoded).toEqual([]);
});

test("what brought nothing new is sent to nobody, and parts no run", () => {
  expect(runsOf(wrote(ann, undefined)).for(reader)).toBeUndefined();
  const runs = runsOf(wrote(ann, 1), wrote(bob, undefined), wrote(ann, 2));
  expect([...(runs.for(bob) ?? [])]).toEqual([1, 2, last]);
  expect(encoded).toEqual([[1, 2]]);
});
