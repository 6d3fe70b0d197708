import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NetworkConditions } from "./conditions.js";
import { lastStep, roundTripAt, stepOf } from "./round-trip-scale.js";

describe("the conditions of a network", () => {
  it("are said in a few words when they are bad, and not at all when they are not", () => {
    const conditions = new NetworkConditions();
    const said = [conditions.summary];
    for (const change of [{ roundTripMs: 300 }, { lossPercent: 5 }, { roundTripMs: 0 }]) {
      conditions.change(change);
      said.push(conditions.summary);
    }
    conditions.reset();
    expect([...said, conditions.summary]).toEqual(["", "300 ms", "300 ms, 5 % loss", "5 % loss", ""]);
  });

  it("stay within bounds", () => {
    const conditions = new NetworkConditions();
    conditions.change({ roundTripMs: 1e9, lossPercent: 100 });
    expect([conditions.roundTripMs, conditions.lossPercent]).toEqual([2_000, 40]);
    conditions.change({ roundTripMs: -1, lossPercent: -1 });
    expect(conditions.isAtRest).toBe(true);
  });

  it("tell who listens, until they no longer do", () => {
    const conditions = new NetworkConditions();
    let count = 0;
    const unsubscribe = conditions.subscribe(() => (count += 1));
    conditions.change({ roundTripMs: 10 });
    unsubscribe();
    conditions.reset();
    expect(count).toBe(1);
  });
});

describe("the slider of round trips", () => {
  it("goes from nothing to two seconds, and spends half of its way below 300 ms", () => {
    expect([roundTripAt(0), roundTripAt(lastStep)]).toEqual([0, 2_000]);
    expect(roundTripAt(Math.round(lastStep / 2))).toBeLessThan(300);
  });

  it("shows each of its steps where it is, and each further than the one before", () => {
    const steps = Array.from({ length: lastStep + 1 }, (_, step) => step);
    expect(steps.map((step) => stepOf(roundTripAt(step)))).toEqual(steps);
    expect(steps.slice(1).every((step) => roundTripAt(step) > roundTripAt(step - 1))).toBe(true);
  });

  it("finds a step for what is between two", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000 }), (ms) => {
        const step = stepOf(ms);
        expect(roundTripAt(step)).toBeLessThanOrEqual(ms);
        if (step < lastStep) expect(roundTripAt(step + 1)).toBeGreaterThan(ms);
      }),
    );
  });
});
