/**
 * A set of ids. Knows nothing of what they stand for, nor whether they exist.
 *
 * For each client one flat list of numbers, start and end in turn, ascending, never touching: 16 bytes a range where Yjs has an
 * object, found by binary search.
 */
import { createEncoder, toUint8Array, writeVarUint, type Encoder } from "lib0/encoding";
import { LazyMap } from "../lazy-map.js";

/** From here on a client's new ranges are merged in one pass instead of being put in one by one. */
const bulkRangeCount = 16;

export class IdSet {
  readonly #clients = new LazyMap<number, number[]>();

  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  /** Ranges of all clients together. */
  get rangeCount(): number {
    let count = 0;
    for (const ranges of this.#clients.values()) count += ranges.length / 2;
    return count;
  }

  /** Adds `clock` up to, not including, `end`. True when something of it was not in the set yet. */
  add(client: number, clock: number, end: number): boolean {
    if (clock >= end) return false;
    const ranges = this.#clients.get(client);
    if (ranges === undefined) {
      this.#clients.set(client, [clock, end]);
      return true;
    }
    return addRange(ranges, clock, end);
  }

  /** Adds flat triples (client, clock, end), of which those of one client stand together and ascend. */
  addAll(triples: readonly number[]): void {
    let from = 0;
    while (from < triples.length) {
      const client = triples[from] as number;
      let to = from + 3;
      while (triples[to] === client) to += 3;
      const known = this.#clients.get(client);
      if (known !== undefined && (to - from) / 3 > bulkRangeCount) {
        this.#clients.set(client, mergedRanges(known, triples, from, to));
      } else {
        for (let at = from; at < to; at += 3) this.add(client, triples[at + 1] as number, triples[at + 2] as number);
      }
      from = to;
    }
  }

  /** True when all of `clock` up to, not including, `end` is in the set. */
  has(client: number, clock: number, end: number): boolean {
    if (clock >= end) return true;
    const ranges = this.#clients.get(client);
    if (ranges === undefined) return false;
    const at = firstEndingAfter(ranges, clock);
    return at < ranges.length && (ranges[at] as number) <= clock && (ranges[at + 1] as number) >= end;
  }

  /** True when any of `clock` up to, not including, `end` is in the set. */
  hasAny(client: number, clock: number, end: number): boolean {
    const ranges = this.#clients.get(client);
    if (ranges === undefined) return false;
    const at = firstEndingAfter(ranges, clock);
    return at < ranges.length && (ranges[at] as number) < end;
  }

  /** What of `clock` up to `end` is not in the set: flat pairs, start and end. */
  uncovered(client: number, clock: number, end: number): number[] {
    const ranges = this.#clients.get(client) ?? [];
    const pairs: number[] = [];
    let from = clock;
    for (let at = firstEndingAfter(ranges, clock); at < ranges.length && from < end; at += 2) {
      const start = ranges[at] as number;
      if (start >= end) break;
      if (start > from) pairs.push(from, start);
      from = ranges[at + 1] as number;
    }
    if (from < end) pairs.push(from, end);
    return pairs;
  }

  /** Byte for byte as Yjs writes the same ids as a v1 delete set: clients descending. */
  encode(): Uint8Array {
    const encoder = createEncoder();
    this.write(encoder);
    return toUint8Array(encoder);
  }

  /** As `encode`, to where the encoder stands. */
  write(encoder: Encoder): void {
    writeVarUint(encoder, this.#clients.size);
    for (const [client, ranges] of this.descending()) {
      writeVarUint(encoder, client);
      writeVarUint(encoder, ranges.length / 2);
      for (let at = 0; at < ranges.length; at += 2) {
        const start = ranges[at] as number;
        writeVarUint(encoder, start);
        writeVarUint(encoder, (ranges[at + 1] as number) - start);
      }
    }
  }

  /** Clients descending, each with its flat list: the one kept here, not a copy. */
  protected descending(): [number, readonly number[]][] {
    return [...this.#clients].sort((left, right) => right[0] - left[0]);
  }
}

/** Index of the first pair that ends after `clock`; the length of the list when there is none. */
function firstEndingAfter(ranges: readonly number[], clock: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle * 2 + 1] as number) > clock) high = middle;
    else low = middle + 1;
  }
  return low * 2;
}

function addRange(ranges: number[], clock: number, end: number): boolean {
  const lastEnd = ranges[ranges.length - 1] as number;
  // Most ranges come in ascending order: no search for these. What comes before others moves all of them up.
  if (clock > lastEnd) {
    ranges.push(clock, end);
    return true;
  }
  if (clock === lastEnd) {
    ranges[ranges.length - 1] = end;
    return true;
  }
  // Ranges that end exactly at `clock` are joined too, hence the one before.
  const from = firstEndingAfter(ranges, clock - 1);
  let to = from;
  while (to < ranges.length && (ranges[to] as number) <= end) to += 2;
  if (to === from) {
    ranges.splice(from, 0, clock, end);
    return true;
  }
  const start = ranges[from] as number;
  const last = ranges[to - 1] as number;
  if (to === from + 2 && start <= clock && last >= end) return false;
  ranges[from] = Math.min(start, clock);
  ranges[from + 1] = Math.max(last, end);
  if (to > from + 2) ranges.splice(from + 2, to - from - 2);
  return true;
}

/** Two ascending lists in one pass: pairs of `known`, and triples from `from` to `to`. */
function mergedRanges(known: readonly number[], triples: readonly number[], from: number, to: number): number[] {
  const merged: number[] = [];
  let left = 0;
  let right = from;
  while (left < known.length || right < to) {
    const isLeft = right >= to || (left < known.length && (known[left] as number) <= (triples[right + 1] as number));
    const start = (isLeft ? known[left] : triples[right + 1]) as number;
    const end = (isLeft ? known[left + 1] : triples[right + 2]) as number;
    if (isLeft) left += 2;
    else right += 3;
    const last = merged.length - 1;
    if (last > 0 && (merged[last] as number) >= start) merged[last] = Math.max(merged[last] as number, end);
    else merged.push(start, end);
  }
  return merged;
}
