/** For tests of the search: a place that chance alone does not reach, and whose corridors are code. */
import type { Target } from "./target.js";

const doorCount = 40;

export const maze: Target = {
  name: "maze",
  play: (tape, outcomes) => {
    const [first, second, third, fourth] = [1, 2, 3, 4].map(() => tape.int(doorCount));
    outcomes.note("walked");
    if (first !== 22) return;
    outcomes.note("first door");
    if (second !== 17) return;
    outcomes.note("second door");
    if (third !== 39) return;
    outcomes.note("third door");
    if (fourth !== 3) return;
    throw new Error("out of the maze");
  },
};
