/**
 * Gathers what changes in a room's presence for a moment, and passes it on together: the latest of each id, encoded once. Where
 * that takes long, because there are many members or the server is busy, the moments are longer.
 */
import { joinAwarenessEntries } from "@syncline/protocol";
import type { Timers } from "../timers.js";
import type { Member } from "./member.js";
import type { Seat } from "./presence-seat.js";

/** Passes an awareness update on to all members; those in `instead` get what stands there, or nothing. */
export type RelayPresence = (update: Uint8Array, instead: ReadonlyMap<Member, Uint8Array | undefined>) => void;

interface Change {
  readonly entry: Uint8Array;
  /** Who said it. `undefined`: the room, of one that left. */
  readonly author: Seat | undefined;
}

/** Windows are so many times as long as it takes to pass one on: that is no more than a small part of the time. */
const restFactor = 20;
/** But no longer: a cursor that is a tenth of a second late is seen to be late. */
const longestWindowMs = 60;

export class PresenceWindow {
  readonly #timers: Timers;
  readonly #shortestMs: number;
  readonly #relay: RelayPresence;
  readonly #changes = new Map<number, Change>();
  #windowMs: number;
  #cancel: (() => void) | undefined;

  constructor(timers: Timers, windowMs: number, relay: RelayPresence) {
    this.#timers = timers;
    this.#shortestMs = this.#windowMs = windowMs;
    this.#relay = relay;
  }

  add(clientId: number, entry: Uint8Array, author: Seat | undefined): void {
    this.#changes.set(clientId, { entry, author });
    this.#cancel ??= this.#timers.after(this.#windowMs, () => this.#flush());
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #flush(): void {
    this.#cancel = undefined;
    const startMs = this.#timers.now();
    this.#passOn();
    const restMs = Math.round((this.#timers.now() - startMs) * restFactor);
    this.#windowMs = Math.max(this.#shortestMs, Math.min(restMs, longestWindowMs));
  }

  #passOn(): void {
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    const authors = new Set(changes.map(({ author }) => author));
    const instead = new Map<Member, Uint8Array | undefined>();
    for (const author of authors) {
      if (!author) continue;
      if (authors.size === 1) instead.set(author.member, undefined);
      // With its own clock it ignores what it said itself.
      else if (author.countsBehind)
        instead.set(author.member, joined(changes.filter((change) => change.author !== author)));
    }
    this.#relay(joined(changes), instead);
  }
}

function joined(changes: readonly Change[]): Uint8Array {
  return joinAwarenessEntries(changes.map(({ entry }) => entry));
}
