/** Tells the others where this person's pointer is: not more often than they can see. */
import type { Pointer } from "../../document.js";
import type { Awareness } from "../../people.js";

/** In ms. */
const leastPause = 50;

export class OwnPointer {
  readonly #awareness: Awareness;
  #wanted: Pointer | null = null;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #isTold = true;

  constructor(awareness: Awareness) {
    this.#awareness = awareness;
  }

  /** null: it is not on the board. */
  set place(place: Pointer | null) {
    this.#wanted = place && { x: Math.round(place.x), y: Math.round(place.y), isDown: place.isDown };
    this.#isTold = false;
    if (this.#pause === undefined) this.#tell();
  }

  destroy(): void {
    clearTimeout(this.#pause);
    this.#awareness.setLocalStateField("pointer", null);
  }

  #tell(): void {
    this.#pause = undefined;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#awareness.setLocalStateField("pointer", this.#wanted);
    this.#pause = setTimeout(() => this.#tell(), leastPause);
  }
}
