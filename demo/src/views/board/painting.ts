/**
 * The board's canvases. A line that is growing is drawn anew on each frame, over the others; one that has settled is drawn
 * once, and again only where something below or above it went away. Under both, for a moment, the glow of what was missed.
 */
import { boardSize } from "../../document.js";
import { mergedForMs } from "../merged-text.js";
import { doMeet, grown, type Box } from "./box.js";
import { Canvas } from "./canvas.js";
import { legibleColor, rgbOfStyle } from "../../legible-color.js";
import { pathOf } from "./outline.js";
import type { Line, SheetChange } from "./sheet.js";

/** Without a new point for as long, a line has settled. In ms. */
const settledAfterMs = 600;
/** Around a line, on each side, in board units. */
const glowWidth = 9;
/** Around what is cleared: edges are smoothed beyond where they end. */
const edge = 3;
/** More places than this are not cleared one by one. */
const maxPatchCount = 8;

export class Painting {
  readonly #paper: HTMLElement;
  readonly #glow: Canvas;
  readonly #settled: Canvas;
  readonly #growing: Canvas;
  readonly #paths = new WeakMap<Line, Path2D>();
  readonly #colors = new Map<string, string>();
  /** When each last grew, in ms. */
  readonly #grownAt = new Map<Line, number>();
  #lines: readonly Line[] = [];
  #forgetGlow: ReturnType<typeof setTimeout> | undefined;

  /** @param paper what lies under the ink; its colour is minded */
  constructor(paper: HTMLElement) {
    this.#paper = paper;
    this.#glow = new Canvas(paper, "board-glow");
    this.#settled = new Canvas(paper, "board-ink");
    this.#growing = new Canvas(paper, "board-ink");
  }

  /** Whether `settle` has something to do, sooner or later. */
  get isGrowing(): boolean {
    return this.#grownAt.size > 0;
  }

  /** Draws all of it anew: the paper has another size, or another colour. */
  repaint(): void {
    this.#colors.clear();
    for (const canvas of [this.#glow, this.#settled, this.#growing]) canvas.fit();
    this.#paintSettled([wholeBoard]);
    this.#paintGrowing();
  }

  /** @param now in ms */
  show(lines: readonly Line[], { drawn, removed, caughtUp }: SheetChange, now: number): void {
    this.#lines = lines;
    const gone = removed.filter((line) => !this.#grownAt.delete(line));
    // What comes by the dozen was not drawn just now.
    const isGrowing = drawn.length <= 4 * maxPatchCount;
    if (isGrowing) for (const line of drawn) this.#grownAt.set(line, now);
    this.#paintSettled((isGrowing ? gone : [...gone, ...drawn]).map(({ box }) => box));
    this.#paintGrowing();
    if (caughtUp.length > 0) this.#light(caughtUp);
  }

  /** @param now in ms */
  settle(now: number): void {
    const settled = [...this.#grownAt].filter(([, at]) => now - at >= settledAfterMs).map(([line]) => line);
    if (settled.length === 0) return;
    for (const line of settled) this.#grownAt.delete(line);
    this.#paintSettled(settled.map(({ box }) => box));
    this.#paintGrowing();
  }

  destroy(): void {
    clearTimeout(this.#forgetGlow);
  }

  #paintSettled(patches: readonly Box[]): void {
    if (patches.length === 0) return;
    const places = patches.length > maxPatchCount ? [wholeBoard] : patches.map((box) => grown(box, edge));
    const lines = this.#lines.filter(
      (line) => !this.#grownAt.has(line) && places.some((place) => doMeet(place, line.box)),
    );
    this.#settled.renew(places, (context) => {
      for (const line of lines) this.#fill(context, line);
    });
  }

  #paintGrowing(): void {
    this.#growing.renew([wholeBoard], (context) => {
      for (const line of this.#grownAt.keys()) this.#fill(context, line);
    });
  }

  #fill(context: CanvasRenderingContext2D, line: Line): void {
    context.fillStyle = this.#colorOf(line);
    context.fill(this.#pathOf(line));
  }

  /** It is drawn once; how it fades is for the style sheet. */
  #light(lines: readonly Line[]): void {
    const { element } = this.#glow;
    this.#glow.draw((context) => {
      context.strokeStyle = getComputedStyle(element).color;
      context.lineWidth = 2 * glowWidth;
      context.lineJoin = "round";
      for (const line of lines) context.stroke(this.#pathOf(line));
    });
    element.dataset["glowing"] = "true";
    clearTimeout(this.#forgetGlow);
    this.#forgetGlow = setTimeout(() => {
      delete element.dataset["glowing"];
      this.#glow.renew([wholeBoard], () => {});
    }, mergedForMs);
  }

  #pathOf(line: Line): Path2D {
    const known = this.#paths.get(line);
    const path = known ?? pathOf(line.outline);
    if (!known) this.#paths.set(line, path);
    return path;
  }

  #colorOf({ ink: { color } }: Line): string {
    const known = this.#colors.get(color);
    const legible = known ?? legibleColor(color, rgbOfStyle(getComputedStyle(this.#paper).backgroundColor));
    if (known === undefined) this.#colors.set(color, legible);
    return legible;
  }
}

const wholeBoard: Box = { left: 0, top: 0, right: boardSize.width, bottom: boardSize.height };
