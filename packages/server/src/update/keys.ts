/**
 * Which structs are values under a key of a map (or an attribute), and that each of them is a single value. Knows ids only.
 *
 * A map keeps the values of a key in a chain and counts on all but the last being deleted. Yjs sets one value at a time; a made-up run
 * of several ids under a key can be split (by a deletion of half of it, by an origin inside it), and then its first half is neither
 * last nor deleted. When the map itself is deleted later, collecting garbage throws in every replica (Yjs structs/Item.js: `gc`,
 * structs/ContentType.js: `gc`), which leaves documents that send and save nothing any more, and a log that cannot be loaded.
 *
 * Whether a struct is under a key is often not in its own bytes: it stands where its origin stands. So the room keeps the ids under
 * keys, and each update is resolved against them.
 */
import { structRef } from "./content.js";
import { malformed } from "./error.js";
import { IdSet } from "./id-set.js";
import { noScanLimits } from "./limits.js";
import type { Keyed, ScannedUpdate } from "./scan.js";
import { place, StructReader } from "./struct.js";

const nothing: Keyed = Object.freeze({ ids: Object.freeze([]), runs: Object.freeze([]) });

/** Which ids that a room has are under keys. */
export type KnownKeys = Pick<IdSet, "has" | "isEmpty">;

/**
 * @param scanned a closed update (gate.ts) of which the room has nothing yet (trim.ts)
 * @param known the room's ids under keys
 */
export function findKeyed(scanned: ScannedUpdate, known: KnownKeys): Keyed {
  if (scanned.keyed !== undefined) return scanned.keyed;
  if (scanned.structCount === 0 || (!scanned.hasKeys && known.isEmpty)) return nothing;
  return scanned.structCount === 1 ? findInOneStruct(scanned, known) : new Places(scanned, known).collect();
}

/** The keystroke: what it inherits from is in the room. */
function findInOneStruct({ update, blocks }: ScannedUpdate, known: KnownKeys): Keyed {
  const reader = new StructReader(update, noScanLimits);
  reader.readVarUint();
  reader.readVarUint();
  reader.startBlock(reader.readVarUint(), reader.readVarUint());
  reader.readStruct();
  const { sourceClient, sourceClock } = reader;
  const isInherited = reader.place === place.inherited && known.has(sourceClient, sourceClock, sourceClock + 1);
  if (reader.place !== place.keyed && !isInherited) return nothing;
  const isRun = (blocks[2] as number) > (blocks[1] as number) + 1 && reader.ref !== structRef.deleted;
  return { ids: blocks, runs: isRun ? blocks : [] };
}

/** @throws {UpdateError} `malformed` when a key would hold a run of values that are not all deleted with the same update. */
export function checkKeys(scanned: ScannedUpdate, known: KnownKeys): void {
  const { runs } = findKeyed(scanned, known);
  if (runs.length === 0) return;
  // Replicas that keep garbage join replaced values into runs, and send the deletion along.
  const deleted = new IdSet();
  deleted.addAll(scanned.deletions);
  for (let at = 0; at < runs.length; at += 3) {
    if (!deleted.has(runs[at] as number, runs[at + 1] as number, runs[at + 2] as number)) {
      throw malformed("a key holds a run of values");
    }
  }
}

/** The structs of one update, side by side in flat lists, until each one's place is known. */
class Places {
  readonly #scanned: ScannedUpdate;
  readonly #known: KnownKeys;
  /** Index of the first struct of each block, and one past the last of all. */
  readonly #firsts: number[] = [];
  readonly #clocks: number[] = [];
  readonly #refs: number[] = [];
  readonly #places: number[] = [];
  /** client and clock of the id a place is inherited from. */
  readonly #sources: number[] = [];

  constructor(scanned: ScannedUpdate, known: KnownKeys) {
    this.#scanned = scanned;
    this.#known = known;
    const reader = new StructReader(scanned.update, noScanLimits);
    const blockCount = reader.readVarUint();
    for (let block = 0; block < blockCount; block++) this.#readBlock(reader);
    this.#firsts.push(this.#clocks.length);
  }

  collect(): Keyed {
    const { blocks } = this.#scanned;
    const ids: number[] = [];
    const runs: number[] = [];
    for (let block = 0; block * 3 < blocks.length; block++) {
      const client = blocks[block * 3] as number;
      const last = this.#firsts[block + 1] as number;
      for (let struct = this.#firsts[block] as number; struct < last; struct++) {
        if (this.#resolve(struct) !== place.keyed) continue;
        const clock = this.#clocks[struct] as number;
        const end = struct + 1 < last ? (this.#clocks[struct + 1] as number) : (blocks[block * 3 + 2] as number);
        join(ids, client, clock, end);
        if (end > clock + 1 && this.#refs[struct] !== structRef.deleted) runs.push(client, clock, end);
      }
    }
    return { ids, runs };
  }

  #readBlock(reader: StructReader): void {
    this.#firsts.push(this.#clocks.length);
    const structCount = reader.readVarUint();
    const client = reader.readVarUint();
    reader.startBlock(client, reader.readVarUint());
    for (let index = 0; index < structCount; index++) {
      this.#clocks.push(reader.clock);
      reader.readStruct();
      this.#refs.push(reader.ref);
      this.#places.push(reader.place);
      this.#sources.push(reader.sourceClient, reader.sourceClock);
    }
  }

  /** Follows sources up to one whose place is known, in the update or in the room, and tells all on the way. */
  #resolve(struct: number): number {
    const asking: number[] = [];
    let found = this.#places[struct] as number;
    for (let at = struct; found === place.inherited; found = this.#places[at] as number) {
      asking.push(at);
      const client = this.#sources[at * 2] as number;
      const clock = this.#sources[at * 2 + 1] as number;
      const source = this.#structAt(client, clock);
      if (source === -1) {
        found = this.#known.has(client, clock, clock + 1) ? place.keyed : place.free;
        break;
      }
      // Cannot happen in a closed update; without an end it would be a server that stands still.
      if (asking.length > this.#clocks.length) throw malformed("structs stand in a circle");
      at = source;
    }
    for (const at of asking) this.#places[at] = found;
    return found;
  }

  /** Index of the struct of the update that holds an id, −1 when it is the room's. */
  #structAt(client: number, clock: number): number {
    const block = this.#blockOf(client);
    if (block === -1 || clock < (this.#scanned.blocks[block * 3 + 1] as number)) return -1;
    let low = this.#firsts[block] as number;
    let high = this.#firsts[block + 1] as number;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#clocks[middle] as number) <= clock) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Blocks descend by client. */
  #blockOf(client: number): number {
    const { blocks } = this.#scanned;
    let low = 0;
    let high = blocks.length / 3;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((blocks[middle * 3] as number) > client) low = middle + 1;
      else high = middle;
    }
    return low * 3 < blocks.length && blocks[low * 3] === client ? low : -1;
  }
}

function join(triples: number[], client: number, clock: number, end: number): void {
  const last = triples.length - 3;
  if (last >= 0 && triples[last] === client && triples[last + 2] === clock) triples[last + 2] = end;
  else triples.push(client, clock, end);
}
