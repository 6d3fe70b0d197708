/** Keeps somebody's caret in sight, by scrolling the view and nothing else. */
import type { Awareness } from "../people.js";

/** Of a line on the screen, as `getBoundingClientRect()` tells it. */
export interface Row {
  readonly top: number;
  readonly bottom: number;
}

export interface CaretFollowerOptions {
  readonly awareness: Awareness;
  readonly scroller: HTMLElement;
  /** Where the caret of this client is; `undefined`: nowhere in this view. */
  readonly rowOf: (clientId: number) => Row | undefined;
}

export class CaretFollower {
  readonly #options: CaretFollowerOptions;
  #clientId: number | undefined;
  #isScrolling = false;
  #frame: number | undefined;

  constructor(options: CaretFollowerOptions) {
    this.#options = options;
    options.awareness.on("change", this.#look);
    options.scroller.addEventListener("scrollend", this.#arrive);
  }

  follow(clientId: number | undefined): void {
    this.#clientId = clientId;
    this.lookAgain();
  }

  /** To be called when the text is another one: carets move with it. Looks when the screen shows it. */
  lookAgain(): void {
    if (this.#clientId === undefined || this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#scroll();
    });
  }

  destroy(): void {
    this.#options.awareness.off("change", this.#look);
    this.#options.scroller.removeEventListener("scrollend", this.#arrive);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  readonly #look = (): void => this.lookAgain();

  /** Where a line that was not drawn would be is a guess. Where somebody scrolled by hand, they may stay. */
  readonly #arrive = (): void => {
    if (!this.#isScrolling) return;
    this.#isScrolling = false;
    this.lookAgain();
  };

  #scroll(): void {
    const { scroller, rowOf } = this.#options;
    const row = this.#clientId === undefined ? undefined : rowOf(this.#clientId);
    if (!row) return;
    const { top, height } = scroller.getBoundingClientRect();
    const margin = Math.min(row.bottom - row.top, height / 4);
    if (row.top >= top + margin && row.bottom <= top + height - margin) return;
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#isScrolling = true;
    scroller.scrollBy({
      top: (row.top + row.bottom) / 2 - (top + height / 2),
      behavior: isCalm ? "instant" : "smooth",
    });
  }
}
