/** Between any two there is a rank, or it is said that there is none. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { rankBetween } from "./rank.js";

test("a rank is between its neighbours, or there is none", () => {
  const rank = fc.option(fc.oneof(fc.double({ noNaN: true }), fc.integer()), { nil: undefined });
  fc.assert(
    fc.property(rank, rank, (before, after) => {
      const between = rankBetween(before, after);
      if (between === undefined) return;
      expect(Number.isFinite(between)).toBe(true);
      expect(before === undefined || before < between).toBe(true);
      expect(after === undefined || between < after).toBe(true);
    }),
  );
});

test("there is one before, between, after, and where there is nothing", () => {
  expect(rankBetween(undefined, undefined)).toBe(1);
  expect(rankBetween(undefined, 4)).toBe(3);
  expect(rankBetween(4, undefined)).toBe(5);
  expect(rankBetween(1, 2)).toBe(1.5);
});

test("there is none between equals, next to one without a rank, or where digits run out", () => {
  expect(rankBetween(1, 1)).toBeUndefined();
  expect(rankBetween(3, Infinity)).toBeUndefined();
  expect(rankBetween(Infinity, undefined)).toBeUndefined();
  expect(rankBetween(1, 1 + Number.EPSILON)).toBeUndefined();
  expect(rankBetween(2 ** 60, undefined)).toBeUndefined();
});
