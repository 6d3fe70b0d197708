/** The shape of a line: what a pen of its width would have left, thicker where it was slow or pressed. */
import { getStroke } from "perfect-freehand";
import type { Ink } from "./ink.js";

/** What devices without a pressure say. */
export const unknownPressure = 0.5;

export type Outline = readonly (readonly [x: number, y: number])[];

export function outlineOf({ size, points }: Ink): Outline {
  return getStroke(points, {
    size,
    thinning: 0.45,
    smoothing: 0.5,
    streamline: 0.35,
    simulatePressure: points.every(([, , pressure]) => pressure === unknownPressure),
    // The same shape while it grows and after: nothing says which point is the last.
    last: true,
  });
}

/** Rounded: each corner is where a curve is pulled to, and the middle between two where it goes through. */
export function pathOf(outline: Outline): Path2D {
  const path = new Path2D();
  const [first] = outline;
  if (!first) return path;
  path.moveTo(first[0], first[1]);
  outline.forEach(([x, y], at) => {
    const [nextX, nextY] = outline[(at + 1) % outline.length] ?? first;
    path.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  });
  path.closePath();
  return path;
}
