import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barCount, barsOf, heightShare, isGrowing, mostBars } from "./edit-bars.js";
import type { TracedEdit } from "./edit-timeline.js";

const frame = { width: 240, height: 40 };

function edit(number: number, tookMs?: number): TracedEdit {
  const durableAtMs = tookMs === undefined ? undefined : 1_000 + tookMs;
  return { number, madeAtMs: 1_000, receivedAtMs: durableAtMs, durableAtMs };
}

describe("the bars of the edit trail", () => {
  it("are as high as the logarithm of the time", () => {
    expect([0, 1, Math.sqrt(5_000), 5_000, 60_000].map(heightShare)).toEqual([0, 0, expect.closeTo(0.5), 1, 1]);
  });

  it("grow while an edit waits, up to five seconds", () => {
    const heightAfter = (ms: number) => barsOf([edit(1)], frame, 1_000 + ms)[0]?.height ?? 0;
    const heights = [0, 10, 100, 1_000, 5_000, 50_000].map(heightAfter);
    expect(heights.slice(0, 5)).toEqual([...new Set(heights)].sort((a, b) => a - b));
    expect([isGrowing(edit(1), 5_900), isGrowing(edit(1), 6_000), isGrowing(edit(1, 9), 1_001)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("do not grow where nothing may move", () => {
    const [waiting, stored] = barsOf([edit(1), edit(2, 5_000)], frame, undefined);
    expect(waiting?.height).toBeLessThan(frame.height / 2);
    expect(stored?.height).toBe(frame.height);
  });

  it("lie side by side in whole pixels, the newest at the right edge, whatever the width", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 700 }), fc.integer({ min: 1, max: mostBars }), (width, count) => {
        const edits = Array.from({ length: count }, (_, index) => edit(index + 1, index));
        const bars = barsOf(edits, { width, height: 40 }, 9_999);
        expect(bars.map(({ edit: { number } }) => number)).toEqual(
          edits.slice(-barCount(width)).map(({ number }) => number),
        );
        expect(bars.every(({ x, width: barWidth }) => Number.isInteger(x) && x >= 0 && barWidth >= 3)).toBe(true);
        for (const [index, bar] of bars.entries()) {
          expect(bar.x + bar.width + 1).toBe(bars[index + 1]?.x ?? width);
          expect(bar.height).toBeGreaterThanOrEqual(3);
          expect(bar.height).toBeLessThanOrEqual(40);
        }
      }),
    );
  });
});
