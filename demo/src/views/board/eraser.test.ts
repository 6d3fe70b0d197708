/** Lines are touched by where their ink is, not by where their points are. */
import { expect, test } from "vitest";
import { boxAround } from "./box.js";
import { eraserRadius, linesUnder } from "./eraser.js";
import type { InkPoint } from "./ink.js";
import type { Line } from "./sheet.js";
import { outlineOf } from "./outline.js";
import { strokeOf } from "../../document.js";

const size = 8;

function lineThrough(...points: InkPoint[]): Line {
  const ink = { color: "#20798a", size, points };
  const outline = outlineOf(ink);
  return { stroke: strokeOf(ink.color, size, points.flat()), ink, outline, box: boxAround(outline), by: undefined };
}

const across = lineThrough([100, 500, 0.5], [900, 500, 0.5]);

test("an eraser that crosses a line between two of its points touches it", () => {
  expect(linesUnder([across], [500, 300], [500, 700])).toEqual([across]);
});

test("an eraser that only comes near touches what its reach touches", () => {
  const reach = eraserRadius + size / 2;
  expect(linesUnder([across], [500, 500 + reach - 1], [500, 500 + reach - 1])).toEqual([across]);
  expect(linesUnder([across], [500, 500 + reach + 1], [500, 500 + reach + 1])).toEqual([]);
});

test("a line whose box is under it, and whose ink is not, stays", () => {
  const corner = lineThrough([100, 100, 0.5], [100, 900, 0.5], [900, 900, 0.5]);
  expect(linesUnder([corner, across], [600, 200], [700, 300])).toEqual([]);
});

test("a dot can be erased", () => {
  const dot = lineThrough([300, 300, 0.5]);
  expect(linesUnder([dot], [305, 305], [305, 305])).toEqual([dot]);
});
