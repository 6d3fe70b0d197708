/** Passing on to a room's members what has happened in it: encoded once per kind of client, not once per member. */
import type { ApplicationEvent, LogSpan, Wire } from "./channel.js";
import { EncodedRuns } from "./encoded-runs.js";
import type { LogItem } from "./log.js";
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

  /** Sends what the records of `span` brought to all live members; nobody gets their own updates back. */
  updates(span: LogSpan, items: readonly LogItem[]): void {
    const shared = new Map<Wire, EncodedRuns>();
    for (const member of this.#members) {
      if (!member.delivery.isLive) continue;
      const bytes = this.#shared(shared, member.channel.wire, span, items).for(member);
      if (bytes) member.delivery.relay(bytes);
    }
  }

  /** Notes that all live members have been sent everything up to `seq`. */
  reached(seq: number): void {
    for (const member of this.#members) member.delivery.reached(seq);
  }

  /** Sends `update` to all members, and to those in `instead` what stands there. A member that lags goes without, until it has caught up. */
  presence(update: Uint8Array, instead: ReadonlyMap<Member, Uint8Array | undefined>): void {
    const shared = new Map<Wire, Uint8Array>();
    for (const member of this.#members) {
      const { channel } = member;
      if (this.#lags(member)) {
        member.lacksPresence = true;
        continue;
      }
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

  /** Passes `event` on to all members but its author. A member that lags goes without. */
  event(author: Member, event: ApplicationEvent): void {
    const shared = new Map<Wire, Uint8Array | undefined>();
    for (const member of this.#members) {
      if (member === author || !member.standing.mayRead || this.#lags(member)) continue;
      const { channel } = member;
      const { wire } = channel;
      if (!shared.has(wire)) shared.set(wire, wire.event(this.#roomNumber, event));
      const bytes = shared.get(wire);
      if (bytes) channel.send(bytes);
    }
  }

  /** Whether it has so much to read that only the document is worth sending. One that is being sent that gets it first. */
  #lags({ channel, delivery, standing }: Member): boolean {
    const isSentDocument = standing.mayRead && !delivery.isLive;
    return channel.unsentBytes > (isSentDocument ? 0 : this.#maxUnsentBytes);
  }

  #shared(shared: Map<Wire, EncodedRuns>, wire: Wire, span: LogSpan, items: readonly LogItem[]): EncodedRuns {
    const known = shared.get(wire);
    if (known) return known;
    // Who has it all is told with the last of it.
    const notYet = { after: span.after, upTo: span.after };
    const encoded = new EncodedRuns(items, (updates, isLast) =>
      wire.updates(this.#roomNumber, isLast ? span : notYet, updates),
    );
    shared.set(wire, encoded);
    return encoded;
  }
}
