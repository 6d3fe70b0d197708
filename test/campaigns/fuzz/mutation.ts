/** Changes a tape a little, and makes one shorter: numbers, stretches of numbers, whole steps. Knows no target. */
import { Random } from "../../fixtures/random.js";
import { wordLimit, type Recording } from "./tape.js";

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What to draw next, of a child of `parent`: one to four changes. */
export function mutated(parent: Recording, seed: number): number[] {
  const random = new Random(seed);
  let words = [...parent.words];
  for (let count = random.pick([1, 1, 2, 4]); count > 0 && words.length > 0; count--) {
    const isOfSteps = parent.steps.length > 0 && random.chance(0.5);
    words = isOfSteps ? moveSteps(random, words, parent) : changeWords(random, words);
  }
  return words;
}

function changeWords(random: Random, words: readonly number[]): number[] {
  const at = random.int(words.length);
  const length = random.pick([1, 1, 1, 2, 4, 16]);
  const fresh = Array.from({ length }, () => random.int(wordLimit));
  const word = words[at] ?? 0;
  switch (random.int(6)) {
    case 0:
      return words.toSpliced(at, length, ...fresh);
    case 1:
      return words.toSpliced(at, 1, Math.min(wordLimit - 1, Math.max(0, word + random.int(2_001) - 1_000)));
    case 2:
      return words.toSpliced(at, length);
    case 3:
      return words.toSpliced(at, 0, ...fresh);
    case 4:
      return words.toSpliced(at, 1, random.pick([0, wordLimit - 1, word ^ (1 << random.int(16))]));
    default:
      // What comes after is new.
      return words.slice(0, at);
  }
}

function moveSteps(random: Random, words: readonly number[], { steps }: Recording): number[] {
  const from = spanOf(random, words, steps);
  const to = spanOf(random, words, steps);
  const moved = words.slice(from.start, from.end);
  switch (random.int(4)) {
    case 0:
      return words.toSpliced(from.start, from.end - from.start);
    case 1:
      return words.toSpliced(to.start, 0, ...moved);
    case 2:
      return words.toSpliced(to.start, to.end - to.start, ...moved);
    default:
      return words.toSpliced(
        from.start,
        from.end - from.start,
        ...Array.from({ length: moved.length }, () => random.int(wordLimit)),
      );
  }
}

/** One to four steps in a row. */
function spanOf(random: Random, words: readonly number[], steps: readonly number[]): Span {
  const first = random.int(steps.length);
  return { start: steps[first] ?? 0, end: steps[first + random.pick([1, 1, 2, 4])] ?? words.length };
}

/** Tapes that may be simpler than `recording`, the boldest first. */
export function* simpler({ words, steps }: Recording): Iterable<number[]> {
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let first = steps.length - size; first >= 0; first -= size) {
      const [start = 0, end = words.length] = [steps[first], steps[first + size]];
      yield [...words.slice(0, start), ...words.slice(end)];
    }
  }
  for (let size = 16; size >= 1; size = Math.floor(size / 4)) {
    for (let at = words.length - size; at >= 0; at -= size) {
      if (words.slice(at, at + size).some((word) => word > 0)) {
        yield words.map((word, index) => (index >= at && index < at + size ? 0 : word));
      }
    }
  }
}
