/**
 * What all rooms have admitted and the disk has not taken yet. Above a number of bytes nothing more is read from whoever
 * adds to it: a slow disk slows its writers down, and a failing one does not cost the process its memory.
 */
import type { Channel } from "./channel.js";

export class Backlog {
  readonly #maxBytes: number;
  #byteCount = 0;
  /** Channels that are not read from, and how to read on. */
  readonly #held = new Map<Channel, () => void>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  /** Twice as much waits as may: nothing more must be added. */
  get isFull(): boolean {
    return this.#byteCount > 2 * this.#maxBytes;
  }

  add(byteCount: number): void {
    this.#byteCount += byteCount;
  }

  /** Reads on from everybody once half of what may wait is free. */
  remove(byteCount: number): void {
    this.#byteCount -= byteCount;
    if (this.#held.size === 0 || this.#byteCount > this.#maxBytes / 2) return;
    for (const readOn of this.#held.values()) readOn();
    this.#held.clear();
  }

  /** Stops reading from `channel`, which has just added something, if that was too much. */
  holdBack(channel: Channel): void {
    if (this.#byteCount > this.#maxBytes && !this.#held.has(channel)) this.#held.set(channel, channel.holdReading());
  }

  /** The client at `channel` has left. */
  forget(channel: Channel): void {
    this.#held.get(channel)?.();
    this.#held.delete(channel);
  }
}
