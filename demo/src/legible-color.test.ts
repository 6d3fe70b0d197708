/** A line has one colour; it is seen on light and on dark paper. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { contrast, legibleColor, rgbOf, rgbOfStyle, type Rgb } from "./legible-color.js";

const lightPaper: Rgb = [252, 252, 250];
const darkPaper: Rgb = [23, 31, 33];

test("any colour can be told from light and from dark paper", () => {
  const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, "0")}`);
  fc.assert(
    fc.property(color, fc.constantFrom(lightPaper, darkPaper), (drawn, paper) => {
      expect(contrast(rgbOf(legibleColor(drawn, paper)), paper)).toBeGreaterThanOrEqual(4);
    }),
  );
});

test("a colour that can be seen stays as it is", () => {
  expect(legibleColor("#20798a", lightPaper)).toBe("#20798a");
  expect(legibleColor("#ffffff", darkPaper)).toBe("#ffffff");
});

test("the paper's colour is read as browsers say it", () => {
  expect(rgbOfStyle("rgb(23, 31, 33)")).toEqual([23, 31, 33]);
  expect(rgbOfStyle("rgba(23, 31, 33, 0.5)")).toEqual([23, 31, 33]);
  expect(rgbOfStyle("color(srgb 1 1 1)")).toEqual([255, 255, 255]);
  expect(rgbOfStyle("")).toEqual([255, 255, 255]);
});
