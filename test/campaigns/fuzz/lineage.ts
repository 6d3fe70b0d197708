/**
 * The name of an input, by which it can be played again: the seed of its first ancestor, then that of each mutation, as in
 * `4711.17.3`. A plain number is an input made from nothing.
 */
import { mutated } from "./mutation.js";
import { blank, type Recording, Tape } from "./tape.js";

export type Lineage = readonly [first: number, ...mutations: number[]];

export function lineageIn(text: string): Lineage {
  const [first, ...mutations] = text.split(".").map(Number);
  const isSound = (number: number | undefined) =>
    Number.isSafeInteger(number) && Number(number) >= 0 && Number(number) < 2 ** 32;
  if (!isSound(first) || !mutations.every(isSound))
    throw new Error(`"${text}" is no seed; one looks like 7 or 4711.17.3`);
  return [first ?? 0, ...mutations];
}

export function textOf(lineage: Lineage): string {
  return lineage.join(".");
}

/** The tape of the last of `lineage`, whose parent was recorded as `parent`. */
export function tapeOf(lineage: Lineage, parent: Recording, tell?: (text: string) => void): Tape {
  const seed = lineage.at(-1) ?? 0;
  return new Tape(seed, parent === blank ? [] : mutated(parent, seed), tell);
}

/** Plays all ancestors, each of which is needed to make the next. Resolves with the parent's recording. */
export async function parentOf(lineage: Lineage, play: (tape: Tape) => Promise<unknown>): Promise<Recording> {
  let parent: Recording = blank;
  for (let count = 1; count < lineage.length; count++) {
    const [first, ...mutations] = lineage;
    const tape = tapeOf([first, ...mutations.slice(0, count - 1)], parent);
    await play(tape);
    parent = { words: tape.words, steps: tape.steps };
  }
  return parent;
}
