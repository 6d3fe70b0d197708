/** Whether a document has grown as large as it may. Deleting is always possible: else nobody could make it smaller. */
import type { ScannedUpdate } from "../update/scan.js";
import type { StateVector } from "../update/state-vector.js";
import type { History } from "./history.js";

export interface RoomSizeLimits {
  /** Bytes of a document, compacted. */
  readonly maxRoomBytes: number;
  /** Yjs client ids that a document holds something of: each page that was written on brings one, and none ever goes. */
  readonly maxClientIdsPerRoom: number;
}

/**
 * A log is compacted when what came since its snapshot weighs twice as much, and may hold a value that was set over and over. So
 * what waits is let grow to this many times what a document may be, while it is being compacted whenever there is too much.
 */
const uncompactedFactor = 4;

export class RoomSize {
  readonly #history: Pick<History, "snapshotBytes" | "weightSinceSnapshot">;
  readonly #limits: RoomSizeLimits;

  constructor(history: Pick<History, "snapshotBytes" | "weightSinceSnapshot">, limits: RoomSizeLimits) {
    this.#history = history;
    this.#limits = limits;
  }

  /** As much waits as a document may be in all: it is time to see what of it is left. */
  get isDue(): boolean {
    const { snapshotBytes, weightSinceSnapshot } = this.#history;
    return snapshotBytes + weightSinceSnapshot >= this.#limits.maxRoomBytes;
  }

  /** For the person whose edit it is; `undefined` when the document may grow by it. */
  whyNotGrowBy({ blocks }: Pick<ScannedUpdate, "blocks">, stateVector: StateVector): string | undefined {
    if (blocks.length === 0) return undefined;
    if (this.#isFull) return this.#whyFull;
    const { maxClientIdsPerRoom } = this.#limits;
    let newCount = 0;
    for (let at = 0; at < blocks.length; at += 3) {
      const client = blocks[at] as number;
      if ((at === 0 || client !== blocks[at - 3]) && stateVector.get(client) === 0) newCount += 1;
    }
    if (newCount === 0 || stateVector.size + newCount <= maxClientIdsPerRoom) return undefined;
    return `the document holds edits of ${stateVector.size} Yjs client ids, and ${maxClientIdsPerRoom} is all that one may have: export its content into a new one`;
  }

  get #isFull(): boolean {
    const { maxRoomBytes } = this.#limits;
    const { snapshotBytes, weightSinceSnapshot } = this.#history;
    return snapshotBytes >= maxRoomBytes || snapshotBytes + weightSinceSnapshot >= uncompactedFactor * maxRoomBytes;
  }

  get #whyFull(): string {
    const { maxRoomBytes } = this.#limits;
    const size = maxRoomBytes < MiB ? `${maxRoomBytes} bytes` : `${Math.floor(maxRoomBytes / MiB)} MiB`;
    return `the document has reached ${size}, which is all that one may have: things in it can be deleted, nothing added`;
  }
}

const MiB = 1024 * 1024;
