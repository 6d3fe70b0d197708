/** Which ids are deleted (Yjs utils/DeleteSet.js). Knows nothing of what they held, nor whether they exist. */
import { Cursor } from "./cursor.js";
import { readDeletions } from "./deletions.js";
import { malformed } from "./error.js";
import { IdSet } from "./id-set.js";
import { defaultScanLimits } from "./limits.js";

export class DeleteSet extends IdSet {
  /** A v1 update without structs. */
  encodeAsUpdate(): Uint8Array {
    const ranges = this.encode();
    const update = new Uint8Array(ranges.length + 1);
    update.set(ranges, 1);
    return update;
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
    set.addAll(readDeletions(cursor, defaultScanLimits.maxClock));
    return set;
  }
}
