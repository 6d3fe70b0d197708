/**
 * Exactly which ids a room holds, which of them it was told are deleted, and which are values under a key. Knows no content.
 *
 * The state vector equals that of a Y.Doc which applied everything absorbed. Its deletions are among that Y.Doc's: a Y.Doc also
 * deletes by itself what loses a map key, stands under a deleted parent or formats nothing, and no byte says so.
 */
import { createEncoder, toUint8Array, writeUint8Array } from "lib0/encoding";
import { Cursor } from "./cursor.js";
import { DeleteSet } from "./delete-set.js";
import { malformed } from "./error.js";
import { findKeyed } from "./keys.js";
import type { ScannedUpdate } from "./scan.js";
import { StateVector } from "./state-vector.js";

export class Contents {
  readonly stateVector: StateVector;
  readonly deletions: DeleteSet;
  /** Values of maps and attributes, replaced and deleted ones included; see keys.ts. */
  readonly keyed: DeleteSet;

  /** Of nothing, or of three parts that belong together: without the third, what keys.ts keeps out gets in. */
  constructor();
  constructor(stateVector: StateVector, deletions: DeleteSet, keyed: DeleteSet);
  constructor(stateVector = new StateVector(), deletions = new DeleteSet(), keyed = new DeleteSet()) {
    this.stateVector = stateVector;
    this.deletions = deletions;
    this.keyed = keyed;
  }

  /** Takes in an update that has got its place in the log. It must be closed (gate.ts): the vector cannot hold holes. */
  absorb(scanned: ScannedUpdate): void {
    const { blocks, bornDeleted } = scanned;
    this.keyed.addAll(findKeyed(scanned, this.keyed).ids);
    // Before the vector moves: ids the room already has keep what they held, whatever this update says they are.
    for (let at = 0; at < bornDeleted.length; at += 3) {
      const client = bornDeleted[at] as number;
      const clock = Math.max(bornDeleted[at + 1] as number, this.stateVector.get(client));
      this.deletions.add(client, clock, bornDeleted[at + 2] as number);
    }
    for (let at = 0; at < blocks.length; at += 3) {
      this.stateVector.advance(blocks[at] as number, blocks[at + 2] as number);
    }
    this.deletions.addAll(scanned.deletions);
  }

  /** True when the room has every id of the update and knows all its deletions. */
  isNothingNew(scanned: ScannedUpdate): boolean {
    const { blocks, deletions } = scanned;
    for (let at = 0; at < blocks.length; at += 3) {
      if ((blocks[at + 2] as number) > this.stateVector.get(blocks[at] as number)) return false;
    }
    for (let at = 0; at < deletions.length; at += 3) {
      const client = deletions[at] as number;
      if (!this.deletions.has(client, deletions[at + 1] as number, deletions[at + 2] as number)) return false;
    }
    return true;
  }

  /** A v1 state vector, then two v1 delete sets: the deletions, and the ids under keys. */
  encode(): Uint8Array {
    const encoder = createEncoder();
    writeUint8Array(encoder, this.stateVector.encode());
    writeUint8Array(encoder, this.deletions.encode());
    writeUint8Array(encoder, this.keyed.encode());
    return toUint8Array(encoder);
  }

  /** @throws {UpdateError} `malformed`, `too-large` */
  static decode(bytes: Uint8Array): Contents {
    const cursor = new Cursor(bytes);
    const contents = new Contents(StateVector.read(cursor), DeleteSet.read(cursor), DeleteSet.read(cursor));
    if (cursor.remaining > 0) throw malformed("bytes follow the contents");
    return contents;
  }
}
