/**
 * How much of an update can be integrated where something it leans on is missing (Yjs utils/encoding.js: `integrateStructs`
 * puts the rest off; so must whoever wants nothing pending). Knows ids only.
 */
import type { ScannedUpdate } from "../update/scan.js";
import type { StateVector } from "../update/state-vector.js";

/**
 * For each client that the update takes further than `stateVector`: how far. Structs of a client keep their order, so the first
 * that lacks something holds up all of its client's that follow.
 */
export function reachOf(scanned: ScannedUpdate, stateVector: StateVector): Map<number, number> {
  const reach = new Map<number, number>();
  const clockOf = (client: number): number => reach.get(client) ?? stateVector.get(client);
  // What one client's structs wait for, a client further down may bring.
  while (advanceOnce(scanned, clockOf, reach));
  return reach;
}

type ClockOf = (client: number) => number;

function advanceOnce({ blocks, dependencies }: ScannedUpdate, clockOf: ClockOf, reach: Map<number, number>): boolean {
  let hasMoved = false;
  let next = 0;
  for (let at = 0; at < blocks.length; at += 3) {
    const client = blocks[at] as number;
    const end = blocks[at + 2] as number;
    let limit = end;
    // Dependencies stand in the order of the structs: those of this run are next.
    for (; dependencies[next] === client && (dependencies[next + 1] as number) < end; next += 4) {
      const isMet = (dependencies[next + 3] as number) < clockOf(dependencies[next + 2] as number);
      if (!isMet) limit = Math.min(limit, dependencies[next + 1] as number);
    }
    const clock = clockOf(client);
    if ((blocks[at + 1] as number) > clock || limit <= clock) continue;
    reach.set(client, limit);
    hasMoved = true;
  }
  return hasMoved;
}
