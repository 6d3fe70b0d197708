/** Cuts an update to what lies beyond a state vector. Works on bytes and needs no document. */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { DeleteSet } from "../update/delete-set.js";
import { WorkerError } from "./error.js";

/** Structs of one client, an unbroken run of clocks. */
export interface ClientBlock {
  readonly client: number;
  readonly clock: number;
  endClock: number;
  structCount: number;
  readonly structs: encoding.Encoder;
}

export interface Trimmed {
  readonly blocks: readonly ClientBlock[];
  readonly deleteSet: ReturnType<typeof Y.createDeleteSet>;
}

/**
 * What of the update's structs lies at or beyond `clocks` and, where they are given, begins below `ends` (nothing of a client
 * that has none). The delete set stays whole: nobody can tell from a state vector
 * which deletions its owner has seen.
 *
 * `Y.diffUpdate` does the same, but keeps each update's delete set with its structs, and passes on a Skip that has
 * something before it.
 *
 * @throws {WorkerError} `failed` when something is left out between two structs of a client (a Skip): no document gives that
 * out, so no room has it. Whatever Yjs throws when it cannot decode the update.
 */
export function trim(
  update: Uint8Array,
  clocks: ReadonlyMap<number, number>,
  ends?: ReadonlyMap<number, number>,
): Trimmed {
  const { structs, ds } = Y.decodeUpdate(update);
  const blocks: ClientBlock[] = [];
  const encoder = new Y.UpdateEncoderV1();
  for (const struct of structs) {
    const { client, clock } = struct.id;
    const endClock = clock + struct.length;
    const knownClock = clocks.get(client) ?? 0;
    if (endClock <= knownClock) continue;
    if (ends !== undefined && clock >= (ends.get(client) ?? 0)) continue;
    if (struct instanceof Y.Skip) throw new WorkerError("failed", "an update leaves out structs");
    const offset = Math.max(knownClock - clock, 0);
    const block = blockFor(blocks, client, clock + offset);
    encoder.restEncoder = block.structs;
    struct.write(encoder, offset);
    block.structCount += 1;
    block.endClock = endClock;
  }
  return { blocks, deleteSet: ds };
}

function blockFor(blocks: ClientBlock[], client: number, clock: number): ClientBlock {
  const last = blocks[blocks.length - 1];
  if (last !== undefined && last.client === client) {
    if (last.endClock !== clock) throw new WorkerError("failed", "an update leaves out structs");
    return last;
  }
  const block = { client, clock, endClock: clock, structCount: 0, structs: encoding.createEncoder() };
  blocks.push(block);
  return block;
}

/** A v1 update of these blocks, in their order: descending, if they come from one valid update. */
export function encodeBlocks(blocks: readonly ClientBlock[], deleteSet = new DeleteSet()): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, blocks.length);
  for (const block of blocks) {
    encoding.writeVarUint(encoder, block.structCount);
    encoding.writeVarUint(encoder, block.client);
    encoding.writeVarUint(encoder, block.clock);
    encoding.writeBinaryEncoder(encoder, block.structs);
  }
  deleteSet.write(encoder);
  return encoding.toUint8Array(encoder);
}

/** Cheap as long as each client's ranges ascend, also from one call to the next: those of a snapshot's segments do. */
export function addDeletions(target: DeleteSet, deleteSet: Trimmed["deleteSet"]): void {
  for (const [client, ranges] of deleteSet.clients) {
    for (const range of ranges) target.add(client, range.clock, range.clock + range.len);
  }
}
