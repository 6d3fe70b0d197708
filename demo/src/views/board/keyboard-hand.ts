/** The keys that draw: arrows move the pen, Space puts it down and lifts it. */
import { boardSize } from "../../document.js";
import type { HandTarget } from "./hand.js";
import { between, type InkPoint } from "./ink.js";
import { unknownPressure } from "./outline.js";

const arrows: Readonly<Record<string, readonly [across: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** In board units. */
const step = 10;
const largeStep = 50;

export const keyboardDescription =
  "Draw with the mouse, a finger or a pen, or with the keyboard: arrow keys move the pen, with Shift in larger steps; " +
  "Space puts it down, and lifts it again. Control and Z takes back a line.";

export class KeyboardHand {
  readonly #target: HandTarget;
  readonly #held = new Set<string>();
  #place: InkPoint = [boardSize.width / 2, boardSize.height / 2, unknownPressure];
  #isDown = false;

  constructor(element: HTMLElement, target: HandTarget) {
    this.#target = target;
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.#press(event)) return;
      // The page is not to scroll.
      event.preventDefault();
    });
    element.addEventListener("keyup", ({ key }) => this.#held.delete(key));
    element.addEventListener("blur", () => this.#leave());
  }

  /** Another hand has taken the pen; the keys go on from there. */
  yieldAt([x, y]: InkPoint): void {
    this.#place = [x, y, unknownPressure];
    this.#isDown = false;
  }

  #press({ key, repeat, shiftKey }: KeyboardEvent): boolean {
    if (key === " " && !repeat) this.#flip();
    else if (key === "Escape" && this.#isDown) this.#flip();
    else if (key in arrows) this.#go(key, shiftKey ? largeStep : step);
    return key === " " || key in arrows;
  }

  #flip(): void {
    this.#isDown = !this.#isDown;
    if (this.#isDown) this.#target.putDown(this.#place);
    else this.#target.lift();
  }

  /** Two arrows at once go askew. */
  #go(key: string, length: number): void {
    this.#held.add(key);
    const ways = [...this.#held].map((held) => arrows[held] ?? [0, 0]);
    const [x, y] = this.#place;
    this.#place = [
      between(0, x + length * sum(ways.map(([across]) => across)), boardSize.width),
      between(0, y + length * sum(ways.map(([, down]) => down)), boardSize.height),
      unknownPressure,
    ];
    this.#target.moveTo([this.#place]);
  }

  #leave(): void {
    this.#held.clear();
    if (this.#isDown) this.#flip();
    this.#target.leave();
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
