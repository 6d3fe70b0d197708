import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EditTimeline, stageOf } from "./edit-timeline.js";

const nothing = { inThisBrowser: 0, received: 0, durable: 0 };

function makeTimeline(capacity = 48) {
  const timeline = new EditTimeline(capacity, nothing);
  const observe = (inThisBrowser: number, received: number, durable: number, nowMs: number) =>
    timeline.observe({ inThisBrowser, received, durable }, nowMs);
  return { timeline, observe };
}

describe("the timeline of edits", () => {
  it("knows of each edit when it was made, received, and on disk", () => {
    const { timeline, observe } = makeTimeline();
    observe(1, 0, 0, 10);
    observe(2, 0, 0, 12);
    observe(2, 2, 0, 15);
    observe(2, 2, 1, 17);
    expect(timeline.edits).toEqual([
      { number: 1, madeAtMs: 10, receivedAtMs: 15, durableAtMs: 17 },
      { number: 2, madeAtMs: 12, receivedAtMs: 15, durableAtMs: undefined },
    ]);
    expect(timeline.edits.map(stageOf)).toEqual(["durable", "received"]);
    expect(timeline.isWaiting).toBe(true);
  });

  it("takes back that an edit was received when the connection broke before it was on disk", () => {
    const { timeline, observe } = makeTimeline();
    observe(2, 2, 1, 0);
    observe(2, 1, 1, 5);
    expect(timeline.edits.map(stageOf)).toEqual(["durable", "inThisBrowser"]);
    observe(2, 2, 2, 90);
    expect(timeline.edits[1]).toEqual({ number: 2, madeAtMs: 0, receivedAtMs: 90, durableAtMs: 90 });
    expect(timeline.isWaiting).toBe(false);
  });

  it("says whether there was any news", () => {
    const { observe } = makeTimeline();
    expect([observe(0, 0, 0, 0), observe(1, 0, 0, 1), observe(1, 0, 0, 2), observe(1, 1, 0, 3)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  it("leaves out what was there before anybody looked", () => {
    const timeline = new EditTimeline(48, { inThisBrowser: 7, received: 5, durable: 5 });
    timeline.observe({ inThisBrowser: 8, received: 8, durable: 8 }, 3);
    expect(timeline.edits.map(({ number }) => number)).toEqual([8]);
  });

  it("says how long half of the edits took, and all but the slowest twentieth", () => {
    const { timeline, observe } = makeTimeline();
    expect(timeline.waitingTimes).toBeUndefined();
    for (let ms = 1; ms <= 20; ms += 1) {
      observe(ms, ms - 1, ms - 1, 1_000 * ms);
      observe(ms, ms, ms, 1_000 * ms + ms);
    }
    expect(timeline.waitingTimes).toEqual({ medianMs: 10, slowMs: 19 });
  });
});

type Happening = "make" | "receive" | "store" | "disconnect";

/** What really happened to each edit. */
function play(happenings: readonly (readonly [Happening, number])[], timeline: EditTimeline) {
  const made: number[] = [];
  let [received, durable] = [0, 0];
  for (const [nowMs, [what, count]] of happenings.entries()) {
    if (what === "make") made.push(...Array.from({ length: count }, () => nowMs));
    if (what === "receive") received = Math.min(made.length, received + count);
    if (what === "store") durable = Math.min(received, durable + count);
    if (what === "disconnect") received = durable;
    timeline.observe({ inThisBrowser: made.length, received, durable }, nowMs);
  }
  return { made, received, durable };
}

describe("any course of events", () => {
  const happening = fc.tuple(
    fc.constantFrom<Happening>("make", "receive", "store", "disconnect"),
    fc.integer({ min: 1, max: 9 }),
  );

  it("leaves the latest edits, as far as there is room, each at the stage that it is known to be at", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (happenings, capacity) => {
        const timeline = new EditTimeline(capacity, nothing);
        const { made, received, durable } = play(happenings, timeline);
        const { edits } = timeline;
        const firstNumber = Math.max(0, made.length - capacity) + 1;
        expect(edits.map(({ number }) => number)).toEqual(made.slice(-capacity).map((_, index) => firstNumber + index));
        for (const edit of edits) {
          expect(edit.madeAtMs).toBe(made[edit.number - 1]);
          const stage = edit.number <= durable ? "durable" : edit.number <= received ? "received" : "inThisBrowser";
          expect(stageOf(edit)).toBe(stage);
          const { madeAtMs, receivedAtMs = madeAtMs, durableAtMs = receivedAtMs } = edit;
          expect(madeAtMs <= receivedAtMs && receivedAtMs <= durableAtMs).toBe(true);
        }
      }),
    );
  });
});
