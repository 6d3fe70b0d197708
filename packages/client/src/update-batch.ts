/** Local updates of one microtask, to be sent as one. Knows no protocol. */
import { mergeInOrder } from "./content.js";

export interface MergedUpdate {
  readonly update: Uint8Array;
  /** The document's clock, for the announced client id, with the last update of the batch. */
  readonly clock: number;
}

export class UpdateBatch {
  #updates: Uint8Array[] = [];
  #bytes = 0;
  #clock = 0;

  /** An upper bound of what merging them gives. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#updates.length === 0;
  }

  add(update: Uint8Array, clock: number): void {
    this.#updates.push(update);
    this.#bytes += update.length;
    this.#clock = clock;
  }

  /** Empties the batch. */
  take(): MergedUpdate | undefined {
    const merged = this.isEmpty ? undefined : { update: mergeInOrder(this.#updates), clock: this.#clock };
    this.clear();
    return merged;
  }

  clear(): void {
    this.#updates = [];
    this.#bytes = 0;
  }
}
