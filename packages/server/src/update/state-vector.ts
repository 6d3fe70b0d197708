/**
 * How far each client's ids reach (Yjs utils/encoding.js: `writeStateVector`, `readStateVector`). Knows nothing of what the ids hold.
 */
import { writeVarUint } from "@syncline/protocol";
import { LazyMap } from "../lazy-map.js";
import { Cursor } from "./cursor.js";
import { malformed } from "./error.js";

/** Of a number up to 2^53−1. */
const maxVarUintBytes = 8;
/** What is shorter is written faster than it is worth keeping. */
const minKeptBytes = 4 * 1024;

export class StateVector {
  /**
   * Client and next clock in turn, clients descending, as they are written: a document may have 100,000 clients, and each who
   * opens it is told all of them.
   */
  #sorted: number[] = [];
  /** Clients that came since that was last put in order; they are in one of the two. */
  readonly #late = new LazyMap<number, number>();
  /** What `encode` gave, while nothing has changed: a thousand may open the document in one moment. */
  #encoded: Uint8Array | undefined;

  /** The next clock of `client`, which is also the number of its ids: 0 for a client never seen. */
  get(client: number): number {
    return this.#clockAt(this.#find(client), client);
  }

  /** Moves `client` up to `clock`; a lower clock than the one held changes nothing. */
  advance(client: number, clock: number): void {
    const at = this.#find(client);
    if (clock <= this.#clockAt(at, client)) return;
    if (at === undefined) this.#late.set(client, clock);
    else this.#sorted[at + 1] = clock;
    this.#encoded = undefined;
  }

  /** Number of clients that have ids. */
  get size(): number {
    return this.#sorted.length / 2 + this.#late.size;
  }

  /** Client and next clock, clients descending. */
  *entries(): Generator<[client: number, clock: number], void, undefined> {
    const entries = this.#inOrder();
    for (let at = 0; at < entries.length; at += 2) yield [entries[at] as number, entries[at + 1] as number];
  }

  /** True when this one reaches at least as far for every client. */
  covers(other: StateVector): boolean {
    const own = this.#inOrder();
    const others = other.#inOrder();
    let ownAt = 0;
    for (let at = 0; at < others.length; at += 2) {
      const client = others[at] as number;
      while ((own[ownAt] as number) > client) ownAt += 2;
      if (own[ownAt] !== client || (own[ownAt + 1] as number) < (others[at + 1] as number)) return false;
    }
    return true;
  }

  equals(other: StateVector): boolean {
    return this.size === other.size && this.covers(other) && other.covers(this);
  }

  clone(): StateVector {
    const copy = new StateVector();
    copy.#sorted = this.#inOrder().slice();
    return copy;
  }

  /** A v1 state vector, byte for byte as `Y.encodeStateVector` writes it: clients descending. Others may have the same array. */
  encode(): Uint8Array {
    const encoded = this.#encoded ?? this.#write();
    if (encoded.length >= minKeptBytes) this.#encoded = encoded;
    return encoded;
  }

  #write(): Uint8Array {
    const entries = this.#inOrder();
    // As much as it can take: measuring it first would take as long as writing it.
    const bytes = new Uint8Array((1 + entries.length) * maxVarUintBytes);
    let position = writeVarUint(bytes, 0, this.size);
    for (const entry of entries) position = writeVarUint(bytes, position, entry);
    return bytes.slice(0, position);
  }

  /**
   * Takes clients in any order (Yjs before 13.6 and yrs do not sort), each once.
   *
   * @throws {UpdateError} `malformed`
   */
  static decode(bytes: Uint8Array): StateVector {
    const cursor = new Cursor(bytes);
    const vector = StateVector.read(cursor);
    if (cursor.remaining > 0) throw malformed("bytes follow the state vector");
    return vector;
  }

  /** As `decode`, from where the cursor stands; leaves it after the vector. */
  static read(cursor: Cursor): StateVector {
    const vector = new StateVector();
    const clientCount = cursor.readCount(2);
    let hasUnseen = false;
    for (let index = 0; index < clientCount; index++) {
      const client = cursor.readVarUint();
      const clock = cursor.readVarUint();
      vector.#put(client, clock);
      hasUnseen ||= clock === 0;
    }
    if (hasUnseen) vector.#dropUnseen();
    return vector;
  }

  /** @throws {UpdateError} `malformed` */
  #put(client: number, clock: number): void {
    const entries = this.#sorted;
    if (entries.length === 0 || client < (entries[entries.length - 2] as number)) entries.push(client, clock);
    else if (this.#late.has(client) || this.#find(client) !== undefined)
      throw malformed("a state vector names a client twice");
    else this.#late.set(client, clock);
  }

  #dropUnseen(): void {
    const entries = this.#inOrder();
    this.#sorted = [];
    for (let at = 0; at < entries.length; at += 2) {
      if (entries[at + 1] !== 0) this.#sorted.push(entries[at] as number, entries[at + 1] as number);
    }
  }

  /** @param at where in the sorted list `client` stands, if it does */
  #clockAt(at: number | undefined, client: number): number {
    return at === undefined ? (this.#late.get(client) ?? 0) : (this.#sorted[at + 1] as number);
  }

  /** Where in the sorted list a client stands. */
  #find(client: number): number | undefined {
    const entries = this.#sorted;
    let low = 0;
    let high = entries.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((entries[middle * 2] as number) > client) low = middle + 1;
      else high = middle;
    }
    return low * 2 < entries.length && entries[low * 2] === client ? low * 2 : undefined;
  }

  /** All entries, sorted. */
  #inOrder(): readonly number[] {
    if (this.#late.size > 0) {
      this.#sorted = merged(this.#sorted, descending(this.#late));
      this.#late.clear();
    }
    return this.#sorted;
  }
}

function descending(clocks: LazyMap<number, number>): number[] {
  const clients = new Float64Array(clocks.size);
  let count = 0;
  for (const [client] of clocks) clients[count++] = client;
  // Without a comparator: several times as fast.
  clients.sort().reverse();
  const entries: number[] = [];
  for (const client of clients) entries.push(client, clocks.get(client) ?? 0);
  return entries;
}

/** Both sorted, without a client in common. */
function merged(left: readonly number[], right: readonly number[]): number[] {
  const entries: number[] = [];
  let leftAt = 0;
  let rightAt = 0;
  while (leftAt < left.length || rightAt < right.length) {
    const isLeft =
      rightAt >= right.length || (leftAt < left.length && (left[leftAt] as number) > (right[rightAt] as number));
    const from = isLeft ? left : right;
    const at = isLeft ? leftAt : rightAt;
    entries.push(from[at] as number, from[at + 1] as number);
    if (isLeft) leftAt += 2;
    else rightAt += 2;
  }
  return entries;
}
