/** Gives the rest of the process its turn while something long goes on, every millisecond or two. */
import type { Timers } from "../timers.js";

const bytesPerTurn = 64 * 1024;

/** What an update costs besides its bytes. */
const bytesPerUpdate = 256;

export class Turns {
  readonly #timers: Pick<Timers, "soon">;
  #sinceTurn = 0;

  constructor(timers: Pick<Timers, "soon">) {
    this.#timers = timers;
  }

  /** Called after each update of `byteCount` bytes that was looked through. What it returns, if anything, is to be awaited. */
  did(byteCount: number): Promise<void> | undefined {
    this.#sinceTurn += byteCount + bytesPerUpdate;
    if (this.#sinceTurn < bytesPerTurn) return undefined;
    this.#sinceTurn = 0;
    return new Promise<void>((resolve) => this.#timers.soon(resolve));
  }
}
