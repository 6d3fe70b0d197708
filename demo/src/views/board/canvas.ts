/** One layer of the board: as many pixels as the screen has there, and board units to draw in. */
import { boardSize } from "../../document.js";
import type { Box } from "./box.js";

export class Canvas {
  readonly element = document.createElement("canvas");
  readonly #context: CanvasRenderingContext2D;

  /** @throws {Error} where there is no 2D canvas */
  constructor(parent: HTMLElement, className: string) {
    const context = this.element.getContext("2d");
    if (!context) throw new Error("this browser has no canvas to draw on");
    this.#context = context;
    this.element.className = className;
    this.element.setAttribute("aria-hidden", "true");
    parent.append(this.element);
  }

  /** Takes the size of its element; what was drawn is gone. */
  fit(): void {
    const { clientWidth, clientHeight } = this.element;
    const scale = globalThis.devicePixelRatio || 1;
    this.element.width = Math.max(1, Math.round(clientWidth * scale));
    this.element.height = Math.max(1, Math.round(clientHeight * scale));
    this.#context.setTransform(
      this.element.width / boardSize.width,
      0,
      0,
      this.element.height / boardSize.height,
      0,
      0,
    );
  }

  /** Adds to what is there. */
  draw(draw: (context: CanvasRenderingContext2D) => void): void {
    draw(this.#context);
  }

  /** Clears `places`, and draws in them alone. */
  renew(places: readonly Box[], draw: (context: CanvasRenderingContext2D) => void): void {
    const context = this.#context;
    context.save();
    context.beginPath();
    for (const place of places) {
      const { left, top, right, bottom } = this.#inWholePixels(place);
      context.clearRect(left, top, right - left, bottom - top);
      context.rect(left, top, right - left, bottom - top);
    }
    context.clip();
    draw(context);
    context.restore();
  }

  /** A pixel that is cleared by half would show where. */
  #inWholePixels({ left, top, right, bottom }: Box): Box {
    const [across, down] = [this.element.width / boardSize.width, this.element.height / boardSize.height];
    return {
      left: Math.floor(left * across) / across,
      top: Math.floor(top * down) / down,
      right: Math.ceil(right * across) / across,
      bottom: Math.ceil(bottom * down) / down,
    };
  }
}
