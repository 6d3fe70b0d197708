import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.js";

const limits = { baseMs: 200, capMs: 30_000 };

describe("backoff", () => {
  it("doubles the upper bound from the base to the cap", () => {
    const almostOne = 1 - Number.EPSILON;
    const ceilings = [1, 2, 3, 8, 9, 100].map((failureCount) => backoffMs(failureCount, almostOne, limits) + 1);
    expect(ceilings).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
  });

  it("spreads over the whole range, zero included", () => {
    expect([0, 0.25, 0.5].map((random) => backoffMs(2, random, limits))).toEqual([0, 100, 200]);
  });

  it("never leaves the range, however many attempts failed", () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        random,
        fc.integer({ min: 0, max: 1e6 }),
        (count, chance, capMs) => {
          const delayMs = backoffMs(count, chance, { baseMs: 200, capMs });
          return Number.isInteger(delayMs) && delayMs >= 0 && delayMs <= capMs;
        },
      ),
    );
  });
});
