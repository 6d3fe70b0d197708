/** Passing on to a room's members what has happened in it: encoded once per kind of client, not once per member. */
import type { Wire } from "./channel.js";
import { type LogItem, updatesOf } from "./log.js";
import type { Member } from "./member.js";

export class Relay {
  readonly #roomNumber: number;
  readonly #members: ReadonlySet<Member>;
  readonly #maxUnsentBytes: number;

  constructor(roomNumber: number, members: ReadonlySet<Member>, maxUnsentBytes: number) {
    this.#roomNumber = roomNumber;
    this.#members = members;
    this.#maxUnsentBytes = maxUnsentBytes;
  }

  /** Sends what log entry `seq` brought to all live members; nobody gets their own updates back. */
  updates(seq: number, items: readonly LogItem[]): void {
    const authors = new Set<Member>();
    for (const item of items) authors.add(item.author);
    const shared = new Map<Wire, Uint8Array>();
    for (const member of this.#members) {
      if (!member.delivery.isLive) continue;
      const bytes = authors.has(member)
        ? this.#encode(member.channel.wire, seq, itemsOfOthers(items, member))
        : this.#shared(shared, member.channel.wire, seq, items);
      if (bytes) member.delivery.relay(bytes);
    }
  }

  /** Notes that all live members have been sent everything up to `seq`. */
  reached(seq: number): void {
    for (const member of this.#members) member.delivery.reached(seq);
  }

  /** Sends `update` to all members, and to those in `instead` what stands there. A member that lags goes without. */
  presence(update: Uint8Array, instead: ReadonlyMap<Member, Uint8Array | undefined>): void {
    const shared = new Map<Wire, Uint8Array>();
    for (const member of this.#members) {
      const { channel } = member;
      // One that is being sent the document gets that first.
      if (channel.unsentBytes > (member.delivery.isLive ? this.#maxUnsentBytes : 0)) continue;
      if (instead.has(member)) {
        const own = instead.get(member);
        if (own) channel.send(channel.wire.presence(this.#roomNumber, own));
        continue;
      }
      let bytes = shared.get(channel.wire);
      if (!bytes) shared.set(channel.wire, (bytes = channel.wire.presence(this.#roomNumber, update)));
      channel.send(bytes);
    }
  }

  #shared(shared: Map<Wire, Uint8Array>, wire: Wire, seq: number, items: readonly LogItem[]): Uint8Array | undefined {
    const known = shared.get(wire);
    if (known) return known;
    const bytes = this.#encode(wire, seq, items);
    if (bytes) shared.set(wire, bytes);
    return bytes;
  }

  #encode(wire: Wire, seq: number, items: readonly LogItem[]): Uint8Array | undefined {
    const updates = updatesOf(items);
    return updates.length > 0 ? wire.updates(this.#roomNumber, seq, updates) : undefined;
  }
}

function itemsOfOthers(items: readonly LogItem[], member: Member): LogItem[] {
  return items.filter((item) => item.author !== member);
}
