/**
 * Cuts from an update what a room has: the structs below its state vector and the deletions it knows. The only file of this folder
 * that runs Yjs, and that for the one struct a cut goes through. Knows ids and bytes, no content.
 *
 * `Y.diffUpdate` would do for the structs, but it decodes and writes everything (150 ms a megabyte where this takes as long as a
 * scan), rewrites what it keeps (the keys' flags, JSON, numbers), and leaves the delete set whole.
 */
import { createEncoder, toUint8Array, writeVarUint } from "lib0/encoding";
import { diffUpdate } from "yjs";
import { structRef } from "./content.js";
import type { Contents } from "./contents.js";
import { DeleteSet } from "./delete-set.js";
import { joinedBytes } from "./joined-bytes.js";
import { noScanLimits } from "./limits.js";
import { scanUpdate, type ScannedUpdate } from "./scan.js";
import { StateVector } from "./state-vector.js";
import { StructReader } from "./struct.js";

/**
 * What of an update is new to `contents`: the very same where all of it is. What lies beyond the state vector stays as it is, holes
 * included.
 */
export function trimUpdate(scanned: ScannedUpdate, { stateVector, deletions }: Contents): ScannedUpdate {
  return trimDeletions(trimStructs(scanned, stateVector), deletions);
}

/** What of an update lies beyond the state vector, with all its deletions. */
export function trimStructs(scanned: ScannedUpdate, stateVector: StateVector): ScannedUpdate {
  if (!someStructIsKnown(scanned.blocks, stateVector)) return scanned;
  const { update, deleteSetOffset } = scanned;
  return scanUpdate(joinedBytes([newStructs(update, stateVector), update.subarray(deleteSetOffset)]), noScanLimits);
}

/** The structs are not looked through again: a document's deletions come along with each client that joins. */
function trimDeletions(scanned: ScannedUpdate, known: DeleteSet): ScannedUpdate {
  if (!someDeletionIsKnown(scanned.deletions, known)) return scanned;
  const { deleteSetOffset } = scanned;
  const deletions = newDeletionsOf(scanned.deletions, known);
  const update = joinedBytes([scanned.update.subarray(0, deleteSetOffset), deleteSetOf(deletions).encode()]);
  return { ...scanned, update, deletions, byteLength: update.length };
}

function someStructIsKnown(blocks: readonly number[], stateVector: StateVector): boolean {
  for (let at = 0; at < blocks.length; at += 3) {
    if ((blocks[at + 1] as number) < stateVector.get(blocks[at] as number)) return true;
  }
  return false;
}

function someDeletionIsKnown(deletions: readonly number[], known: DeleteSet): boolean {
  for (let at = 0; at < deletions.length; at += 3) {
    if (known.hasAny(deletions[at] as number, deletions[at + 1] as number, deletions[at + 2] as number)) return true;
  }
  return false;
}

function newDeletionsOf(deletions: readonly number[], known: DeleteSet): number[] {
  const unknown: number[] = [];
  for (let at = 0; at < deletions.length; at += 3) {
    const client = deletions[at] as number;
    const pairs = known.uncovered(client, deletions[at + 1] as number, deletions[at + 2] as number);
    for (let pair = 0; pair < pairs.length; pair += 2) {
      unknown.push(client, pairs[pair] as number, pairs[pair + 1] as number);
    }
  }
  return unknown;
}

function deleteSetOf(triples: readonly number[]): DeleteSet {
  const set = new DeleteSet();
  set.addAll(triples);
  return set;
}

/** The part of an update before its delete set, without what the vector covers. */
function newStructs(update: Uint8Array, stateVector: StateVector): Uint8Array {
  const reader = new StructReader(update, noScanLimits);
  const kept: Uint8Array[] = [];
  const blockCount = reader.readVarUint();
  for (let index = 0; index < blockCount; index++) {
    const block = newPartOfBlock(reader, stateVector);
    if (block !== undefined) kept.push(block);
  }
  return joinedBytes([varUints(kept.length), ...kept]);
}

/** The next block from its first struct the vector does not wholly cover, with that struct cut to what is new. */
function newPartOfBlock(reader: StructReader, stateVector: StateVector): Uint8Array | undefined {
  const blockStart = reader.position;
  const structCount = reader.readVarUint();
  const client = reader.readVarUint();
  const clock = reader.readVarUint();
  const known = stateVector.get(client);
  reader.startBlock(client, clock);
  let first:
    { readonly start: number; readonly end: number; readonly clock: number; readonly index: number } | undefined;
  for (let index = 0; index < structCount; index++) {
    const start = reader.position;
    const structClock = reader.clock;
    reader.readStruct();
    // A block never begins with a hole: what comes after one begins at its own clock.
    if (first === undefined && reader.clock > known && reader.ref !== structRef.skip) {
      first = { start, end: reader.position, clock: structClock, index };
    }
  }
  if (first === undefined) return undefined;
  const { bytes } = reader;
  if (first.index === 0 && first.clock >= known) return bytes.subarray(blockStart, reader.position);
  const struct = bytes.subarray(first.start, first.end);
  return joinedBytes([
    varUints(structCount - first.index, client, Math.max(first.clock, known)),
    first.clock < known ? cutStruct(struct, { client, clock: first.clock, known }) : struct,
    bytes.subarray(first.end, reader.position),
  ]);
}

/** The end of one struct from clock `known` on, cut by Yjs: it alone knows how its contents come apart. */
function cutStruct(struct: Uint8Array, at: { client: number; clock: number; known: number }): Uint8Array {
  const stateVector = new StateVector();
  stateVector.advance(at.client, at.known);
  const oneStruct = joinedBytes([varUints(1, 1, at.client, at.clock), struct, varUints(0)]);
  const cut = diffUpdate(oneStruct, stateVector.encode());
  const header = varUints(1, 1, at.client, at.known);
  return cut.subarray(header.length, cut.length - 1);
}

function varUints(...numbers: number[]): Uint8Array {
  const encoder = createEncoder();
  for (const number of numbers) writeVarUint(encoder, number);
  return toUint8Array(encoder);
}
