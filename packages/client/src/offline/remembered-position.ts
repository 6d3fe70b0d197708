/**
 * The position that is to be stored next: with the next edit, or by itself a little later. That of another generation does not
 * wait: without it the content would be merged into whatever document the server has the next time. Knows no database.
 */
import type { LogPosition } from "../local-copy.js";
import type { Timing } from "../timing.js";

const writeAfterMs = 1_000;

export class RememberedPosition {
  readonly #timing: Timing;
  readonly #onDue: () => void;
  #position: LogPosition | undefined;
  /** Of the position that was written last. */
  #writtenGeneration = "";
  #isDue = false;
  #cancelTimer: (() => void) | undefined;

  constructor(timing: Timing, onDue: () => void) {
    this.#timing = timing;
    this.#onDue = onDue;
  }

  /** Whether it does not wait for an edit any more. */
  get isDue(): boolean {
    return this.#isDue;
  }

  set(position: LogPosition): void {
    this.#position = position;
    if (position.generation !== this.#writtenGeneration) {
      this.hurry();
      return this.#onDue();
    }
    this.#cancelTimer ??= this.#timing.setTimer(() => {
      this.hurry();
      this.#onDue();
    }, writeAfterMs);
  }

  hurry(): void {
    this.#isDue = this.#position !== undefined;
  }

  /** It is being written. */
  take(): LogPosition | undefined {
    this.#rest();
    return this.#position;
  }

  /** What was taken is written; one that came later is not. */
  written(position: LogPosition | undefined): void {
    if (position) this.#writtenGeneration = position.generation;
    if (this.#position === position) this.#position = undefined;
  }

  forget(): void {
    this.#rest();
    this.#position = undefined;
    this.#writtenGeneration = "";
  }

  #rest(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isDue = false;
  }
}
