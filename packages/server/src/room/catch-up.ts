/**
 * What a client lacks, in pieces, in log order: the snapshot or what it lacks of it, then the records since. Nothing is
 * merged; only a client that has a part of the snapshot costs a diff, in a worker.
 */
import type { Timers } from "../timers.js";
import { scanUpdate } from "../update/scan.js";
import type { StateVector } from "../update/state-vector.js";
import { type History, StaleSnapshot } from "./history.js";
import { Turns } from "./turns.js";

/** Computes in a worker what of `history`'s segments lies beyond `stateVector`. */
export type DiffSegments = (history: History, stateVector: StateVector) => Promise<readonly Uint8Array[]>;

/** Updates that belong together. */
export interface Piece {
  /** With them the reader has everything up to here. 0 in the midst of a snapshot: its segments follow no log. */
  readonly seq: number;
  readonly updates: readonly Uint8Array[];
}

/** A snapshot this small is sent whole to who has a part of it: cheaper for both ends than a diff. */
const smallSnapshotBytes = 64 * 1024;

/** Records are gathered into pieces of about this size. */
const pieceBytes = 64 * 1024;

/** All that a client with `stateVector` lacks. @throws {StaleSnapshot} */
export async function* missingFrom(
  history: History,
  stateVector: StateVector,
  { diffSegments, timers }: { readonly diffSegments: DiffSegments; readonly timers: Timers },
): AsyncIterable<Piece> {
  const { coveredSeq } = history.pointer;
  for await (const update of missingOfSnapshot(history, stateVector, diffSegments)) {
    yield { seq: 0, updates: [update] };
  }
  yield { seq: coveredSeq, updates: [] };
  yield* missingSince(history, coveredSeq, { stateVector, timers });
}

/** What came after `seq`, less what a client with `stateVector` has already. @throws {StaleSnapshot} */
export async function* missingSince(
  history: History,
  seq: number,
  { stateVector, timers }: { readonly stateVector: StateVector; readonly timers: Timers },
): AsyncIterable<Piece> {
  const turns = new Turns(timers);
  let updates: Uint8Array[] = [];
  let byteCount = 0;
  let position = seq;
  for await (const record of history.recordsSince(seq)) {
    for (const update of record.updates) {
      const turn = stateVector.size > 0 ? turns.did(update.length) : undefined;
      if (turn) await turn;
      if (!bringsNews(update, stateVector)) continue;
      updates.push(update);
      byteCount += update.length;
    }
    position = record.seq;
    if (byteCount < pieceBytes) continue;
    yield { seq: position, updates };
    updates = [];
    byteCount = 0;
  }
  if (position > seq) yield { seq: position, updates };
}

async function* missingOfSnapshot(
  history: History,
  stateVector: StateVector,
  diffSegments: DiffSegments,
): AsyncIterable<Uint8Array> {
  const { snapshot } = history;
  if (!snapshot) return;
  if (stateVector.covers(snapshot.stateVector)) {
    // It has all the ids, but may not know which of them were deleted.
    yield snapshot.deleteSetUpdate;
  } else if (stateVector.size === 0 || history.snapshotBytes <= smallSnapshotBytes) {
    yield* history.segments();
  } else {
    const { epoch } = history.pointer;
    yield* await diffSegments(history, stateVector);
    if (history.pointer.epoch !== epoch) throw new StaleSnapshot();
    yield snapshot.deleteSetUpdate;
  }
}

function bringsNews(update: Uint8Array, stateVector: StateVector): boolean {
  if (stateVector.size === 0) return true;
  const { blocks, deletions } = scanUpdate(update);
  if (deletions.length > 0) return true;
  for (let at = 0; at < blocks.length; at += 3) {
    if ((blocks[at + 2] as number) > stateVector.get(blocks[at] as number)) return true;
  }
  return false;
}
