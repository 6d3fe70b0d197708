/**
 * Who is in a room and where their cursors are: the latest awareness state per Yjs client id, passed on in windows.
 * Never stored. Knows who owns which id, and nothing of documents.
 *
 * The clocks told to members are the room's own: they follow the owners' clocks, but also grow when somebody who left
 * comes back with the clock it left with. y-protocols would ignore that state until the next change (awareness.js,
 * `applyAwarenessUpdate`: only a higher clock wins).
 */
import { decodeAwarenessUpdate, encodeAwarenessUpdate, type AwarenessEntry } from "@syncline/protocol";
import type { Timers } from "../timers.js";
import type { Member } from "./member.js";

export interface PresenceOptions {
  readonly timers: Timers;
  /** Changes of this window are passed on together. */
  readonly windowMs: number;
  /** Bytes of one client's state. A larger one is ignored. */
  readonly maxStateBytes: number;
  readonly maxIdsPerMember: number;
  /** Passes an awareness update on to all members; those in `instead` get what stands there, or nothing. */
  readonly relay: (update: Uint8Array, instead: ReadonlyMap<Member, Uint8Array | undefined>) => void;
}

interface PresenceState {
  owner: Member | undefined;
  /** JSON; `"null"` when its owner has left. */
  state: string;
  /** As the owner counts. */
  ownClock: number;
  /** As the room counts. */
  clock: number;
}

const gone = "null";

/** Ports of y-protocols count in 32 bits, and a clock near the end of what can be counted would be the room's last. */
const maxClock = 2 ** 31 - 1;

/** States of those who left are remembered, for their clocks, up to this many. */
const maxDeparted = 1_000;

export class Presence {
  readonly #options: PresenceOptions;
  readonly #states = new Map<number, PresenceState>();
  readonly #changed = new Map<number, Member | undefined>();
  readonly #idCounts = new Map<Member, number>();
  #cancelWindow: (() => void) | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /**
   * Takes in what `member` says. What it says of ids that are another's is dropped: stock clients repeat what they hear.
   *
   * @throws {ProtocolError} `malformed-message`
   */
  announce(member: Member, update: Uint8Array): void {
    for (const entry of decodeAwarenessUpdate(update)) {
      if (this.#take(member, entry)) this.#markChanged(entry.clientId, member);
    }
  }

  /** Announces that `member`'s states are gone. */
  leave(member: Member): void {
    if (!this.#idCounts.delete(member)) return;
    for (const [clientId, state] of this.#states) {
      if (state.owner !== member) continue;
      state.owner = undefined;
      state.state = gone;
      state.clock += 1;
      this.#markChanged(clientId, undefined);
    }
    this.#forgetDeparted();
  }

  /** Everybody's state but `member`'s own, as an awareness update; `undefined` when there is none. */
  snapshotFor(member: Member): Uint8Array | undefined {
    const entries = this.#entriesOf(this.#states.keys(), member).filter((entry) => entry.state !== gone);
    return entries.length > 0 ? encodeAwarenessUpdate(entries) : undefined;
  }

  close(): void {
    this.#cancelWindow?.();
    this.#cancelWindow = undefined;
  }

  #take(member: Member, { clientId, clock, state }: AwarenessEntry): boolean {
    if (clock > maxClock || state.length > this.#options.maxStateBytes) return false;
    const known = this.#states.get(clientId);
    if (known?.owner && known.owner !== member) return false;
    if (known?.owner) {
      if (clock < known.ownClock || (clock === known.ownClock && state !== gone)) return false;
      if (!isJson(state)) return false;
      Object.assign(known, { state, ownClock: clock, clock: Math.max(known.clock + 1, clock) });
      return true;
    }
    if (state === gone || !isJson(state) || !this.#mayOwnOneMore(member)) return false;
    this.#states.set(clientId, {
      owner: member,
      state,
      ownClock: clock,
      clock: known ? Math.max(known.clock + 1, clock) : clock,
    });
    return true;
  }

  #mayOwnOneMore(member: Member): boolean {
    const count = this.#idCounts.get(member) ?? 0;
    if (count >= this.#options.maxIdsPerMember) return false;
    this.#idCounts.set(member, count + 1);
    return true;
  }

  #markChanged(clientId: number, author: Member | undefined): void {
    this.#changed.set(clientId, author);
    this.#cancelWindow ??= this.#options.timers.after(this.#options.windowMs, () => this.#flush());
  }

  #flush(): void {
    this.#cancelWindow = undefined;
    const changed = [...this.#changed.keys()];
    const authors = new Set(this.#changed.values());
    this.#changed.clear();
    const instead = new Map<Member, Uint8Array | undefined>();
    for (const author of authors) {
      if (!author) continue;
      if (authors.size === 1) instead.set(author, undefined);
      else if (this.#countsAheadOf(author))
        instead.set(author, encodeAwarenessUpdate(this.#entriesOf(changed, author)));
    }
    this.#options.relay(encodeAwarenessUpdate(this.#entriesOf(changed)), instead);
  }

  /**
   * Whether the room's clock for one of `member`'s ids is above its own. Its own state must not come back to it then: it
   * would take it for a newer one. With its own clock it ignores it.
   */
  #countsAheadOf(member: Member): boolean {
    for (const state of this.#states.values()) {
      if (state.owner === member && state.clock > state.ownClock) return true;
    }
    return false;
  }

  #entriesOf(clientIds: Iterable<number>, except?: Member): AwarenessEntry[] {
    const entries: AwarenessEntry[] = [];
    for (const clientId of clientIds) {
      const known = this.#states.get(clientId);
      if (!known || (except && known.owner === except)) continue;
      entries.push({ clientId, clock: known.clock, state: known.state });
    }
    return entries;
  }

  #forgetDeparted(): void {
    let excess = this.#states.size - maxDeparted;
    for (const [clientId, state] of this.#states) {
      if (excess <= 0) return;
      if (state.owner || this.#changed.has(clientId)) continue;
      this.#states.delete(clientId);
      excess -= 1;
    }
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Said to nobody: a state that is not JSON would break every other client, and its author learns nothing by a close.
    return false;
  }
}
