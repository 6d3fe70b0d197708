import { describe, expect, it } from "vitest";
import type { TracedEdit } from "./edit-timeline.js";
import { duration, editStory, shortDuration, trailStory } from "./edit-words.js";

const edit = (number: number, receivedAtMs?: number, durableAtMs?: number): TracedEdit => ({
  number,
  madeAtMs: 100,
  receivedAtMs,
  durableAtMs,
});

describe("the edit trail in words", () => {
  it("says times as people do", () => {
    expect([0.2, 6.4, 999, 999.6, 1_400, 59_900, 59_960, 600_000].map(duration)).toEqual([
      "under 1 ms",
      "6 ms",
      "999 ms",
      "1.0 s",
      "1.4 s",
      "59.9 s",
      "1 min",
      "10 min",
    ]);
  });

  it("says them shortly where there is no room", () => {
    expect([0.2, 6.4].map(shortDuration)).toEqual(["<1 ms", "6 ms"]);
  });

  it("tells the story of one edit, as far as it goes", () => {
    expect([edit(12, 104, 107), edit(13, 104), edit(14)].map(editStory)).toEqual([
      "edit 12: received after 4 ms, on disk after 7 ms",
      "edit 13: received after 4 ms, not on disk yet",
      "edit 14: only in this browser so far",
    ]);
  });

  it("tells the story of all of them, and leaves out what none of them is", () => {
    expect([
      trailStory([], undefined),
      trailStory([edit(1)], undefined),
      trailStory([edit(1, 104, 106), edit(2, 104, 112), edit(3, 104), edit(4)], { medianMs: 6, slowMs: 12 }),
    ]).toEqual([
      "No edits were made in this pane yet.",
      "The latest edit of this pane: 1 only in this browser.",
      "The latest 4 edits of this pane: 2 on the server’s disk; 1 received by the server, not on its disk yet; " +
        "1 only in this browser. It took 6 ms at the median to get to the disk, 12 ms at the 95th percentile.",
    ]);
  });
});
