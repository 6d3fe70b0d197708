/**
 * How far each client's ids reach (Yjs utils/encoding.js: `writeStateVector`, `readStateVector`). Knows nothing of what the ids hold.
 */
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import { LazyMap } from "../lazy-map.js";
import { Cursor } from "./cursor.js";
import { malformed } from "./error.js";

export class StateVector {
  readonly #clocks = new LazyMap<number, number>();

  /** The next clock of `client`, which is also the number of its ids: 0 for a client never seen. */
  get(client: number): number {
    return this.#clocks.get(client) ?? 0;
  }

  /** Moves `client` up to `clock`; a lower clock than the one held changes nothing. */
  advance(client: number, clock: number): void {
    if (clock > this.get(client)) this.#clocks.set(client, clock);
  }

  /** Number of clients that have ids. */
  get size(): number {
    return this.#clocks.size;
  }

  /** client and next clock, in no order that means anything. */
  entries(): Iterable<[number, number]> {
    return this.#clocks;
  }

  /** True when this one reaches at least as far for every client. */
  covers(other: StateVector): boolean {
    for (const [client, clock] of other.#clocks) {
      if (this.get(client) < clock) return false;
    }
    return true;
  }

  equals(other: StateVector): boolean {
    return this.size === other.size && this.covers(other) && other.covers(this);
  }

  clone(): StateVector {
    const copy = new StateVector();
    for (const [client, clock] of this.#clocks) copy.#clocks.set(client, clock);
    return copy;
  }

  /** A v1 state vector, byte for byte as `Y.encodeStateVector` writes it: clients descending. */
  encode(): Uint8Array {
    const encoder = createEncoder();
    writeVarUint(encoder, this.#clocks.size);
    for (const [client, clock] of [...this.#clocks].sort((left, right) => right[0] - left[0])) {
      writeVarUint(encoder, client);
      writeVarUint(encoder, clock);
    }
    return toUint8Array(encoder);
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
    for (let index = 0; index < clientCount; index++) {
      const client = cursor.readVarUint();
      const clock = cursor.readVarUint();
      if (vector.#clocks.has(client)) throw malformed("a state vector names a client twice");
      vector.#clocks.set(client, clock);
    }
    for (const [client, clock] of vector.#clocks) {
      if (clock === 0) vector.#clocks.delete(client);
    }
    return vector;
  }
}
