/**
 * Who may resume: a client that has everything up to some record, and so needs nothing but the records after it. Neither what
 * the document holds nor how large it is matters, so this looks at seqs only.
 */
import type { History } from "./history.js";
import type { RoomLimits } from "./services.js";

export class Resumption {
  readonly #history: History;
  readonly #isImmediate: boolean;
  /** The last record there was when the room was loaded. */
  readonly #loadedSeq: number;

  constructor(history: History, { relay }: Pick<RoomLimits, "relay">) {
    this.#history = history;
    this.#isImmediate = relay === "immediate";
    this.#loadedSeq = history.seq;
  }

  /** Whether all records after `seq` are at hand, and the room holds whatever a client with those up to `seq` was sent. */
  isPossibleFrom(seq: number): boolean {
    const { pointer, seq: lastSeq } = this.#history;
    if (seq < pointer.coveredSeq || seq > lastSeq) return false;
    // A client may have been sent, ahead of the disk, what was lost with an earlier room. Not one that has a record of this one.
    return !this.#isImmediate || seq > this.#loadedSeq;
  }
}
