/**
 * Stands before a connection, whatever it speaks and however many documents it has, and measures what its messages cost. What
 * it may not deal with yet waits here: that is at most what was read from the network at once, for reading then stops.
 */
import type { ReadingTurns, Waiting } from "./reading-turns.js";
import type { Account } from "./fair-share.js";
import type { Connection, Transport } from "./transport.js";

/** With more waiting than this, no more is read. */
const maxWaitingBytes = 16 * 1024;
/** What a message that waits costs besides its bytes. */
const messageOverheadBytes = 64;

export class MeteredConnection implements Connection, Waiting {
  readonly account: Account;
  readonly #transport: Pick<Transport, "holdReading">;
  readonly #turns: ReadingTurns;
  readonly #connection: Connection;
  #frames: Uint8Array[] = [];
  #frameBytes = 0;
  /** The first that waits. */
  #at = 0;
  #readOn: (() => void) | undefined;
  #isGone = false;

  constructor(connection: Connection, transport: Pick<Transport, "holdReading">, turns: ReadingTurns) {
    this.#connection = connection;
    this.#transport = transport;
    this.#turns = turns;
    this.account = turns.newAccount();
  }

  get hasMore(): boolean {
    return this.#at < this.#frames.length;
  }

  receive(frame: Uint8Array): void {
    if (!this.hasMore && this.#turns.mayGo(this.account)) this.#handOn(frame);
    else this.#wait(frame);
  }

  next(): void {
    const frame = this.#frames[this.#at++];
    if (frame) this.#handOn(frame);
    // Not before: what is read then comes after it.
    if (!this.hasMore) this.#noneWaits();
    if (this.#isGone && !this.hasMore) this.#end();
  }

  /** What it has said was received: it is dealt with first. */
  closed(): void {
    this.#isGone = true;
    if (this.hasMore) this.#turns.add(this);
    else this.#end();
  }

  goAway(reconnectAfterMs: number, reason: string): void {
    this.#connection.goAway(reconnectAfterMs, reason);
  }

  tick(nowMs: number): void {
    this.#connection.tick(nowMs);
  }

  #wait(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#frameBytes += frame.length + messageOverheadBytes;
    if (this.#frameBytes > maxWaitingBytes) this.#readOn ??= this.#transport.holdReading();
    this.#turns.add(this);
  }

  #noneWaits(): void {
    this.#frames = [];
    this.#at = this.#frameBytes = 0;
    this.#readOn?.();
    this.#readOn = undefined;
  }

  #handOn(frame: Uint8Array): void {
    this.#turns.spend(this.account, frame.length, () => this.#connection.receive(frame));
  }

  #end(): void {
    this.#turns.close(this.account);
    this.#connection.closed();
  }
}
