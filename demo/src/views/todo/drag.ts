/** Moves a row by its grip: with mouse, finger or pen. The row follows, and a line shows where it would come to be. */
import type { Row } from "./row.js";
import type { Rows } from "./rows.js";

interface Dragging {
  readonly row: Row;
  readonly pointerId: number;
  /** Where it was taken, and how far the list was scrolled then. In CSS pixels. */
  readonly fromY: number;
  readonly fromScroll: number;
}

/** Near the list's edge it scrolls; both in CSS pixels. */
const edge = 24;
const scrollStep = 8;

export class Drag {
  readonly #rows: Rows;
  readonly #onDrop: (row: Row, place: number) => void;
  #dragging: Dragging | undefined;

  /** @param onDrop is told how many of the others are to be before it */
  constructor(rows: Rows, onDrop: (row: Row, place: number) => void) {
    this.#rows = rows;
    this.#onDrop = onDrop;
    const { element } = rows;
    element.addEventListener("pointerdown", (event) => this.#take(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#drop(event));
    element.addEventListener("pointercancel", () => this.#end());
    element.addEventListener("lostpointercapture", () => this.#end());
    element.addEventListener("keydown", ({ key }) => key === "Escape" && this.#end());
  }

  #take({ target, pointerId, button, clientY }: PointerEvent): void {
    const row = this.#rows.all.find(({ grip }) => target instanceof Node && grip.contains(target));
    if (!row || row.grip.disabled || button !== 0 || this.#dragging) return;
    row.grip.setPointerCapture(pointerId);
    this.#dragging = { row, pointerId, fromY: clientY, fromScroll: this.#rows.element.scrollTop };
  }

  #move({ pointerId, clientY }: PointerEvent): void {
    const dragging = this.#dragging;
    if (!dragging || dragging.pointerId !== pointerId) return;
    const { row, fromY, fromScroll } = dragging;
    const list = this.#rows.element;
    const { top, bottom } = list.getBoundingClientRect();
    if (clientY < top + edge) list.scrollTop -= scrollStep;
    if (clientY > bottom - edge) list.scrollTop += scrollStep;
    row.element.classList.add("is-dragged");
    row.element.style.translate = `0 ${clientY - fromY + list.scrollTop - fromScroll}px`;
    this.#showPlace(row, this.#placeAt(row, clientY));
  }

  #drop({ pointerId, clientY }: PointerEvent): void {
    const dragging = this.#dragging;
    if (!dragging || dragging.pointerId !== pointerId) return;
    const isMoved = dragging.row.element.classList.contains("is-dragged");
    const place = this.#placeAt(dragging.row, clientY);
    this.#end();
    if (isMoved && this.#rows.all[place] !== dragging.row) this.#onDrop(dragging.row, place);
  }

  #end(): void {
    const row = this.#dragging?.row;
    this.#dragging = undefined;
    row?.element.classList.remove("is-dragged");
    if (row) row.element.style.translate = "";
    for (const { element } of this.#rows.all) element.classList.remove("is-drop-before", "is-drop-after");
  }

  /** How many of the others have their middle above it. */
  #placeAt(row: Row, clientY: number): number {
    return this.#others(row).filter(({ element }) => {
      const { top, height } = element.getBoundingClientRect();
      return top + height / 2 < clientY;
    }).length;
  }

  #showPlace(row: Row, place: number): void {
    const others = this.#others(row);
    others.forEach(({ element }, at) => {
      element.classList.toggle("is-drop-before", at === place);
      element.classList.toggle("is-drop-after", at === place - 1 && place === others.length);
    });
  }

  #others(row: Row): readonly Row[] {
    return this.#rows.all.filter((other) => other !== row);
  }
}
