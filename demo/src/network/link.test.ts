import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeTiming, seededRandom } from "../../test-support/fake-timing.js";
import { NetworkConditions, type NetworkQuality } from "./conditions.js";
import { Link } from "./link.js";

function makeLink(random?: () => number) {
  const timing = new FakeTiming(random);
  const conditions = new NetworkConditions();
  const link = new Link({ conditions, timing });
  const arrived: string[] = [];
  const startMs = timing.now();
  const send = (name: string, byteCount = 10) =>
    link.send(byteCount, () => arrived.push(`${name} after ${timing.now() - startMs}`));
  return { timing, conditions, link, arrived, send };
}

describe("one direction of a slow network", () => {
  it("is not there while nothing is wrong", () => {
    const { arrived, send, timing } = makeLink();
    send("a");
    expect(arrived).toEqual(["a after 0"]);
    expect(timing.timerCount).toBe(0);
  });

  it("takes half of a round trip", () => {
    const { timing, conditions, arrived, send } = makeLink();
    conditions.change({ roundTripMs: 300 });
    send("a");
    timing.advance(40);
    send("b");
    timing.advance(1_000);
    expect(arrived).toEqual(["a after 150", "b after 190"]);
  });

  it("holds up what follows a lost packet until that was sent again", () => {
    const chances = [0.01, 0.99, 0.99];
    const { timing, conditions, arrived, send } = makeLink(() => chances.shift() ?? 0.99);
    conditions.change({ roundTripMs: 100, lossPercent: 5 });
    send("lost");
    timing.advance(10);
    send("behind it");
    timing.advance(1_000);
    expect(arrived).toEqual(["lost after 250", "behind it after 250"]);
  });

  it("lets what comes onto a better network not overtake what was sent before", () => {
    const { timing, conditions, arrived, send } = makeLink();
    conditions.change({ roundTripMs: 100 });
    send("first");
    conditions.change({ roundTripMs: 40 });
    send("second");
    conditions.reset();
    send("third");
    timing.advance(1_000);
    expect(arrived).toEqual(["first after 0", "second after 0", "third after 0"]);
  });

  it("does not let anybody wait for a long timeout on a network that is good again", () => {
    const chances = [0, 0, 0, 0, 0];
    const { timing, conditions, arrived, send } = makeLink(() => chances.shift() ?? 0.99);
    conditions.change({ lossPercent: 40 });
    send("lost five times");
    timing.advance(1_000);
    expect(arrived).toEqual([]);
    conditions.reset();
    timing.advance(0);
    expect(arrived).toEqual(["lost five times after 1000"]);
  });

  it("delivers nothing once it is closed, and leaves no timer", () => {
    const { timing, conditions, link, arrived, send } = makeLink();
    conditions.change({ roundTripMs: 100 });
    send("in flight");
    link.close();
    send("too late");
    conditions.reset();
    timing.advance(1_000);
    expect(arrived).toEqual([]);
    expect(timing.timerCount).toBe(0);
  });

  it("delivers nothing more when an arrival closes it", () => {
    const { timing, conditions, link, arrived, send } = makeLink();
    conditions.change({ roundTripMs: 100 });
    link.send(1, () => link.close());
    send("behind");
    timing.advance(1_000);
    expect(arrived).toEqual([]);
    expect(timing.timerCount).toBe(0);
  });
});

type Step =
  | { readonly kind: "send"; readonly byteCount: number }
  | { readonly kind: "change"; readonly quality: NetworkQuality }
  | { readonly kind: "wait"; readonly ms: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("send" as const), byteCount: fc.integer({ min: 0, max: 20_000 }) }),
  fc.record({
    kind: fc.constant("change" as const),
    quality: fc.record({
      roundTripMs: fc.integer({ min: 0, max: 2_000 }),
      lossPercent: fc.integer({ min: 0, max: 40 }),
    }),
  }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 1_500 }) }),
);

/** Sends as the steps say. What arrived, by its number, and how much earlier than the best network meanwhile allows. */
function play(script: readonly Step[], seed: number) {
  const { timing, conditions, link } = makeLink(seededRandom(seed));
  const arrived: number[] = [];
  const early: number[] = [];
  const underway = new Map<number, { readonly sentAtMs: number; bestMs: number }>();
  let sentCount = 0;
  for (const step of script) {
    if (step.kind === "wait") timing.advance(step.ms);
    if (step.kind === "change") {
      for (const message of underway.values()) message.bestMs = Math.min(message.bestMs, step.quality.roundTripMs / 2);
      conditions.change(step.quality);
    }
    if (step.kind !== "send") continue;
    const number = sentCount++;
    underway.set(number, { sentAtMs: timing.now(), bestMs: conditions.roundTripMs / 2 });
    link.send(step.byteCount, () => {
      const { sentAtMs = Infinity, bestMs = 0 } = underway.get(number) ?? {};
      underway.delete(number);
      arrived.push(number);
      if (timing.now() < sentAtMs + bestMs) early.push(number);
    });
  }
  timing.advance(10_000_000);
  return { arrived, early, sentCount, timerCount: timing.timerCount };
}

describe("any sequence of messages and conditions", () => {
  it("arrives once, in order, and not before its time", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60 }), fc.nat(), (script, seed) => {
        const { arrived, early, sentCount, timerCount } = play(script, seed);
        expect(arrived).toEqual(Array.from({ length: sentCount }, (_, number) => number));
        expect(early).toEqual([]);
        expect(timerCount).toBe(0);
      }),
    );
  });
});
