/** What of a line in the document can be drawn. Anybody may have written anything there: what is no line is nothing, never an error. */
import * as Y from "yjs";
import { boardSize, type Stroke } from "../../document.js";

export type InkPoint = [x: number, y: number, pressure: number];

export interface Ink {
  /** `#rrggbb` */
  readonly color: string;
  /** Width, in board units. */
  readonly size: number;
  readonly points: InkPoint[];
}

/** A line with more is not shown. */
export const maxPointCount = 4_000;
const maxSize = 100;
const numbersPerPoint = 3;

export function readInk(value: unknown): Ink | undefined {
  if (!(value instanceof Y.Map)) return undefined;
  const stroke: Y.Map<unknown> = value;
  const color = stroke.get("color");
  const size = stroke.get("size");
  const points = readPoints(stroke.get("points"));
  if (typeof color !== "string" || !/^#[0-9a-f]{6}$/i.test(color)) return undefined;
  if (typeof size !== "number" || !(size > 0 && size <= maxSize)) return undefined;
  return points && { color, size, points };
}

/** Whose points can be added to: the line is one that this page would draw. */
export function pointsOf(stroke: Stroke): Y.Array<number> | undefined {
  const points = stroke.get("points");
  return points instanceof Y.Array ? points : undefined;
}

/** The numbers of a last point that is not complete are left out. */
function readPoints(value: unknown): InkPoint[] | undefined {
  if (!(value instanceof Y.Array)) return undefined;
  if (value.length < numbersPerPoint || value.length > maxPointCount * numbersPerPoint) return undefined;
  const numbers: readonly unknown[] = value.toArray();
  if (!numbers.every((number) => typeof number === "number" && Number.isFinite(number))) return undefined;
  return inPoints(numbers as readonly number[]);
}

function inPoints(numbers: readonly number[]): InkPoint[] {
  const points: InkPoint[] = [];
  for (let at = 0; at + numbersPerPoint <= numbers.length; at += numbersPerPoint) {
    const [x = 0, y = 0, pressure = 0] = [numbers[at], numbers[at + 1], numbers[at + 2]];
    points.push([between(0, x, boardSize.width), between(0, y, boardSize.height), between(0, pressure, 1)]);
  }
  return points;
}

export function between(least: number, value: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
