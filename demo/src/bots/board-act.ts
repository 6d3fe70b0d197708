/** A bot at the board: draws a small shape, and rubs out its oldest when it has three. */
import * as Y from "yjs";
import { strokeOf, strokesOf, type Pointer } from "../document.js";
import type { Act, Stage } from "./act.js";
import { shape, type Point } from "./shapes.js";

const mostStrokes = 3;
const pointsAStep = 4;

export const actOnBoard: Act = function* (stage) {
  const { doc, chance, work, color } = stage;
  if (work.pieceCount >= mostStrokes) {
    work.removeOldest();
    yield;
  }
  const [first, ...rest] = shape(chance);
  if (!first) return;
  point(stage, first, false);
  yield;
  work.begin();
  const stroke = strokeOf(color, chance.between(3, 8), flat([first]));
  strokesOf(doc).push([stroke]);
  point(stage, first, true);
  yield;
  for (let drawn = 0; drawn < rest.length; drawn += pointsAStep) {
    const points = stroke.get("points");
    // Somebody rubbed it out.
    if (!(points instanceof Y.Array)) break;
    const next = rest.slice(drawn, drawn + pointsAStep);
    points.push(flat(next));
    point(stage, next.at(-1) ?? first, true);
    yield;
  }
  point(stage, rest.at(-1) ?? first, false);
};

function flat(points: readonly Point[]): number[] {
  return points.flatMap(({ x, y, pressure }) => [x, y, pressure]);
}

function point({ show }: Stage, { x, y }: Point, isDown: boolean): void {
  const pointer: Pointer = { x, y, isDown };
  show({ pointer });
}
