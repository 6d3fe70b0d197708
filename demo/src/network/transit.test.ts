import { describe, expect, it } from "vitest";
import { seededRandom } from "../../test-support/fake-timing.js";
import { transitMs } from "./transit.js";

/** Loses so many packets in a row, and then no more. */
const losing = (count: number) => () => (count-- > 0 ? 0 : 0.999);

describe("the time that a message takes", () => {
  it("is half of the round trip where nothing is lost", () => {
    expect(transitMs(1, { roundTripMs: 300, lossPercent: 0 }, losing(9))).toBe(150);
  });

  it("grows by a timeout for each loss, twice as long each time", () => {
    const times = [0, 1, 2, 3].map((count) => transitMs(1, { roundTripMs: 0, lossPercent: 40 }, losing(count)));
    expect(times).toEqual([0, 200, 200 + 400, 200 + 400 + 800]);
  });

  it("has longer timeouts where the round trip is long", () => {
    expect(transitMs(1, { roundTripMs: 500, lossPercent: 40 }, losing(1))).toBe(250 + 1_000);
  });

  it("is that of the slowest packet: the more there are, the more likely one is lost", () => {
    const slowShare = (byteCount: number) => {
      const random = seededRandom(7);
      const quality = { roundTripMs: 0, lossPercent: 2 };
      const times = Array.from({ length: 500 }, () => transitMs(byteCount, quality, random));
      return times.filter((ms) => ms > 0).length / times.length;
    };
    expect(slowShare(1_400)).toBeLessThan(0.05);
    expect(slowShare(140_000)).toBeGreaterThan(0.8);
  });

  it("ends, even where chance never lets anything through", () => {
    expect(transitMs(1, { roundTripMs: 2_000, lossPercent: 40 }, () => 0)).toBeLessThan(15 * 60_000);
  });
});
