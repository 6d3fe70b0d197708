/** Who is here: a name and a colour each, drawn as a small disc with an initial. What others say is not trusted. */
import type { SynclineProvider } from "@syncline/client";
import { legibleColor, type Rgb } from "./legible-color.js";

export type Awareness = SynclineProvider["awareness"];

export interface Person {
  readonly name: string;
  /** `#rrggbb`; white text on it is readable. */
  readonly color: string;
}

/** Geologists, by first name. */
const names = (
  "Abraham Adam Alfred Arthur Birbal Charles Dorothy Eduard Emil Ethel Etheldred Florence Gertrude Hans Harry Inge " +
  "James Katia Kiyoo Maria Marie Mary Nicolas Tanya Zonia"
).split(" ");
/** Minerals: dark enough for white text, light enough to be seen on a dark page. */
const minerals = "#a8512a #3f6fc4 #8a4fa8 #2f7d54 #b23a5b #7d6a12 #5f5bc4 #20798a #a6479a #567a22 #8b5e3c #4a6c8f";
const colors = minerals.split(" ");

const longestName = 24;
const white: Rgb = [255, 255, 255];

/** Two different people, other ones on each visit. */
export function twoPeople(): readonly [Person, Person] {
  const name = Math.floor(Math.random() * names.length);
  const color = Math.floor(Math.random() * colors.length);
  return [personAt(name, color), personAt(name + 11, color + 5)];
}

function personAt(name: number, color: number): Person {
  return {
    name: names[name % names.length] ?? "Somebody",
    color: colors[color % colors.length] ?? "#20798a",
  };
}

/** The fields that the bindings of editors read of a person: those of the recipes, in the same room. */
export function announce(awareness: Awareness, { name, color }: Person): void {
  awareness.setLocalStateField("user", { name, color, colorLight: `${color}38` });
}

export function disc({ name, color }: Person): HTMLElement {
  const element = document.createElement("span");
  element.className = "disc";
  element.style.setProperty("--person", color);
  element.textContent = initialsOf(name);
  element.setAttribute("aria-hidden", "true");
  return element;
}

/** Of the first and the last word. */
function initialsOf(name: string): string {
  const words = name.split(/\s+/);
  const initials = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? "")][0] ?? "");
  return initials.join("") || "?";
}

export function nameOf({ name }: Person): HTMLElement {
  const element = document.createElement("span");
  element.className = "name";
  element.textContent = name;
  return element;
}

/** What somebody says of themselves, as far as it can be shown. */
export function personIn(state: { readonly [field: string]: unknown } | undefined): Person {
  const user: unknown = state?.["user"];
  const { name, color } = typeof user === "object" && user !== null ? (user as Partial<Record<string, unknown>>) : {};
  return {
    name: (typeof name === "string" && cutName(name)) || "Somebody",
    // White text is written on it.
    color: legibleColor(typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color) ? color : "#5d6b6e", white),
  };
}

/** On one line, and no emoji in halves. */
function cutName(name: string): string {
  return [...name.trim().replace(/\s+/g, " ")].slice(0, longestName).join("");
}
