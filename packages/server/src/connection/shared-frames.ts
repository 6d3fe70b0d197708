/**
 * Large updates in their frames, made once for all who are sent them: each member that joins gets the very bytes of the snapshot.
 * They live as long as the update's own bytes do.
 */

/** What is smaller is copied as quickly as it is found. */
const minSharedBytes = 4 * 1024;

export class SharedFrames {
  readonly #frames = new WeakMap<Uint8Array, Uint8Array>();

  /** The frame of `update`, by `make` where there is none yet. It must be the same for all who ask. */
  of(update: Uint8Array, make: (update: Uint8Array) => Uint8Array): Uint8Array {
    if (update.length < minSharedBytes) return make(update);
    const known = this.#frames.get(update);
    if (known) return known;
    const frame = make(update);
    this.#frames.set(update, frame);
    return frame;
  }
}
