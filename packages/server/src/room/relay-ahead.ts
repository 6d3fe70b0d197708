/**
 * Relaying before the commit: what is admitted in one turn of the event loop goes out together in the next, ahead of its
 * record. All of a record has gone out when it is committed.
 */
import type { Timers } from "../timers.js";
import type { LogItem } from "./log.js";
import type { Relay } from "./relay.js";

export class RelayAhead {
  readonly #relay: Relay;
  readonly #timers: Timers;
  /** The last record that is durable: all live members have everything up to there. */
  readonly #durableSeq: () => number;
  #items: LogItem[] = [];

  constructor(relay: Relay, timers: Timers, durableSeq: () => number) {
    this.#relay = relay;
    this.#timers = timers;
    this.#durableSeq = durableSeq;
  }

  add(item: LogItem): void {
    if (this.#items.length === 0) this.#timers.soon(() => this.#relayUpTo(this.#durableSeq()));
    this.#items.push(item);
  }

  /** A quick store may be done with the record `seq` before it was relayed: to be called before anybody is told of it. */
  committed(seq: number): void {
    this.#relayUpTo(seq - 1);
  }

  #relayUpTo(seq: number): void {
    const items = this.#items;
    this.#items = [];
    this.#relay.updates({ after: seq, upTo: seq }, items);
  }
}
