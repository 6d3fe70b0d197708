import { expect, test } from "vitest";
import { crashStory, type CrashNews } from "./crash-story.js";
import type { Edit } from "./saved-edits.js";

const edit = (number: number, count = 1): Edit => ({ number, count, inserted: [], deleted: [] });
const compared = (savedCount: number, missing: readonly (readonly [string, readonly Edit[]])[] = []): CrashNews => ({
  kind: "compared",
  awayMs: 712,
  savedCount,
  missing: missing.map(([name, edits]) => ({ name, edits })),
});

test.each([
  [0, "No edit of these panes had shown as on disk yet."],
  [1, "The one edit that showed as on disk is there."],
  [1212, "All 1,212 edits that showed as on disk are there."],
])("with %d edits saved and none missing it is calm", (savedCount, sentence) => {
  expect(crashStory(compared(savedCount))).toEqual({
    tone: "good",
    sentence: `Killed with kill -9 and back after 0.7 s. ${sentence}`,
  });
});

test.each<[CrashNews, string]>([
  [compared(1, [["Inge", [edit(1)]]]), "Of 1 edit that showed as on disk, 1 is missing: edit 1 of Inge’s pane."],
  [
    compared(30, [
      ["Inge", [edit(4), edit(6), edit(7), edit(8)]],
      ["Emil", [edit(9, 3), edit(10)]],
    ]),
    "Of 30 edits that showed as on disk, 8 are missing: edits 4 and 6 to 8 of Inge’s pane, and edits 7 to 10 of Emil’s pane.",
  ],
])("when anything is missing it says what, and is no longer calm", (news, sentence) => {
  const story = crashStory(news);
  expect(story.tone).toBe("alarm");
  expect(story.sentence).toBe(`Killed with kill -9 and back after 0.7 s. ${sentence}`);
});

const inconclusive: CrashNews[] = [
  { kind: "killing" },
  { kind: "down" },
  { kind: "reading" },
  { kind: "unreachable" },
  { kind: "refused" },
  { kind: "not-back", afterMs: 20_000 },
  { kind: "unread", awayMs: 700, reason: "it did not answer in time" },
];

test.each(inconclusive)("$kind promises nothing", (news) => {
  const { tone, sentence } = crashStory(news);
  expect(tone).not.toBe("good");
  expect(sentence).not.toMatch(/\ball\b|there\b|safe|lost/i);
  expect(sentence).toMatch(/^[A-Z].*[.…]$/);
});
