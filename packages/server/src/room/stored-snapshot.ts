/**
 * Which ids a snapshot holds, as its stored contents say. Its deletions are encoded when somebody wants them: who opens a document
 * anew does not, and of a long one that takes longer than reading it.
 */
import { Contents } from "../update/contents.js";
import type { StateVector } from "../update/state-vector.js";
import type { SnapshotContents } from "./history.js";

type Deletions =
  { readonly kind: "stored"; readonly contents: Uint8Array } | { readonly kind: "update"; readonly bytes: Uint8Array };

export class StoredSnapshot implements SnapshotContents {
  readonly stateVector: StateVector;
  #deletions: Deletions;

  /** @param stateVector the one in `contents`, which nobody changes */
  constructor(stateVector: StateVector, contents: Uint8Array) {
    this.stateVector = stateVector;
    // A copy: small ones lie in V8's heap then, and not each behind a buffer of the store's.
    this.#deletions = { kind: "stored", contents: contents.slice() };
  }

  get deleteSetUpdate(): Uint8Array {
    if (this.#deletions.kind === "stored") {
      const { deletions } = Contents.decode(this.#deletions.contents);
      this.#deletions = { kind: "update", bytes: deletions.encodeAsUpdate() };
    }
    return this.#deletions.bytes;
  }
}
