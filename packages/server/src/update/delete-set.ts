/** Which ids are deleted (Yjs utils/DeleteSet.js). Knows nothing of what they held, nor whether they exist. */
import { varUintBytes } from "@syncline/protocol";
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import { Cursor } from "./cursor.js";
import { readDeletions } from "./deletions.js";
import { malformed } from "./error.js";
import { IdSet } from "./id-set.js";
import { defaultScanLimits } from "./limits.js";

/** Enough for a client id and its number of ranges, or for what precedes all clients. */
const clientBytes = 16;

export class DeleteSet extends IdSet {
  /** One v1 update without structs, however large. */
  encodeAsUpdate(): Uint8Array {
    const encoder = createEncoder();
    writeVarUint(encoder, 0);
    this.write(encoder);
    return toUint8Array(encoder);
  }

  /** As v1 updates without structs, each of at most `maxBytes` unless one range is more. None when nothing is deleted. */
  encodeAsUpdates(maxBytes: number): Uint8Array[] {
    const updates: Uint8Array[] = [];
    let open = new DeleteSet();
    let byteBound = 0;
    let openClient: number | undefined;
    for (const [client, clock, end] of this.#ranges()) {
      const rangeBytes = varUintBytes(clock) + varUintBytes(end - clock);
      if (byteBound > 0 && byteBound + rangeBytes + clientBytes > maxBytes) {
        updates.push(open.encodeAsUpdate());
        open = new DeleteSet();
        byteBound = 0;
        openClient = undefined;
      }
      byteBound += rangeBytes;
      if (openClient !== client) byteBound += clientBytes;
      openClient = client;
      open.add(client, clock, end);
    }
    if (byteBound > 0) updates.push(open.encodeAsUpdate());
    return updates;
  }

  *#ranges(): Generator<[client: number, clock: number, end: number], void, undefined> {
    for (const [client, ranges] of this.descending()) {
      for (let at = 0; at < ranges.length; at += 2) yield [client, ranges[at] as number, ranges[at + 1] as number];
    }
  }

  /** @throws {UpdateError} `malformed`, `too-large` */
  static decode(bytes: Uint8Array): DeleteSet {
    const cursor = new Cursor(bytes);
    const set = DeleteSet.read(cursor);
    if (cursor.remaining > 0) throw malformed("bytes follow the delete set");
    return set;
  }

  /** As `decode`, from where the cursor stands; leaves it after the set. */
  static read(cursor: Cursor): DeleteSet {
    const set = new DeleteSet();
    set.addAll(readDeletions(cursor, defaultScanLimits));
    return set;
  }
}
