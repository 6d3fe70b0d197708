/**
 * The delete set at the end of an update (Yjs utils/DeleteSet.js: `writeDeleteSet`), read into a flat list. Knows nothing of which ids
 * exist.
 */
import type { Cursor } from "./cursor.js";
import { malformed, tooLarge } from "./error.js";
import type { ScanLimits } from "./limits.js";

export type DeletionLimits = Pick<ScanLimits, "maxClock" | "maxDeletions">;

const minRangeBytes = 2;
const minClientBytes = 2 + minRangeBytes;

/**
 * Clients may come in any order, each once: Yjs writes them descending since 13.6 only, and yrs in the order of its hash map. Ranges
 * of a client ascend and do not overlap.
 *
 * @returns flat triples: client, first clock, clock one past the last
 * @throws {UpdateError} `malformed`, `too-large`
 */
export function readDeletions(cursor: Cursor, limits: DeletionLimits): number[] {
  const deletions: number[] = [];
  const clientCount = cursor.readCount(minClientBytes);
  let previousClient = Infinity;
  let seen: Set<number> | undefined;
  for (let index = 0; index < clientCount; index++) {
    const client = cursor.readVarUint();
    if (client >= previousClient) seen ??= clientsOf(deletions);
    if (seen?.has(client)) throw malformed("a delete set names a client twice");
    seen?.add(client);
    previousClient = client;
    readRanges(cursor, client, limits, deletions);
  }
  return deletions;
}

function readRanges(cursor: Cursor, client: number, limits: DeletionLimits, deletions: number[]): void {
  const { maxClock, maxDeletions } = limits;
  const rangeCount = cursor.readCount(minRangeBytes);
  if (rangeCount === 0) throw malformed("a delete set names a client without ranges");
  if (deletions.length / 3 + rangeCount > maxDeletions) {
    throw tooLarge(`an update deletes more than ${maxDeletions} ranges; it has to be sent in parts`);
  }
  let previousEnd = 0;
  for (let index = 0; index < rangeCount; index++) {
    const clock = cursor.readVarUint();
    const length = cursor.readVarUint();
    if (clock < previousEnd) throw malformed("the ranges of a delete set overlap or are not in order");
    if (length < 1) throw malformed("a range of a delete set has no length");
    if (clock + length > maxClock) throw tooLarge(`a clock is above ${maxClock}`);
    previousEnd = clock + length;
    deletions.push(client, clock, previousEnd);
  }
}

function clientsOf(triples: readonly number[]): Set<number> {
  const clients = new Set<number>();
  for (let index = 0; index < triples.length; index += 3) clients.add(triples[index] as number);
  return clients;
}
