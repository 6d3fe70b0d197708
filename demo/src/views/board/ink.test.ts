/** What anybody can put into the document is drawn, or is nothing: it never throws. */
import fc from "fast-check";
import * as Y from "yjs";
import { describe, expect, test } from "vitest";
import { strokeOf, strokesOf } from "../../document.js";
import { maxPointCount, readInk } from "./ink.js";

const inDocument = (value: unknown): unknown => {
  const strokes: Y.Array<unknown> = new Y.Doc().getArray("strokes");
  strokes.push([value]);
  return strokes.get(0);
};

const lineWith = (fields: Record<string, unknown>): unknown =>
  inDocument(new Y.Map(Object.entries({ color: "#20798a", size: 8, points: Y.Array.from([1, 2, 0.5]), ...fields })));

describe("what is drawn of a line in the document", () => {
  test("is what was put there", () => {
    const doc = new Y.Doc();
    strokesOf(doc).push([strokeOf("#20798a", 8, [10, 20, 0.5, 30.5, 40, 0.25])]);
    expect(readInk(strokesOf(doc).get(0))).toEqual({
      color: "#20798a",
      size: 8,
      points: [
        [10, 20, 0.5],
        [30.5, 40, 0.25],
      ],
    });
  });

  test("is on the board, however far away it was put", () => {
    const points = Y.Array.from([-1e300, 1e300, 7]);
    expect(readInk(lineWith({ points }))?.points).toEqual([[0, 1000, 1]]);
  });

  test("is nothing of a point that is not complete", () => {
    const points = Y.Array.from([1, 2, 0.5, 3, 4]);
    expect(readInk(lineWith({ points }))?.points).toEqual([[1, 2, 0.5]]);
  });

  test.each([
    ["no colour", { color: "url(//example.org)" }],
    ["a colour that is a number", { color: 5 }],
    ["no width", { size: undefined }],
    ["a width that is a text", { size: "8" }],
    ["a width of nothing", { size: 0 }],
    ["a width that hides the others", { size: 5_000 }],
    ["a width that is no number", { size: NaN }],
    ["no points", { points: null }],
    ["points that are no list of Yjs", { points: [1, 2, 0.5] }],
    ["too few points", { points: Y.Array.from([1, 2]) }],
    ["a point that is no number", { points: Y.Array.from([1, NaN, 0.5]) }],
    ["a point that is a text", { points: Y.Array.from<number | string>([1, "2", 0.5]) }],
    ["more points than can be drawn in time", { points: Y.Array.from(Array<number>(3 * maxPointCount + 3).fill(1)) }],
  ])("is nothing of one with %s", (_, fields) => {
    expect(readInk(lineWith(fields))).toBeUndefined();
  });

  test("is nothing of what is no line at all", () => {
    for (const value of [null, 5, "line", true, [1, 2, 3], new Y.Text("line"), new Y.Array(), new Y.Map()]) {
      expect(readInk(inDocument(value))).toBeUndefined();
    }
  });

  test("can be drawn, whatever the numbers are", () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 3, maxLength: 60 });
    fc.assert(
      fc.property(numbers, (points) => {
        const ink = readInk(lineWith({ points: Y.Array.from(points) }));
        return ink?.points.every(([x, y, pressure]) => x >= 0 && x <= 1600 && y >= 0 && y <= 1000 && pressure <= 1);
      }),
    );
  });
});
