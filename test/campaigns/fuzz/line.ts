/** A client's line to a server in the same process: what is sent waits until it is delivered, or for as long as the line is held. */
import type { Connection, Transport } from "@syncline/server/engine";
import type { VirtualTime } from "./virtual-time.js";

const headerBytes = 4;

/** Each payload behind its length. */
export function frameWithLength(payloads: readonly Uint8Array[]): Uint8Array {
  const frames = new Uint8Array(payloads.reduce((sum, { length }) => sum + headerBytes + length, 0));
  let at = 0;
  for (const payload of payloads) {
    new DataView(frames.buffer).setUint32(at, payload.length);
    frames.set(payload, at + headerBytes);
    at += headerBytes + payload.length;
  }
  return frames;
}

export interface LineEnd {
  received(frame: Uint8Array): void;
  /** The server has closed the line. */
  closed(code: number, reason: string): void;
}

export class Line implements Transport {
  readonly peer: Transport["peer"];
  readonly #time: VirtualTime;
  readonly #end: LineEnd;
  #connection: Connection | undefined;
  #queue: Uint8Array[] = [];
  #waiting: (() => void)[] = [];
  #closing: { readonly code: number; readonly reason: string } | undefined;
  #isGone = false;
  #holdCount = 0;
  #kept: Uint8Array[] = [];
  isHeld = false;
  lastHeardMs: number;
  lastSentMs: number;
  sentBytes = 0;

  constructor(time: VirtualTime, address: string, end: LineEnd) {
    this.#time = time;
    this.#end = end;
    this.peer = { address, headers: {} };
    this.lastHeardMs = this.lastSentMs = time.now();
  }

  carry(connection: Connection): void {
    this.#connection = connection;
    if (this.#isGone) connection.closed();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get unsentBytes(): number {
    return this.#queue.reduce((sum, { length }) => sum + length, 0);
  }

  /** From the client. While the server does not read, it waits on the way. */
  say(frame: Uint8Array): void {
    if (this.#isGone || this.#closing) return;
    if (this.#holdCount > 0) return void this.#kept.push(frame);
    this.lastHeardMs = this.#time.now();
    this.#connection?.receive(frame);
  }

  /** The client goes. */
  hangUp(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#queue = [];
    this.#wake();
    this.#connection?.closed();
  }

  /** Hands over what was sent. Whether there was anything. */
  deliver(): boolean {
    if (this.isHeld || this.#isGone) return false;
    const frames = this.#queue.splice(0);
    for (const frame of frames) this.#end.received(frame);
    this.#wake();
    if (this.#closing && this.#queue.length === 0) {
      const { code, reason } = this.#closing;
      this.hangUp();
      this.#end.closed(code, reason);
      return true;
    }
    return frames.length > 0;
  }

  welcomed(): void {}

  tick(): void {
    if (!this.#isGone) this.#connection?.tick(this.#time.now());
  }

  send(frames: Uint8Array): void {
    if (this.#isGone || this.#closing) return;
    this.lastSentMs = this.#time.now();
    this.sentBytes += frames.length;
    const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength);
    for (let at = 0; at < frames.length;) {
      const end = at + headerBytes + view.getUint32(at);
      this.#queue.push(frames.slice(at + headerBytes, end));
      at = end;
    }
  }

  drained(): Promise<void> {
    if (this.#isGone || this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  holdReading(): () => void {
    let isHeld = true;
    this.#holdCount += 1;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holdCount -= 1;
      // Whoever released it goes on first.
      if (this.#holdCount === 0) this.#time.soon(() => this.#readOn());
    };
  }

  ping(): void {
    this.lastHeardMs = this.#time.now();
  }

  /** The server's close; what was sent before it arrives first, unless the client never reads. */
  close(code: number, reason: string): void {
    this.#closing ??= { code, reason };
    if (this.isHeld) this.#time.after(2_000, () => this.terminate());
  }

  terminate(): void {
    if (this.#isGone) return;
    const { code = 1006, reason = "" } = this.#closing ?? {};
    this.hangUp();
    this.#end.closed(code, reason);
  }

  #readOn(): void {
    const kept = this.#holdCount === 0 ? this.#kept.splice(0) : [];
    for (const frame of kept) this.say(frame);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
