/**
 * One client in one room: which of its updates are settled, which are parked until what they lean on arrives, and how far
 * it has been sent the log. Knows no dialect.
 */
import { ackLevel } from "@syncline/protocol";
import type { Timers } from "../timers.js";
import type { Gap } from "../update/gate.js";
import type { StateVector } from "../update/state-vector.js";
import type { ScanOutcome } from "../worker/jobs.js";
import type { Channel } from "./channel.js";
import type { Delivery } from "./delivery.js";
import { ownerOf, type Owner } from "./ownership.js";
import type { Standing } from "./standing.js";

/** An update as a client handed it in. */
export interface Submission {
  readonly update: Uint8Array;
  /** The client's counter; 0 in dialects without acks. */
  readonly n: number;
  /** The root types that its author might change when it came; `undefined`: all. What is granted later does not matter. */
  readonly roots?: readonly string[] | undefined;
  /** Its structs as partial-writes.ts has looked at them: client, clock and end of each run. */
  readonly checkedBlocks?: readonly number[];
  /** What a worker found in these very bytes. */
  readonly scan?: ScanOutcome | undefined;
}

/** Who joins a room. */
export interface Joining {
  /** The client's Yjs client id; 0 if it did not say. */
  readonly clientId: number;
  readonly standing: Standing;
}

/** A submission that leans on something not here, and what that is. */
interface Parked extends Submission {
  readonly gap: Gap;
}

/** What one client may have parked. A client that needs more is told to come back and send everything in order. */
const maxParkedBytes = 256 * 1024;
const maxParkedCount = 1_000;

/** How long to wait for the answer to one question before asking again. */
const askAgainAfterMs = 1_000;

export class Member {
  readonly channel: Channel;
  readonly delivery: Delivery;
  /** The client's Yjs client id, whose clock its acks report; 0 if it did not say. */
  readonly clientId: number;
  /** The client ids it calls its own; ownership.ts keeps them. */
  readonly named: number[] = [];
  /** Submissions that wait behind one that is being tried in a worker. `undefined`: none is. */
  waiting: Submission[] | undefined;

  /** Something of presence was not sent, because there was too much to read already. */
  lacksPresence = false;
  #standing: Standing;
  #owner: Owner | undefined;
  #parked: Parked[] = [];
  #parkedBytes = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #cancelAsk: (() => void) | undefined;

  /** Counters handed in and not yet durable or rejected, ascending. */
  readonly #unsettled: number[] = [];
  /** Of those, the ones not admitted yet: parked, being tried, or waiting behind one that is. */
  readonly #unadmitted: number[] = [];
  #lastN = 0;
  #ackedN = 0;
  #receivedN = 0;
  #clock = 0;

  constructor(channel: Channel, delivery: Delivery, { clientId, standing }: Joining) {
    this.channel = channel;
    this.delivery = delivery;
    this.clientId = clientId;
    this.#standing = standing;
    this.#owner = ownerOf(standing.subject);
  }

  get standing(): Standing {
    return this.#standing;
  }

  set standing(standing: Standing) {
    this.#standing = standing;
    this.#owner = ownerOf(standing.subject);
  }

  /** Whose its client ids are; `undefined`: nobody knows. */
  get owner(): Owner | undefined {
    return this.#owner;
  }

  /** Notes that `n` was handed in. False when a counter before it never arrived. */
  submitted(n: number): boolean {
    if (n === 0) return true;
    if (n !== this.#lastN + 1) return false;
    this.#lastN = n;
    this.#unsettled.push(n);
    this.#unadmitted.push(n);
    return true;
  }

  /** Notes that `n` has its place in the log, or brought nothing new. */
  admitted(n: number): void {
    remove(this.#unadmitted, n);
  }

  /** Notes that `n` is on disk; `clock` is what the log holds of this client's id. The ack goes out with `sendDurableAck`. */
  becameDurable(n: number, clock: number): void {
    remove(this.#unsettled, n);
    this.#clock = Math.max(this.#clock, clock);
  }

  /** Acks all that became durable, as far as nothing before it is missing. */
  sendDurableAck(): void {
    const n = this.#upTo(this.#unsettled);
    if (n <= this.#ackedN) return;
    this.#ackedN = n;
    this.#receivedN = Math.max(this.#receivedN, n);
    this.channel.ack(n, this.#clock, ackLevel.durable, this.delivery.completeSeq);
  }

  /** Acks all that was admitted, `clock` being the log's for this client's id. */
  sendReceivedAck(clock: number): void {
    const n = this.#upTo(this.#unadmitted);
    if (n <= this.#receivedN) return;
    this.#receivedN = n;
    this.channel.ack(n, clock, ackLevel.received, 0);
  }

  rejected(n: number): void {
    remove(this.#unadmitted, n);
    remove(this.#unsettled, n);
  }

  get hasParked(): boolean {
    return this.#parked.length > 0;
  }

  /** Keeps `submission` until `gap` has closed. False when the allowance is spent: it was not kept. */
  park(submission: Submission, gap: Gap): boolean {
    const { update } = submission;
    const parkedBytes = this.#parkedBytes + update.length;
    if (parkedBytes > maxParkedBytes || this.#parked.length >= maxParkedCount) return false;
    this.#parkedBytes = parkedBytes;
    // A copy: what came from a socket is a view into a much larger buffer.
    this.#parked.push({ ...submission, update: update.slice(), gap });
    return true;
  }

  /** Takes out what a room that reaches as far as `stateVector` may admit now. */
  takeParked(stateVector: StateVector): Submission[] {
    const mayBeClosed = ({ gap }: Parked) => stateVector.get(gap.client) >= gap.clock;
    const taken = this.#parked.filter(mayBeClosed);
    if (taken.length === 0) return taken;
    this.#parked = this.#parked.filter((parked) => !mayBeClosed(parked));
    for (const { update } of taken) this.#parkedBytes -= update.length;
    return taken;
  }

  /** Asks the client for what is missing; if it was asked a moment ago, a moment later, should that still be needed. */
  ask(stateVector: () => Uint8Array, timers: Timers): void {
    const waitMs = this.#askedAtMs + askAgainAfterMs - timers.now();
    if (waitMs <= 0) {
      this.#askedAtMs = timers.now();
      return this.channel.ask(stateVector());
    }
    this.#cancelAsk ??= timers.after(waitMs, () => {
      this.#cancelAsk = undefined;
      if (this.hasParked) this.ask(stateVector, timers);
    });
  }

  /** The client has left. */
  end(): void {
    this.#cancelAsk?.();
    this.delivery.end();
  }

  /** Up to where none of `missing`, which ascends, is. */
  #upTo([first]: readonly number[]): number {
    return first === undefined ? this.#lastN : first - 1;
  }
}

/** Nearly always the first: updates are settled in the order in which they came. */
function remove(numbers: number[], n: number): void {
  const index = numbers.indexOf(n);
  if (index >= 0) numbers.splice(index, 1);
}
