/** Whether a document has grown as large as it may. Deleting is always possible: else nobody could make it smaller. */
import type { ScannedUpdate } from "../update/scan.js";
import type { History } from "./history.js";

/**
 * What waits to be compacted may weigh much more than what will be left of it: a value that is set over and over. Where it
 * is this many times what a document may be, compacting it has failed or does not keep up.
 */
const uncompactedFactor = 4;

export class RoomSize {
  readonly #history: Pick<History, "snapshotBytes" | "weightSinceSnapshot">;
  readonly #maxBytes: number;

  constructor(history: Pick<History, "snapshotBytes" | "weightSinceSnapshot">, maxBytes: number) {
    this.#history = history;
    this.#maxBytes = maxBytes;
  }

  refusesGrowthBy({ blocks }: Pick<ScannedUpdate, "blocks">): boolean {
    return blocks.length > 0 && this.#isFull;
  }

  /** For the person whose edit it is. */
  get whyFull(): string {
    const size = this.#maxBytes < MiB ? `${this.#maxBytes} bytes` : `${Math.floor(this.#maxBytes / MiB)} MiB`;
    return `the document has reached ${size}, which is all that one may have: things in it can be deleted, nothing added`;
  }

  get #isFull(): boolean {
    const { snapshotBytes, weightSinceSnapshot } = this.#history;
    return snapshotBytes >= this.#maxBytes || snapshotBytes + weightSinceSnapshot >= uncompactedFactor * this.#maxBytes;
  }
}

const MiB = 1024 * 1024;
