/** What bots draw: the points of small shapes, x, y and pressure of each, as a stroke has them. */
import { boardSize } from "../document.js";
import type { Chance } from "./chance.js";

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly pressure: number;
}

/** From 0 to 1 along the line; around the middle of the shape, about 1 in size. */
type Curve = (along: number) => readonly [x: number, y: number];

const turn = 2 * Math.PI;
const pointCount = 30;
const margin = 160;

const curves: readonly [Curve, ...Curve[]] = [
  // A circle.
  (along) => [Math.cos(turn * along), Math.sin(turn * along)],
  // A wave, as of folded beds.
  (along) => [2.4 * (along - 0.5), 0.5 * Math.sin(2 * turn * along)],
  // A leaf.
  (along) => [Math.sin(turn * along) * 0.55 * Math.sin(turn * along * 0.5), -Math.cos(turn * along)],
  // A shell.
  (along) => [along * Math.cos(2.5 * turn * along), along * Math.sin(2.5 * turn * along)],
];

export function shape(chance: Chance): readonly Point[] {
  const curve = chance.oneOf(curves);
  const size = chance.between(40, 110);
  const middle = {
    x: chance.between(margin, boardSize.width - margin),
    y: chance.between(margin, boardSize.height - margin),
  };
  return Array.from({ length: pointCount }, (_, index) => {
    const along = index / (pointCount - 1);
    const [x, y] = curve(along);
    // Lighter where the pen comes down and goes up.
    const pressure = Math.round((0.3 + 0.5 * Math.sin(Math.PI * along)) * 100) / 100;
    return { x: Math.round(middle.x + size * x), y: Math.round(middle.y + size * y), pressure };
  });
}
