/** Mouse, finger and pen on the board: where they go, the pen goes. */
import { boardSize } from "../../document.js";
import { between, type InkPoint } from "./ink.js";
import { unknownPressure } from "./outline.js";

export interface HandTarget {
  putDown(point: InkPoint): void;
  /** With the pen down or up; all the places since the last time. */
  moveTo(points: readonly InkPoint[]): void;
  lift(): void;
  /** It is not over the board any more. */
  leave(): void;
}

export class Hand {
  readonly #element: HTMLElement;
  readonly #target: HandTarget;
  /** The pointer that draws: a second finger does not. */
  #down: number | undefined;

  constructor(element: HTMLElement, target: HandTarget) {
    this.#element = element;
    this.#target = target;
    element.addEventListener("pointerdown", (event) => this.#press(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#release(event));
    element.addEventListener("pointercancel", (event) => this.#release(event));
    element.addEventListener("lostpointercapture", (event) => this.#release(event));
    element.addEventListener("pointerleave", () => {
      if (this.#down === undefined) target.leave();
    });
  }

  #press(event: PointerEvent): void {
    if (this.#down !== undefined || event.button !== 0) return;
    this.#down = event.pointerId;
    this.#element.setPointerCapture(event.pointerId);
    this.#target.putDown(this.#pointAt(event));
  }

  #move(event: PointerEvent): void {
    if (this.#down !== undefined && this.#down !== event.pointerId) return;
    // What the device said between two frames. Of an event that a script made there is none.
    const events = this.#down === undefined ? [] : event.getCoalescedEvents();
    this.#target.moveTo((events.length > 0 ? events : [event]).map((one) => this.#pointAt(one)));
  }

  #release(event: PointerEvent): void {
    if (this.#down !== event.pointerId) return;
    this.#down = undefined;
    this.#target.lift();
    if (event.pointerType !== "mouse") this.#target.leave();
  }

  #pointAt({ clientX, clientY, pointerType, pressure }: PointerEvent): InkPoint {
    const { left, top, width, height } = this.#element.getBoundingClientRect();
    return [
      rounded(between(0, (clientX - left) / width, 1) * boardSize.width, 10),
      rounded(between(0, (clientY - top) / height, 1) * boardSize.height, 10),
      pointerType === "pen" ? rounded(pressure, 100) : unknownPressure,
    ];
  }
}

/** No more digits than can be seen: each is kept for good. */
function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
