import { expect, test } from "vitest";
import { varUintBytes } from "./var-uint.js";

test("the length of a number is known without writing it", () => {
  expect([0, 127, 128, 16383, 16384, 2 ** 53 - 1].map(varUintBytes)).toEqual([1, 1, 2, 2, 3, 8]);
});
