/**
 * One struct after the other of one client (Yjs structs/Item.js, GC.js, Skip.js: `write`; utils/encoding.js:
 * `readClientsStructRefs`), and what they lean on. Knows no room: whether foreign ids exist is the gate's question.
 */
import { atLeastOne, skipContent, structRef } from "./content.js";
import { Cursor } from "./cursor.js";
import { malformed, tooLarge } from "./error.js";
import type { ScanLimits } from "./limits.js";

const refBits = 0x1f;
const hasParentSub = 0x20;
const hasRightOrigin = 0x40;
const hasOrigin = 0x80;

/**
 * - `free`: in a list, or garbage: under no key
 * - `keyed`: names the key of a map it is a value of
 * - `inherited`: stands where its origin stands, or its right origin when it has no other
 */
export const place = Object.freeze({ free: 0, keyed: 1, inherited: 2 });
export type Place = (typeof place)[keyof typeof place];

/** The shortest structs (a GC, a deleted run with origin aside): an info byte and a length. */
export const minStructBytes = 2;

export class StructReader extends Cursor {
  /**
   * Foreign ids that structs lean on, flat: client and clock of the struct, client and clock of the id. What an earlier struct
   * of the block already asks for is left out.
   */
  readonly dependencies: number[] = [];
  /** Kind of the struct last read: a value of `structRef`. */
  ref = 0;
  /** How the struct last read finds its parent and its key, if it has one. */
  place: Place = place.free;
  /** Where `place` is `inherited`: the id it is inherited from. */
  sourceClient = 0;
  sourceClock = 0;
  /** Whether any struct so far named a key. */
  hasKeys = false;
  readonly #limits: ScanLimits;
  #client = 0;
  #clock = 0;
  #lastForeignClient = -1;
  #lastForeignClock = -1;

  constructor(update: Uint8Array, limits: ScanLimits) {
    super(update);
    this.#limits = limits;
  }

  /** The id one past the struct last read. */
  get clock(): number {
    return this.#clock;
  }

  startBlock(client: number, clock: number): void {
    this.#client = client;
    this.#clock = clock;
    this.#lastForeignClient = -1;
  }

  /**
   * Passes over a struct; `clock` is then behind it.
   *
   * @throws {UpdateError} `malformed`, `too-large`
   */
  readStruct(): void {
    const info = this.readByte();
    const ref = info & refBits;
    this.ref = ref;
    let length: number;
    if (ref === structRef.gc || ref === structRef.skip) {
      if (info !== ref) throw malformed("a struct without content has flags");
      this.place = place.free;
      length = atLeastOne(this.readVarUint());
    } else {
      if (info & (hasOrigin | hasRightOrigin)) this.#readOrigins(info);
      else this.#readParent(info);
      length = skipContent(this, ref, this.#limits);
    }
    this.#clock += length;
    if (this.#clock > this.#limits.maxClock) throw tooLarge(`a clock is above ${this.#limits.maxClock}`);
  }

  /** With an origin the parent is the origin's; Yjs may still set the flag of a key and then writes none. */
  #readOrigins(info: number): void {
    this.place = place.inherited;
    this.sourceClient = this.readVarUint();
    this.sourceClock = this.readVarUint();
    this.#leanOn(this.sourceClient, this.sourceClock);
    if ((info & (hasOrigin | hasRightOrigin)) === (hasOrigin | hasRightOrigin)) {
      this.#leanOn(this.readVarUint(), this.readVarUint());
    }
  }

  #readParent(info: number): void {
    const isRoot = this.readByte();
    if (isRoot > 1) throw malformed("a parent is neither a name nor an id");
    if (isRoot === 1) this.skipString();
    else this.#leanOn(this.readVarUint(), this.readVarUint());
    this.place = info & hasParentSub ? place.keyed : place.free;
    if (this.place === place.free) return;
    this.skipString();
    this.hasKeys = true;
  }

  /** Its own client's ids must be older than itself: nothing can be integrated beside itself. */
  #leanOn(client: number, clock: number): void {
    if (client === this.#client) {
      if (clock >= this.#clock) throw malformed("a struct leans on itself or on a later one of its client");
      return;
    }
    if (client === this.#lastForeignClient && clock <= this.#lastForeignClock) return;
    this.#lastForeignClient = client;
    this.#lastForeignClock = clock;
    this.dependencies.push(this.#client, this.#clock, client, clock);
  }
}
