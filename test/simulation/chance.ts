/** Chance of a simulated world: a stream of numbers for each part of it, so that a change to one leaves the others as they were. */
import { Random } from "../fixtures/random.js";

export function streamOf(seed: number, name: string): Random {
  let mixed = seed >>> 0;
  for (const character of name) mixed = Math.imul(mixed ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return new Random(mixed ^ Math.imul(seed, 0x9e3779b1));
}

/** A number from `low` up to, not including, `high`. */
export function between(random: Random, low: number, high: number): number {
  return low + (random.int(2 ** 30) / 2 ** 30) * (high - low);
}

/** Of a table of names and weights, one name. */
export function weighted<Name extends string>(random: Random, weights: Readonly<Partial<Record<Name, number>>>): Name {
  const entries = Object.entries(weights) as [Name, number][];
  let left = between(
    random,
    0,
    entries.reduce((sum, [, weight]) => sum + weight, 0),
  );
  for (const [name, weight] of entries) {
    left -= weight;
    if (left < 0) return name;
  }
  throw new Error("nothing to choose from");
}
