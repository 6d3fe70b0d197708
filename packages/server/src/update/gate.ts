/**
 * Whether an update is causally closed over a state vector, so that Yjs would integrate all of it at once and keep nothing
 * pending (Yjs utils/encoding.js: `integrateStructs`, `readAndApplyDeleteSet`; structs/Item.js: `getMissing`). Knows ids only.
 */
import type { ScannedUpdate } from "./scan.js";
import type { StateVector } from "./state-vector.js";

/** The first thing found missing. While the room's vector is below `clock` for `client`, asking again is in vain. */
export interface Gap {
  /**
   * - `block`: structs of `client` begin later than the room's end
   * - `dependency`: a struct leans on an id of `client` that neither the room nor the update has
   * - `cycle`: structs of `client` and of others wait for each other
   * - `deletion`: a range deletes ids of `client` that nobody has seen
   */
  readonly reason: "block" | "dependency" | "cycle" | "deletion";
  readonly client: number;
  readonly clock: number;
}

export function findGap(scanned: ScannedUpdate, stateVector: StateVector): Gap | undefined {
  const { blocks, dependencies, deletions } = scanned;
  if (blocks.length === 3 && dependencies.length === 0 && deletions.length === 0) {
    return blockGap(blocks, 0, stateVector);
  }
  for (let at = 0; at < blocks.length; at += 3) {
    const gap = blockGap(blocks, at, stateVector);
    if (gap !== undefined) return gap;
  }
  return dependencyGap(scanned, stateVector) ?? deletionGap(scanned, stateVector);
}

function blockGap(blocks: readonly number[], at: number, stateVector: StateVector): Gap | undefined {
  const client = blocks[at] as number;
  const clock = blocks[at + 1] as number;
  return clock > stateVector.get(client) ? { reason: "block", client, clock } : undefined;
}

function deletionGap({ blocks, deletions }: ScannedUpdate, stateVector: StateVector): Gap | undefined {
  for (let at = 0; at < deletions.length; at += 3) {
    const client = deletions[at] as number;
    const clock = deletions[at + 2] as number;
    if (clock > stateVector.get(client) && clock > endOf(blocks, client)) return { reason: "deletion", client, clock };
  }
  return undefined;
}

/** Ids the room has, or that come in the same update, are no gap; the latter only if there is an order to integrate them in. */
function dependencyGap({ blocks, dependencies }: ScannedUpdate, stateVector: StateVector): Gap | undefined {
  let leansOnItself = false;
  for (let at = 0; at < dependencies.length; at += 4) {
    const client = dependencies[at + 2] as number;
    const clock = dependencies[at + 3] as number;
    if (clock < stateVector.get(client)) continue;
    if (clock >= endOf(blocks, client)) return { reason: "dependency", client, clock: clock + 1 };
    leansOnItself = true;
  }
  return leansOnItself ? new Integration(blocks, dependencies, stateVector).findCycle() : undefined;
}

/** One past the last id of `client` in the update; 0 without. Clients descend. */
function endOf(blocks: readonly number[], client: number): number {
  const at = lastBlockOf(blocks, client);
  return at === -1 ? 0 : (blocks[at + 2] as number);
}

/** Index of the last run of `client`, −1 without: the first run from which on clients are smaller is behind it. */
function lastBlockOf(blocks: readonly number[], client: number): number {
  let low = 0;
  let high = blocks.length / 3;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((blocks[middle * 3] as number) >= client) low = middle + 1;
    else high = middle;
  }
  const at = low * 3 - 3;
  return at >= 0 && blocks[at] === client ? at : -1;
}

/** How far one client of the update is integrated. */
interface Progress {
  readonly end: number;
  /** Everything below is integrated. */
  clock: number;
  /** Its first dependency not known to be met, an index into the flat list, and where its dependencies end. */
  next: number;
  readonly last: number;
  /** While others wait for it, and it for another: the clock it has to get past. */
  target: number;
  isWaiting: boolean;
}

/**
 * Integrates an update of several clients in thought. Structs of a client keep their order, so a client is one clock that moves up to
 * its next struct that leans on another; who leans waits on a stack, and waiting for one who waits already is a cycle. The
 * work grows with the number of dependencies, whatever their order.
 */
class Integration {
  readonly #dependencies: readonly number[];
  readonly #stateVector: StateVector;
  readonly #clients = new Map<number, Progress>();

  constructor(blocks: readonly number[], dependencies: readonly number[], stateVector: StateVector) {
    this.#dependencies = dependencies;
    this.#stateVector = stateVector;
    let next = 0;
    for (let at = 0; at < blocks.length; at += 3) {
      const client = blocks[at] as number;
      if (blocks[at + 3] === client) continue;
      let last = next;
      while (dependencies[last] === client) last += 4;
      // Starting below what the room has is safe: its vector is always asked first.
      this.#clients.set(client, { end: blocks[at + 2] as number, clock: 0, next, last, target: 0, isWaiting: false });
      next = last;
    }
  }

  findCycle(): Gap | undefined {
    for (const progress of this.#clients.values()) {
      const gap = this.#integrate(progress);
      if (gap !== undefined) return gap;
    }
    return undefined;
  }

  /** Integrates all of one client, and of the others only as much as it needs: they may need its later structs. */
  #integrate(first: Progress): Gap | undefined {
    const waiting: Progress[] = [first];
    first.target = first.end - 1;
    first.isWaiting = true;
    for (let top = waiting.at(-1); top !== undefined; top = waiting.at(-1)) {
      const blockedAt = this.#advance(top);
      if (blockedAt === undefined) {
        top.isWaiting = false;
        waiting.pop();
        continue;
      }
      const client = this.#dependencies[blockedAt + 2] as number;
      const clock = this.#dependencies[blockedAt + 3] as number;
      const blocker = this.#clients.get(client);
      if (blocker === undefined || blocker.isWaiting) return { reason: "cycle", client, clock: clock + 1 };
      blocker.isWaiting = true;
      blocker.target = clock;
      waiting.push(blocker);
    }
    return undefined;
  }

  /** Moves a client past its target and returns nothing, or up to a dependency not met and returns its index. */
  #advance(progress: Progress): number | undefined {
    for (; progress.next < progress.last; progress.next += 4) {
      const client = this.#dependencies[progress.next + 2] as number;
      const clock = this.#dependencies[progress.next + 3] as number;
      if (clock < this.#stateVector.get(client) || clock < (this.#clients.get(client)?.clock ?? 0)) continue;
      progress.clock = this.#dependencies[progress.next + 1] as number;
      return progress.clock > progress.target ? undefined : progress.next;
    }
    progress.clock = progress.end;
    return undefined;
  }
}
