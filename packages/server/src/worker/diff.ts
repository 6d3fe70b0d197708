/** What somebody at a state vector lacks of a document that is kept as pieces. Builds no document: linear in the pieces. */
import { messageOf } from "../error.js";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { DeleteSet } from "../update/delete-set.js";
import { WorkerError } from "./error.js";
import type { DiffOptions } from "./jobs.js";
import { addDeletions, encodeBlocks, trim, type ClientBlock, type Trimmed } from "./trim.js";
import { defaultMaxUpdateBytes } from "./update-size.js";

/** More than what stands around the structs of one client. */
const maxBlockHeadBytes = 40;

/**
 * Updates that, applied in order to any document with at least this state vector, leave nothing pending and give it all
 * that the pieces hold. First structs only, then, last, the deletions of all pieces: they may concern what came with any of
 * them, or what the document had all along.
 *
 * Neighbouring pieces of one client (somebody typing) become one update up to `maxUpdateBytes`; a piece that is larger by
 * itself stays as large as it is.
 *
 * @throws {WorkerError} `failed`, with the index of a piece that cannot be decoded or does not follow those before it.
 */
export function diff(pieces: Iterable<Uint8Array>, stateVector: Uint8Array, options: DiffOptions = {}): Uint8Array[] {
  const writer = new DiffWriter(options.maxUpdateBytes ?? defaultMaxUpdateBytes);
  const clocks = Y.decodeStateVector(stateVector);
  let pieceIndex = 0;
  for (const piece of pieces) {
    try {
      const trimmed = trim(piece, clocks);
      advance(clocks, trimmed.blocks);
      writer.add(trimmed);
    } catch (cause) {
      throw new WorkerError("failed", `piece ${pieceIndex}: ${messageOf(cause)}`, { cause, pieceIndex });
    }
    pieceIndex += 1;
  }
  return writer.finish();
}

/** So that what two pieces hold both is sent once, and a hole between pieces is noticed here and not by the client. */
function advance(clocks: Map<number, number>, blocks: readonly ClientBlock[]): void {
  for (const { client, clock, endClock } of blocks) {
    const knownClock = clocks.get(client) ?? 0;
    if (clock > knownClock)
      throw new WorkerError("failed", `${clock - knownClock} clocks of client ${client} are missing`);
    clocks.set(client, endClock);
  }
}

class DiffWriter {
  readonly #maxUpdateBytes: number;
  readonly #updates: Uint8Array[] = [];
  readonly #deleted = new DeleteSet();
  /** Structs of one client that the next piece may still be joined to. */
  #open: ClientBlock | undefined;

  constructor(maxUpdateBytes: number) {
    this.#maxUpdateBytes = maxUpdateBytes;
  }

  add({ blocks, deleteSet }: Trimmed): void {
    addDeletions(this.#deleted, deleteSet);
    const [block, ...others] = blocks;
    if (block === undefined) return;
    if (others.length > 0) {
      // Blocks of one piece can lean on each other in both directions: they stay together.
      this.#flush();
      this.#updates.push(encodeBlocks(blocks));
    } else if (this.#open !== undefined && this.#canJoin(this.#open, block)) {
      encoding.writeBinaryEncoder(this.#open.structs, block.structs);
      this.#open.structCount += block.structCount;
      this.#open.endClock = block.endClock;
    } else {
      this.#flush();
      this.#open = block;
    }
  }

  finish(): Uint8Array[] {
    this.#flush();
    return [...this.#updates, ...this.#deleted.encodeAsUpdates(this.#maxUpdateBytes)];
  }

  #canJoin(open: ClientBlock, next: ClientBlock): boolean {
    // Of one client each block begins where the one before it ended: `advance` has seen to that.
    if (open.client !== next.client) return false;
    const byteLength = encoding.length(open.structs) + encoding.length(next.structs) + maxBlockHeadBytes;
    return byteLength <= this.#maxUpdateBytes;
  }

  #flush(): void {
    if (this.#open !== undefined) this.#updates.push(encodeBlocks([this.#open]));
    this.#open = undefined;
  }
}
