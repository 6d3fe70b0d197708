/**
 * The states that a room shows, within bounds, and what it remembers of those that left: their clocks, and whose they were.
 * Decides nothing about who may have which id.
 */
import { encodeAwarenessEntry } from "@syncline/protocol";
import { goneJson, type Announced, type Seat } from "./presence-seat.js";

export interface PresenceBounds {
  readonly maxPresenceStatesPerRoom: number;
  /** Of all states together. */
  readonly maxPresenceBytesPerRoom: number;
}

/** An id whose owner has left. */
export interface Departed {
  /** At which it was announced as gone. */
  readonly clock: number;
  readonly subject: string | undefined;
  readonly leftAtMs: number;
}

/** What a client says of itself. */
export interface Saying {
  readonly clientId: number;
  readonly clock: number;
  /** As it is to be passed on. */
  readonly json: Uint8Array;
  readonly nowMs: number;
}

/** Ports of y-protocols count in 32 bits, some of them signed, and a clock at the end of what they can count would be the last. */
export const maxClock = 2 ** 31 - 1;

export const clockTooHigh = "a presence clock near the end of what can be counted";

/** So many of those who left are remembered, of those with a subject and of the others each. */
const maxDeparted = 1_000;
/** A client that comes back after so long counts from wherever it likes: nobody else remembers its clock either. */
const rememberMs = 5 * 60_000;

export class PresenceTable {
  readonly #bounds: PresenceBounds;
  readonly #announced = new Map<number, Announced>();
  #byteCount = 0;
  /** Those with a subject stay as long as there is space: while the room is loaded, nobody else takes their ids. */
  readonly #departed = { named: new Map<number, Departed>(), nameless: new Map<number, Departed>() };

  constructor(bounds: PresenceBounds) {
    this.#bounds = bounds;
  }

  get(clientId: number): Announced | undefined {
    return this.#announced.get(clientId);
  }

  departed(clientId: number): Departed | undefined {
    return this.#departed.named.get(clientId) ?? this.#departed.nameless.get(clientId);
  }

  /** All that is remembered, to see that it does not grow. */
  get size(): number {
    return this.#announced.size + this.#departed.named.size + this.#departed.nameless.size;
  }

  all(): Iterable<Announced> {
    return this.#announced.values();
  }

  /** Returns why not, if there is no space. */
  add(owner: Seat, { clientId, clock, json, nowMs }: Saying): Announced | string {
    const departed = this.departed(clientId);
    const roomClock = following(departed, clock);
    const reason = this.#whyNot(this.#announced.size + 1, json.length, roomClock);
    if (reason !== undefined) return reason;
    const entry = encodeAwarenessEntry({ clientId, clock: roomClock, state: json });
    const announced: Announced = {
      clientId,
      subject: owner.subject,
      owner,
      json: stateIn(entry, json),
      entry,
      ownClock: clock,
      clock: roomClock,
      saidAtMs: nowMs,
      claimant: undefined,
    };
    this.#departed.named.delete(clientId);
    this.#departed.nameless.delete(clientId);
    this.#announced.set(clientId, announced);
    this.#byteCount += json.length;
    owner.announced.add(announced);
    return announced;
  }

  /** Returns why not, if there is no space. */
  change(announced: Announced, { clock, json, nowMs }: Saying): Announced | string {
    const { clientId } = announced;
    const roomClock = following(announced, clock);
    const growth = json.length - announced.json.length;
    const reason = this.#whyNot(this.#announced.size, growth, roomClock);
    if (reason !== undefined) return reason;
    const entry = encodeAwarenessEntry({ clientId, clock: roomClock, state: json });
    announced.json = stateIn(entry, json);
    announced.entry = entry;
    announced.ownClock = clock;
    announced.clock = roomClock;
    announced.saidAtMs = nowMs;
    this.#byteCount += growth;
    return announced;
  }

  /** Returns the entry that says that it is gone. */
  remove(announced: Announced, nowMs: number): Uint8Array {
    const { clientId, subject, owner, json } = announced;
    const clock = announced.clock + 1;
    owner.announced.delete(announced);
    this.#announced.delete(clientId);
    this.#byteCount -= json.length;
    const departedIds = subject === undefined ? this.#departed.nameless : this.#departed.named;
    departedIds.set(clientId, { clock, subject, leftAtMs: nowMs });
    this.forget(nowMs);
    return encodeAwarenessEntry({ clientId, clock, state: goneJson });
  }

  /** Forgets who left too long ago, or of too many the first. */
  forget(nowMs: number): void {
    const { named, nameless } = this.#departed;
    for (const clientId of named.keys()) {
      if (named.size <= maxDeparted) break;
      named.delete(clientId);
    }
    for (const [clientId, { leftAtMs }] of nameless) {
      if (nameless.size <= maxDeparted && nowMs - leftAtMs < rememberMs) break;
      nameless.delete(clientId);
    }
  }

  #whyNot(count: number, growth: number, roomClock: number): string | undefined {
    const { maxPresenceStatesPerRoom, maxPresenceBytesPerRoom } = this.#bounds;
    // One more for when it is gone.
    if (roomClock >= maxClock) return clockTooHigh;
    if (count > maxPresenceStatesPerRoom) return `more than ${maxPresenceStatesPerRoom} states in one document`;
    if (this.#byteCount + growth <= maxPresenceBytesPerRoom) return undefined;
    return `more than ${maxPresenceBytesPerRoom} bytes of presence in one document`;
  }
}

/** The state as the end of its entry: kept once, whatever larger buffer it came in. `goneJson` stays that. */
function stateIn(entry: Uint8Array, json: Uint8Array): Uint8Array {
  return json === goneJson ? json : entry.subarray(entry.length - json.length);
}

/** The room's clock follows the client's, and is above all that it was before. */
function following(known: { readonly clock: number } | undefined, said: number): number {
  return known ? Math.max(known.clock + 1, said) : said;
}
