/** The document's lines as they are drawn: in order, with their shapes, and what changed about them since it was last asked. */
import type * as Y from "yjs";
import { strokesOf, type Stroke } from "../../document.js";
import { touchedIn, type DeepEvent } from "../touched-in.js";
import { boxAround, type Box } from "./box.js";
import { readInk, type Ink } from "./ink.js";
import { outlineOf, type Outline } from "./outline.js";

export interface Line {
  readonly stroke: Stroke;
  readonly ink: Ink;
  readonly outline: Outline;
  readonly box: Box;
  /** The client that drew it: a person is another one on each visit. */
  readonly by: unknown;
}

export interface SheetChange {
  /** That are new, or have other points than before; in the document's order. */
  readonly drawn: readonly Line[];
  /** Of `drawn`, those that came while the document caught up. */
  readonly caughtUp: readonly Line[];
  /** That are gone, or are in `drawn` with other points. */
  readonly removed: readonly Line[];
}

export interface SheetOptions {
  readonly doc: Y.Doc;
  readonly isCatchingUp: () => boolean;
  /** There is something to take. May be called many times before it is taken. */
  readonly onChange: () => void;
}

/** The newest: a board that somebody filled up is to be drawn in a moment, too. */
const maxLineCount = 3_000;

export class Sheet {
  readonly #options: SheetOptions;
  readonly #strokes: Y.Array<Stroke>;
  /** By what is in the document, which may not be a line. */
  #found: ReadonlyMap<unknown, Line | undefined> = new Map();
  #lines: readonly Line[] = [];
  /** Are no longer what they were found to be. */
  readonly #stale = new Set<unknown>();
  /** Came, or grew, while the document caught up. */
  readonly #missed = new Set<unknown>();

  constructor(options: SheetOptions) {
    this.#options = options;
    this.#strokes = strokesOf(options.doc);
    this.#strokes.observeDeep(this.#observe);
  }

  /** As of the last change that was taken; the last one is on top. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  has(stroke: Stroke): boolean {
    return this.#found.get(stroke) !== undefined;
  }

  take(): SheetChange {
    const before = this.#found;
    this.#found = new Map(
      this.#strokes
        .slice(-maxLineCount)
        .map((value) => [value, before.has(value) && !this.#stale.has(value) ? before.get(value) : lineOf(value)]),
    );
    const removed = this.#lines.filter((line) => this.#found.get(line.stroke) !== line);
    this.#lines = [...this.#found.values()].filter((line) => line !== undefined);
    const drawn = this.#lines.filter((line) => before.get(line.stroke) !== line);
    const caughtUp = drawn.filter(({ stroke }) => this.#missed.has(stroke));
    this.#stale.clear();
    this.#missed.clear();
    return { drawn, caughtUp, removed };
  }

  destroy(): void {
    this.#strokes.unobserveDeep(this.#observe);
  }

  readonly #observe = (events: readonly DeepEvent[], { local }: Y.Transaction): void => {
    const isMissed = !local && this.#options.isCatchingUp();
    for (const value of touchedIn(this.#strokes, events)) {
      this.#stale.add(value);
      if (isMissed) this.#missed.add(value);
    }
    this.#options.onChange();
  };
}

function lineOf(value: unknown): Line | undefined {
  const ink = readInk(value);
  if (!ink) return undefined;
  const outline = outlineOf(ink);
  const stroke = value as Stroke;
  return { stroke, ink, outline, box: boxAround(outline), by: stroke.get("by") };
}
