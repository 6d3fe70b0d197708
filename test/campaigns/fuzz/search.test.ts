/** The search finds what is there to be found, tells it such that it can be seen again, and finds more where it is led by coverage. */
import { expect, test } from "vitest";
import { Coverage } from "./coverage.js";
import { replay } from "./campaign.js";
import { type Lineage, textOf, lineageIn } from "./lineage.js";
import { maze } from "./maze.js";
import { Player } from "./player.js";
import { Search, type Failure } from "./search.js";
import type { Target } from "./target.js";

/** Far longer than it takes. */
const spanMs = 60_000;

async function search(target: Target, seed: number): Promise<Failure | undefined> {
  const player = new Player(target);
  const coverage = new Coverage(/campaigns\/fuzz\/maze/);
  await coverage.start();
  try {
    const found = new Search({ player, coverage, seed, spanMs, corpus: [], isGuided: true });
    await found.run();
    return found.failure;
  } finally {
    await coverage.stop();
    await player.stop();
  }
}

/** Fails at a step that says 7 after one that said 3, whatever else there is. */
const pairTarget: Target = {
  name: "pair",
  play: (tape, outcomes) => {
    let isReady = false;
    for (let count = 5 + tape.int(20); count > 0; count--) {
      tape.beginStep();
      const number = tape.int(10);
      tape.say(() => `says ${number}`);
      outcomes.note("step");
      if (number === 7 && isReady) throw new Error("seven after three");
      isReady ||= number === 3;
    }
  },
};

test("an input that fails is found, and played again by its seed it fails again", async () => {
  const failure = await search(pairTarget, 1);
  expect(failure?.error.message).toBe("seven after three");
  const lineage = lineageIn(textOf(failure?.lineage as Lineage));
  expect(await replay(pairTarget, lineage, () => undefined)).toContain("seven after three");
});

test("it is told in its simplest form", async () => {
  const failure = await search(pairTarget, 2);
  const { story = [] } = failure ?? {};
  expect(story.at(-1)).toBe("→ seven after three");
  expect(story.slice(-3, -1)).toEqual(["says 3", "says 7"]);
  expect(story.slice(0, -3).every((line) => line === "says 0")).toBe(true);
});

test("what one input in two million does is found step by step", async () => {
  const failure = await search(maze, 1);
  expect(failure?.error.message).toBe("out of the maze");
});
