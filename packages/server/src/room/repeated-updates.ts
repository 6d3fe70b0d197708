/**
 * Updates of which a room had all, kept to be recognised by their bytes: after a restart a thousand clients answer the same
 * question with the same deletions. What a room has it never loses, so what brought nothing new once never will.
 */
import { Buffer } from "node:buffer";
import { LRUCache } from "lru-cache";

/** Over all rooms. */
const maxTotalBytes = 8 * 1024 * 1024;
const maxKeptBytes = 1024 * 1024;
/** A smaller one is looked through as quickly as it is found. */
const minKeptBytes = 512;

export class RepeatedUpdates {
  /** One of each length per room: what different replicas have deleted differs in length, too, but for a few. */
  readonly #updates = new LRUCache<string, Uint8Array>({
    maxSize: maxTotalBytes,
    sizeCalculation: (update) => update.length,
  });

  /** `update` brings nothing new to the room. */
  add(roomNumber: number, update: Uint8Array): void {
    if (!isKept(update)) return;
    // A copy: what came from a socket is a view into a larger buffer.
    this.#updates.set(keyOf(roomNumber, update), Uint8Array.from(update));
  }

  /** Whether it is known of these very bytes that they bring the room nothing new. */
  has(roomNumber: number, update: Uint8Array): boolean {
    if (!isKept(update)) return false;
    const known = this.#updates.get(keyOf(roomNumber, update));
    // Not a loop: for tens of thousands of bytes that takes fifteen times as long.
    return known !== undefined && Buffer.compare(known, update) === 0;
  }
}

function isKept({ length }: Uint8Array): boolean {
  return length >= minKeptBytes && length <= maxKeptBytes;
}

function keyOf(roomNumber: number, { length }: Uint8Array): string {
  return `${roomNumber}/${length}`;
}
