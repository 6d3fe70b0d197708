import { beforeEach, describe, expect, it } from "vitest";
import { FakeTiming } from "../test-support/fake-timing.js";
import { Heartbeat } from "./heartbeat.js";

describe("the heartbeat", () => {
  let timing: FakeTiming;
  let heartbeat: Heartbeat;
  let unackedBytes: number;
  let pings: number[];
  let silentAtMs: number | undefined;
  let startMs: number;

  beforeEach(() => {
    timing = new FakeTiming();
    startMs = timing.now();
    unackedBytes = 0;
    pings = [];
    silentAtMs = undefined;
    heartbeat = new Heartbeat({
      timing,
      unackedBytes: () => unackedBytes,
      sendPing: () => pings.push(timing.now() - startMs),
      onSilence: () => (silentAtMs = timing.now() - startMs),
    });
  });

  it("asks an idle link after 15 s and gives it up after 30", () => {
    timing.advance(60_000);
    expect([pings, silentAtMs, timing.timerCount]).toEqual([[15_000], 30_000, 0]);
  });

  it("gives a link with unacknowledged edits 5 s, counted from the edit", () => {
    timing.advance(14_000);
    unackedBytes = 10;
    heartbeat.hurry();
    timing.advance(60_000);
    expect([pings, silentAtMs]).toEqual([[16_500], 19_000]);
  });

  it("gives 5 s from the edit, too, when an answer is already waited for", () => {
    timing.advance(16_000);
    unackedBytes = 10;
    heartbeat.hurry();
    timing.advance(60_000);
    expect(silentAtMs).toBe(18_500);
  });

  it("keeps a link whose server is slow to write but answers", () => {
    unackedBytes = 10;
    heartbeat.hurry();
    for (let i = 0; i < 20; i++) {
      timing.advance(2_600);
      heartbeat.heard();
    }
    expect(pings.length).toBeGreaterThan(10);
    expect(silentAtMs).toBeUndefined();
  });

  it("gives a large upload the time a slow link needs", () => {
    unackedBytes = 3_200_000;
    heartbeat.hurry();
    timing.advance(100_000);
    expect(silentAtMs).toBeUndefined();
    timing.advance(200_000);
    expect(silentAtMs).toBe(205_000);
  });

  it("is patient again once everything is acknowledged", () => {
    unackedBytes = 10;
    heartbeat.hurry();
    timing.advance(1_000);
    unackedBytes = 0;
    heartbeat.heard();
    timing.advance(14_900);
    expect(pings).toEqual([]);
  });

  it("asks after sleep, and does not hang up unasked", () => {
    timing.sleep(8 * 3_600_000);
    timing.advance(0);
    expect([pings.length, silentAtMs]).toEqual([1, undefined]);
    heartbeat.heard();
    timing.advance(15_000);
    expect([pings.length, silentAtMs]).toEqual([2, undefined]);
  });

  it("expects the answer to a probe within 2.5 s", () => {
    timing.advance(5_000);
    heartbeat.probe();
    timing.advance(60_000);
    expect([pings, silentAtMs]).toEqual([[5_000], 7_500]);
  });

  it("has no timer once stopped", () => {
    heartbeat.stop();
    heartbeat.hurry();
    heartbeat.probe();
    heartbeat.heard();
    timing.advance(60_000);
    expect([timing.timerCount, pings, silentAtMs]).toEqual([0, [], undefined]);
  });
});
