/** The pens there are: colours that can be told from each other, on light paper and on dark. */
import type { Person } from "../../people.js";

export interface PenColor {
  readonly name: string;
  /** `#rrggbb` */
  readonly color: string;
}

const colors: readonly PenColor[] = [
  { name: "Graphite", color: "#5d6b6e" },
  { name: "Teal", color: "#1c8085" },
  { name: "Blue", color: "#3f6fc4" },
  { name: "Violet", color: "#8a4fa8" },
  { name: "Red", color: "#c23b52" },
  { name: "Ochre", color: "#a3660a" },
  { name: "Green", color: "#4c8a2b" },
];

/** Widths, in board units. */
export const penSizes = [
  { name: "Fine", size: 8 },
  { name: "Medium", size: 16 },
  { name: "Broad", size: 32 },
] as const;

/** The person's own colour first. */
export function penColors({ name, color }: Person): readonly PenColor[] {
  return [{ name: `${name}’s colour`, color }, ...colors.filter((other) => other.color !== color.toLowerCase())];
}
