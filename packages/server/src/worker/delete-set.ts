/** Deleted ranges of ids, gathered in any order and written as Yjs v1 writes a delete set. Knows no document. */
import * as encoding from "lib0/encoding";

interface Range {
  readonly clock: number;
  readonly length: number;
}

export class DeleteSetBuilder {
  readonly #rangesByClient = new Map<number, Range[]>();

  add(client: number, clock: number, length: number): void {
    const ranges = this.#rangesByClient.get(client);
    if (ranges === undefined) {
      this.#rangesByClient.set(client, [{ clock, length }]);
      return;
    }
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last.clock + last.length === clock) {
      ranges[ranges.length - 1] = { clock: last.clock, length: last.length + length };
    } else {
      ranges.push({ clock, length });
    }
  }

  /** Clients descending, ranges ascending and apart from each other. */
  write(encoder: encoding.Encoder): void {
    const clients = this.#sorted();
    encoding.writeVarUint(encoder, clients.length);
    for (const [client, ranges] of clients) writeClient(encoder, client, ranges);
  }

  /** As updates without structs, each of at most `maxBytes` unless one range is more. None when nothing is deleted. */
  toUpdates(maxBytes: number): Uint8Array[] {
    const updates: Uint8Array[] = [];
    let open = new DeleteSetBuilder();
    let byteBound = 0;
    for (const [client, ranges] of this.#sorted()) {
      for (const range of ranges) {
        const rangeBytes = varUintBytes(range.clock) + varUintBytes(range.length);
        if (byteBound > 0 && byteBound + rangeBytes + clientBytes > maxBytes) {
          updates.push(updateOf(open));
          open = new DeleteSetBuilder();
          byteBound = 0;
        }
        byteBound += rangeBytes;
        if (!open.#rangesByClient.has(client)) byteBound += clientBytes;
        open.add(client, range.clock, range.length);
      }
    }
    if (byteBound > 0) updates.push(updateOf(open));
    return updates;
  }

  /** One update without structs, however large. */
  toUpdate(): Uint8Array {
    return updateOf(this);
  }

  #sorted(): [number, Range[]][] {
    return [...this.#rangesByClient]
      .sort(([left], [right]) => right - left)
      .map(([client, ranges]) => [client, joined(ranges)]);
  }
}

/** Enough for a client id and its number of ranges, or for what precedes all clients. */
const clientBytes = 16;

/** The length of a number in lib0's base-128 spelling. */
export function varUintBytes(value: number): number {
  let byteCount = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) byteCount += 1;
  return byteCount;
}

function updateOf(deleteSet: DeleteSetBuilder): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  deleteSet.write(encoder);
  return encoding.toUint8Array(encoder);
}

function writeClient(encoder: encoding.Encoder, client: number, ranges: readonly Range[]): void {
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, ranges.length);
  for (const range of ranges) {
    encoding.writeVarUint(encoder, range.clock);
    encoding.writeVarUint(encoder, range.length);
  }
}

/** Sorted by clock; what touches or overlaps is one range. */
function joined(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of [...ranges].sort((left, right) => left.clock - right.clock)) {
    const last = result[result.length - 1];
    if (last === undefined || last.clock + last.length < range.clock) {
      result.push(range);
    } else {
      const end = Math.max(last.clock + last.length, range.clock + range.length);
      result[result.length - 1] = { clock: last.clock, length: end - last.clock };
    }
  }
  return result;
}
