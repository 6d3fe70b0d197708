/**
 * Whether bytes are an update that Yjs could have written (v1: utils/encoding.js `writeClientsStructs`, `writeDeleteSet`), and which ids it
 * speaks of. One pass, no recursion, no object per struct. Knows no room: an update may be sound and still lean on what a room
 * lacks (gate.ts) or repeat what it has (trim.ts).
 */
import { structRef } from "./content.js";
import { readDeletions } from "./deletions.js";
import { malformed, tooLarge } from "./error.js";
import { defaultScanLimits, type ScanLimits } from "./limits.js";
import { minStructBytes, StructReader } from "./struct.js";

/** Lists are flat: so many numbers an entry, nothing allocated for each. An `end` is the clock one past the last id. */
export interface ScannedUpdate {
  /** The bytes all this is about. */
  readonly update: Uint8Array;
  /** client, clock, end of each run of structs, clients descending; more than one run of a client where a Skip lies between. */
  readonly blocks: readonly number[];
  /** client, clock, end of each range in the delete set. */
  readonly deletions: readonly number[];
  /**
   * client, clock, end of each run that is deleted where it stands (a GC, deleted content). Yjs counts it as deleted whether the
   * delete set says so or not; updates that a replica passes on in its own transactions do not.
   */
  readonly bornDeleted: readonly number[];
  /** client and clock of a struct, then client and clock of a foreign id it leans on (origin, right origin, parent). */
  readonly dependencies: readonly number[];
  readonly structCount: number;
  /** Some struct names the key of a map it is a value of. */
  readonly hasKeys: boolean;
  /** What of it is under keys, where somebody who has the document has looked. */
  readonly keyed?: Keyed;
  /** A Skip: `mergeUpdates` of what is not consecutive writes one. Closed only where the room has what is skipped; never stored. */
  readonly hasHoles: boolean;
  /** The byte where the delete set begins. */
  readonly deleteSetOffset: number;
  readonly byteLength: number;
}

/** Which ids of an update are under keys (keys.ts). Flat triples: client, clock, end. */
export interface Keyed {
  /** All that are, consecutive structs joined. */
  readonly ids: readonly number[];
  /** Of those, each struct of more than one id that does not come deleted. */
  readonly runs: readonly number[];
}

/** Count of structs, client, clock and one struct. */
const minBlockBytes = 3 + minStructBytes;

/**
 * @throws {UpdateError} `malformed` when Yjs would not have written it, `too-large` above a limit. Nothing else is thrown, whatever
 * the bytes.
 */
export function scanUpdate(update: Uint8Array, limits: ScanLimits = defaultScanLimits): ScannedUpdate {
  return new Scan(update, limits).run();
}

class Scan {
  readonly #limits: ScanLimits;
  readonly #structs: StructReader;
  readonly #blocks: number[] = [];
  readonly #bornDeleted: number[] = [];
  #structCount = 0;
  #hasHoles = false;

  constructor(update: Uint8Array, limits: ScanLimits) {
    if (update.length > limits.maxBytes) throw tooLarge(`an update is larger than ${limits.maxBytes} bytes`);
    this.#limits = limits;
    this.#structs = new StructReader(update, limits);
  }

  run(): ScannedUpdate {
    this.#readBlocks();
    const deleteSetOffset = this.#structs.position;
    const deletions = readDeletions(this.#structs, this.#limits);
    if (this.#structs.remaining > 0) throw malformed("bytes follow the delete set");
    return {
      update: this.#structs.bytes,
      blocks: this.#blocks,
      deletions,
      bornDeleted: this.#bornDeleted,
      dependencies: this.#structs.dependencies,
      structCount: this.#structCount,
      hasKeys: this.#structs.hasKeys,
      hasHoles: this.#hasHoles,
      deleteSetOffset,
      byteLength: this.#structs.position,
    };
  }

  #readBlocks(): void {
    const structs = this.#structs;
    const blockCount = structs.readCount(minBlockBytes);
    let previousClient = Infinity;
    for (let index = 0; index < blockCount; index++) {
      const structCount = structs.readCount(minStructBytes);
      if (structCount === 0) throw malformed("a client has no structs");
      // Before they are read: looking at them is what costs.
      if (this.#structCount + structCount > this.#limits.maxStructs) {
        throw tooLarge(`an update has more than ${this.#limits.maxStructs} structs; it has to be sent in parts`);
      }
      const client = structs.readVarUint();
      if (client >= previousClient) throw malformed("clients are not in descending order");
      previousClient = client;
      this.#readBlock(client, structs.readVarUint(), structCount);
    }
  }

  #readBlock(client: number, clock: number, structCount: number): void {
    const structs = this.#structs;
    structs.startBlock(client, clock);
    let runStart = clock;
    let previousEnd = clock;
    for (let index = 0; index < structCount; index++) {
      structs.readStruct();
      const end = structs.clock;
      if (structs.ref <= structRef.deleted) this.#noteBornDeleted(client, previousEnd, end);
      if (structs.ref === structRef.skip) {
        if (previousEnd === runStart || index === structCount - 1) throw malformed("a Skip is not between structs");
        this.#blocks.push(client, runStart, previousEnd);
        this.#hasHoles = true;
        runStart = end;
      }
      previousEnd = end;
    }
    this.#blocks.push(client, runStart, previousEnd);
    this.#structCount += structCount;
  }

  /** Joins it to the run before it where they touch. */
  #noteBornDeleted(client: number, clock: number, end: number): void {
    const runs = this.#bornDeleted;
    const last = runs.length - 3;
    if (last >= 0 && runs[last] === client && runs[last + 2] === clock) runs[last + 2] = end;
    else runs.push(client, clock, end);
  }
}
