/**
 * Sending the log to one member: first what it lacks, then each new record as it is committed. A member that reads too
 * slowly is left behind, and is sent what it missed from the log when it has caught its breath; nothing is queued for it.
 */
import { closeCodes } from "@syncline/protocol";
import { SynclineError } from "../error.js";
import { StateVector } from "../update/state-vector.js";
import { missingFrom, missingSince, type Piece } from "./catch-up.js";
import type { Channel } from "./channel.js";
import type { DeliverySource } from "./delivery-source.js";
import { isStaleSnapshot } from "./history.js";

/** A snapshot that is replaced while it is being sent is sent anew; each time takes a compaction. */
const maxAttempts = 20;
const retryAfterMs = 10;

type DeliveryState =
  /** It has not said what it has. */
  | { readonly kind: "silent" }
  /** It is being sent what it lacks; `next` is what it asked for meanwhile. */
  | { readonly kind: "catching-up"; readonly next: StateVector | undefined }
  | { readonly kind: "live" }
  | { readonly kind: "ended" };

export class Delivery {
  readonly #channel: Channel;
  readonly #source: DeliverySource;
  /** The member has caught up. */
  readonly #becameLive: () => void;
  #state: DeliveryState = { kind: "silent" };
  /** What the member had when it last said so. `undefined`: nothing. */
  #stateVector: StateVector | undefined;
  /** The last record it was sent; back at 0 while it is sent the snapshot. */
  #position = 0;
  /** Whatever is sent, it has all up to this record: what it was sent before stays sent. */
  #completeSeq = 0;
  /** The version that was the room's when the member asked: with it the member is synced. `undefined`: it knows. */
  #syncedWith: number | undefined;

  constructor(channel: Channel, source: DeliverySource, becameLive: () => void) {
    this.#channel = channel;
    this.#source = source;
    this.#becameLive = becameLive;
  }

  get isLive(): boolean {
    return this.#state.kind === "live";
  }

  get isCatchingUp(): boolean {
    return this.#state.kind === "catching-up";
  }

  /** The member was sent, or wrote itself, everything up to this record, and possibly more. */
  get completeSeq(): number {
    return this.#completeSeq;
  }

