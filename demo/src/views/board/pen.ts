/** What one person's pen does to the document: points are added as the line is drawn, a frame's worth at a time. */
import type * as Y from "yjs";
import { strokeOf, strokesOf, type Stroke } from "../../document.js";
import type { History } from "../history.js";
import { linesUnder } from "./eraser.js";
import { pointsOf, type InkPoint } from "./ink.js";
import type { Line, Sheet } from "./sheet.js";

export interface InkNib {
  readonly kind: "ink";
  readonly color: string;
  /** In board units. */
  readonly size: number;
}

/** What the pen does where it is put down; `eraser` takes away whole lines. */
export type Nib = InkNib | { readonly kind: "eraser" };

interface Drawing {
  readonly kind: "drawing";
  readonly nib: InkNib;
  /** Until something of it is in the document, undefined. */
  stroke: Stroke | undefined;
  last: InkPoint;
}

type PenState = { readonly kind: "up" } | Drawing | { readonly kind: "erasing"; last: InkPoint };

/** In board units: points that are closer than this to the one before say nothing. */
const leastStep = 1.5;
/** Then a new line goes on from there: a line without an end would be shaped anew, all of it, on each frame. */
const longestLine = 1_000;

/** How changes are made so that they can be taken back. */
export type PenHistory = Pick<History, "change" | "startStep">;

export interface PenOptions {
  readonly doc: Y.Doc;
  readonly sheet: Sheet;
  readonly history: PenHistory;
}

export class Pen {
  readonly #strokes: Y.Array<Stroke>;
  readonly #clientId: number;
  readonly #sheet: Sheet;
  readonly #history: PenHistory;
  #state: PenState = { kind: "up" };
  /** Not yet in the document: x, y, pressure of each. */
  #waiting: number[] = [];

  constructor({ doc, sheet, history }: PenOptions) {
    this.#strokes = strokesOf(doc);
    this.#clientId = doc.clientID;
    this.#sheet = sheet;
    this.#history = history;
  }

  get isDown(): boolean {
    return this.#state.kind !== "up";
  }

  putDown(nib: Nib, point: InkPoint): void {
    this.lift();
    this.#history.startStep();
    this.#state =
      nib.kind === "eraser"
        ? { kind: "erasing", last: point }
        : { kind: "drawing", nib, stroke: undefined, last: point };
    this.#touch(point);
  }

  moveTo(point: InkPoint): void {
    const state = this.#state;
    if (state.kind === "up" || distance(state.last, point) < leastStep) return;
    this.#touch(point);
    state.last = point;
  }

  lift(): void {
    this.write();
    this.#state = { kind: "up" };
    this.#waiting = [];
  }

  /** Puts what was drawn since the last time into the document. */
  write(): void {
    const state = this.#state;
    const points = this.#waiting;
    if (state.kind !== "drawing" || points.length === 0) return;
    this.#waiting = [];
    this.#history.change(() => this.#append(state, points));
  }

  /** Takes lines away; those that are gone already stay so. */
  remove(lines: readonly Line[]): void {
    if (lines.length === 0) return;
    const strokes = new Set(lines.map(({ stroke }) => stroke));
    this.#history.change(() => {
      const all = this.#strokes.toArray();
      for (let at = all.length - 1; at >= 0; at -= 1) {
        const stroke = all[at];
        if (stroke && strokes.has(stroke)) this.#strokes.delete(at);
      }
    });
  }

  #touch(point: InkPoint): void {
    if (this.#state.kind === "drawing") this.#waiting.push(...point);
    if (this.#state.kind === "erasing") this.remove(linesUnder(this.#sheet.lines, this.#state.last, point));
  }

  /** To the line that is being drawn. Somebody may have taken it away: then the pen draws another. */
  #append(state: Drawing, points: number[]): void {
    const known = state.stroke && this.#sheet.has(state.stroke) ? pointsOf(state.stroke) : undefined;
    if (known) {
      known.push(points);
    } else {
      state.stroke = strokeOf(state.nib.color, state.nib.size, points);
      state.stroke.set("by", this.#clientId);
      this.#strokes.push([state.stroke]);
    }
    if (known && known.length >= longestLine * state.last.length) {
      state.stroke = undefined;
      this.#waiting = [...state.last];
    }
  }
}

function distance([x, y]: InkPoint, [otherX, otherY]: InkPoint): number {
  return Math.hypot(x - otherX, y - otherY);
}
