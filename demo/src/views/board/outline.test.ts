/** The shapes that lines get, as far as the board relies on them. */
import { expect, test } from "vitest";
import { boxAround } from "./box.js";
import type { Ink, InkPoint } from "./ink.js";
import { outlineOf } from "./outline.js";

const line = (points: InkPoint[]): Ink => ({ color: "#20798a", size: 20, points });

const heightAt = (ink: Ink): number => {
  const { top, bottom } = boxAround(outlineOf(ink));
  return bottom - top;
};

test("a single point is a dot about as wide as the pen", () => {
  const { left, right, top, bottom } = boxAround(outlineOf(line([[500, 500, 0.5]])));
  expect(right - left).toBeGreaterThan(5);
  expect(right - left).toBeLessThan(25);
  expect([Math.round((left + right) / 2), Math.round((top + bottom) / 2)]).toEqual([500, 500]);
});

test("a line is there from its first point to its last", () => {
  const { left, right } = boxAround(outlineOf(line(straight(0.5))));
  expect(left).toBeLessThanOrEqual(101);
  expect(right).toBeGreaterThanOrEqual(899);
});

test("a line that was pressed harder is wider", () => {
  expect(heightAt(line(straight(0.9)))).toBeGreaterThan(heightAt(line(straight(0.2))));
});

test("a thousand times the same point has a shape of numbers", () => {
  const outline = outlineOf(line(Array.from({ length: 1_000 }, () => [0, 0, 0] as InkPoint)));
  expect(outline.flat().every(Number.isFinite)).toBe(true);
});

function straight(pressure: number): InkPoint[] {
  return Array.from({ length: 41 }, (_, at) => [100 + 20 * at, 500, pressure]);
}