  /** Sends everything that a client with `stateVector` lacks, then "synced", then each new record. */
  begin(stateVector: StateVector): void {
    if (this.#state.kind === "ended") return;
    if (this.#state.kind === "catching-up") {
      // One answer at a time: who asks a thousand times gets the last one answered.
      this.#state = { kind: "catching-up", next: stateVector };
      return;
    }
    this.#stateVector = stateVector.size > 0 ? stateVector : undefined;
    this.#syncedWith = this.#source.version();
    void this.#catchUp("from the start");
  }

  /** Sends the records after `seq` to a client that has everything up to there, then as `begin` does. */
  resume(seq: number): void {
    if (this.#state.kind !== "silent") return;
    this.#sentUpTo(seq);
    this.#syncedWith = this.#source.version();
    void this.#catchUp("since its position");
  }

  /** Passes on what was committed, or is about to be, to a live member. */
  relay(bytes: Uint8Array): void {
    if (this.#state.kind !== "live") return;
    const channel = this.#channel;
    if (channel.unsentBytes > this.#source.maxUnsentBytes) void this.#catchUp("since its position");
    else channel.send(bytes);
  }

  /** Notes that everything up to `seq` was relayed. */
  reached(seq: number): void {
    if (this.#state.kind !== "live") return;
    this.#sentUpTo(seq);
    this.#tellSynced();
  }

  end(): void {
    this.#state = { kind: "ended" };
  }

  async #catchUp(reach: "from the start" | "since its position"): Promise<void> {
    this.#state = { kind: "catching-up", next: undefined };
    try {
      if (reach === "from the start") await this.#sendAll();
      else await this.#sendMissed();
      // A record may have been committed while that was returning.
      while (this.#isBehind) await this.#sendMissed();
      this.#goLive();
    } catch (thrown) {
      if (!this.#isEnded) this.#source.failed(thrown, this.#channel);
    }
  }

  async #sendMissed(): Promise<void> {
    await this.#drained();
    try {
      while (this.#isBehind) {
        await this.#send(this.#missingSince(this.#position, new StateVector()));
      }
    } catch (thrown) {
      if (!isStaleSnapshot(thrown)) throw thrown;
      await this.#sendAll();
    }
  }

  /** Reads until a whole pass went by without the snapshot being replaced under it. */
  async #sendAll(): Promise<void> {
    const source = this.#source;
    const stateVector = this.#stateVector ?? new StateVector();
    for (let attempt = 1; !this.#isEnded; attempt++) {
      // First, so that nothing is read or computed for who does not read.
      await this.#drained();
      if (this.#isEnded) return;
      try {
        this.#position = 0;
        await this.#send(missingFrom(source.history, stateVector, source));
        while (this.#isBehind) {
          await this.#send(this.#missingSince(this.#position, stateVector));
        }
        return;
      } catch (thrown) {
        if (!isStaleSnapshot(thrown)) throw thrown;
        await this.#anotherSnapshot(attempt);
      }
    }
  }

  #missingSince(seq: number, stateVector: StateVector): AsyncIterable<Piece> {
    const { history, timers } = this.#source;
    return missingSince(history, seq, { stateVector, timers });
  }

  /** The store may have replaced the snapshot a moment before the history hears of it. Not for ever: then it is damaged. */
  async #anotherSnapshot(attempt: number): Promise<void> {
    if (attempt === maxAttempts) throw new SynclineError("data-corrupt", "a part of the snapshot is missing");
    if (attempt > 1) await this.#source.refreshSnapshot();
    await new Promise<void>((resolve) => void this.#source.timers.after(retryAfterMs, resolve));
  }

  async #send(pieces: AsyncIterable<Piece>): Promise<void> {
    const channel = this.#channel;
    const { roomNumber, maxUnsentBytes } = this.#source;
    for await (const { seq, updates } of pieces) {
      // All documents of one client wait for the same socket: another may have sent first.
      do await this.#drained();
      while (channel.unsentBytes > maxUnsentBytes && !this.#isEnded);
      if (this.#isEnded) return;
      const after = this.#completeSeq;
      const span = { after, upTo: Math.max(seq, after) };
      if (updates.length > 0) channel.send(channel.wire.updates(roomNumber, span, updates));
      this.#sentUpTo(seq);
    }
  }

  /** Nothing is awaited here: between the last record that was sent and the first that is relayed none can slip in. */
  #goLive(): void {
    if (this.#state.kind !== "catching-up") return;
    const channel = this.#channel;
    const { roomNumber } = this.#source;
    const ahead = this.#source.relayedAhead();
    const span = { after: this.#completeSeq, upTo: this.#completeSeq };
    if (ahead.length > 0) channel.send(channel.wire.updates(roomNumber, span, ahead));
    const { next } = this.#state;
    this.#state = { kind: "live" };
    if (next) return this.begin(next);
    this.#tellSynced();
    this.#becameLive();
  }

  /** Says "synced" once the member was sent all that the room had when it asked: what was on its way to disk, too. */
  #tellSynced(): void {
    if (this.#syncedWith === undefined || this.#source.relayedVersion() < this.#syncedWith) return;
    this.#syncedWith = undefined;
    const channel = this.#channel;
    channel.send(channel.wire.synced(this.#source.roomNumber, this.#position));
  }

  #sentUpTo(seq: number): void {
    this.#position = seq;
    this.#completeSeq = Math.max(this.#completeSeq, seq);
  }

  async #drained(): Promise<void> {
    const channel = this.#channel;
    const { timers, lagAllowanceMs, slowestReadBytesPerSecond } = this.#source;
    if (channel.unsentBytes === 0) return;
    const allowanceMs = lagAllowanceMs + (channel.unsentBytes / slowestReadBytesPerSecond) * 1000;
    const cancel = timers.after(allowanceMs, () =>
      channel.leave(closeCodes.tooSlow, `too little was read in ${Math.round(allowanceMs / 1000)} s; come back later`),
    );
    await channel.drained();
    cancel();
  }

  get #isBehind(): boolean {
    return !this.#isEnded && this.#position < this.#source.history.seq;
  }

  get #isEnded(): boolean {
    return this.#state.kind === "ended";
  }
}
