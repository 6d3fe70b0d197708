/** A connection's frames on their way to a client, one after the other, each for a while. It can stall, and break at any frame. For tests. */
import type { CloseCode } from "@syncline/protocol";
import { nobodyKnown, type Transport } from "../src/connection/transport.js";
import type { VirtualTime } from "./virtual-time.js";

const headerBytes = 4;

/** Each payload behind its length. */
export function pipeFraming(payloads: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(payloads.reduce((sum, { length }) => sum + headerBytes + length, 0));
  let at = 0;
  for (const payload of payloads) {
    new DataView(bytes.buffer).setUint32(at, payload.length);
    bytes.set(payload, at + headerBytes);
    at += headerBytes + payload.length;
  }
  return bytes;
}

export interface PipeEnd {
  received(frame: Uint8Array): void;
  closed(code: CloseCode | undefined): void;
}

export class PipedTransport implements Transport {
  readonly peer = nobodyKnown;
  readonly #time: VirtualTime;
  readonly #latencyMs: () => number;
  readonly #end: PipeEnd;
  #queue: Uint8Array[] = [];
  #waiters: (() => void)[] = [];
  #isMoving = false;
  #isStalled = false;
  #isClosed = false;
  #closeCode: CloseCode | undefined;
  /** All bytes that were sent. */
  sentBytes = 0;

  constructor(time: VirtualTime, latencyMs: () => number, end: PipeEnd) {
    this.#time = time;
    this.#latencyMs = latencyMs;
    this.#end = end;
  }

  welcomed(): void {}

  get unsentBytes(): number {
    return this.#queue.reduce((sum, { length }) => sum + length, 0);
  }

  get lastHeardMs(): number {
    return this.#time.now();
  }

  get lastSentMs(): number {
    return this.#time.now();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(frames: Uint8Array): void {
    if (this.#isClosed || this.#closeCode !== undefined) return;
    const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength);
    for (let at = 0; at < frames.length;) {
      const end = at + headerBytes + view.getUint32(at);
      this.#queue.push(frames.slice(at + headerBytes, end));
      at = end;
    }
    this.sentBytes += frames.length;
    this.#move();
  }

  drained(): Promise<void> {
    if (this.#isClosed || this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  holdReading(): () => void {
    return () => undefined;
  }

  ping(): void {}

  /** What is queued arrives first. */
  close(code: CloseCode): void {
    this.#closeCode = code;
    this.#isStalled = false;
    this.#move();
  }

  terminate(): void {
    this.break();
  }

  /** Nothing moves until `resume`. */
  stall(): void {
    this.#isStalled = true;
  }

  resume(): void {
    this.#isStalled = false;
    this.#move();
  }

  /** What is queued is lost. */
  break(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#wake();
    this.#end.closed(this.#closeCode);
  }

  #move(): void {
    if (this.#isMoving || this.#isStalled || this.#isClosed) return;
    this.#isMoving = true;
    this.#time.after(this.#latencyMs(), () => {
      this.#isMoving = false;
      if (this.#isStalled || this.#isClosed) return;
      const frame = this.#queue.shift();
      if (frame) this.#end.received(frame);
      if (this.#queue.length > 0) return this.#move();
      this.#wake();
      if (this.#closeCode !== undefined) this.break();
    });
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
