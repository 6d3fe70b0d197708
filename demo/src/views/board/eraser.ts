/** Which lines an eraser touches on its way. */
import { boxAround, doMeet, grown } from "./box.js";
import { between } from "./ink.js";
import type { Line } from "./sheet.js";

type Place = readonly [x: number, y: number, ...rest: number[]];

type Way = readonly [from: Place, to: Place];

/** In board units, from the middle of the eraser. */
export const eraserRadius = 14;

export function linesUnder(lines: readonly Line[], from: Place, to: Place): readonly Line[] {
  const way = grown(boxAround([from, to]), eraserRadius);
  return lines.filter((line) => doMeet(line.box, way) && isTouched(line, from, to));
}

function isTouched({ ink: { points, size } }: Line, from: Place, to: Place): boolean {
  const reach = eraserRadius + size / 2;
  return points.some((point, at) => comeNear(reach, [from, to], [points[at - 1] ?? point, point]));
}

/** Whether two straight ways come nearer to each other than `reach`, or cross. */
function comeNear(reach: number, [a, b]: Way, [c, d]: Way): boolean {
  const nearest = Math.min(distanceTo(a, c, d), distanceTo(b, c, d), distanceTo(c, a, b), distanceTo(d, a, b));
  return nearest <= reach || cross(a, b, c, d);
}

function distanceTo([x, y]: Place, [fromX, fromY]: Place, [toX, toY]: Place): number {
  const [dx, dy] = [toX - fromX, toY - fromY];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : between(0, ((x - fromX) * dx + (y - fromY) * dy) / length, 1);
  return Math.hypot(x - fromX - share * dx, y - fromY - share * dy);
}

function cross(a: Place, b: Place, c: Place, d: Place): boolean {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** On which side of the way from `a` to `b` it is: the sign says. */
function side([ax, ay]: Place, [bx, by]: Place, [x, y]: Place): number {
  return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
}
