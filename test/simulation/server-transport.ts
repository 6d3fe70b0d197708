/** The transport that a server has of a connection, as its WebSocket adapter would make it. */
import type { Connection, Transport } from "@syncline/server/engine";
import type { Parcel, Pipe } from "./pipe.js";
import type { Process } from "./process.js";
import type { Trace } from "./trace.js";

/** What a transport needs of its connection. */
export interface TransportLink {
  readonly label: string;
  readonly up: Pipe;
  readonly down: Pipe;
  readonly network: { readonly trace: Trace };
  /** There is no connection any more. */
  over(): void;
}

/** How much may be unsent for a server to go on, as of a WebSocket. */
const drainedBelowBytes = 4 * 1024;
/** A socket that was asked to close and does not answer is dropped after this long. */
const closeTimeoutMs = 2_000;

const abnormalClose = 1006;

/** Payloads of a frame each: length, 4 bytes, then bytes. */
export function frameWithLength(payloads: readonly Uint8Array[]): Uint8Array {
  const frames = new Uint8Array(payloads.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const payload of payloads) {
    new DataView(frames.buffer).setUint32(at, payload.length);
    frames.set(payload, at + 4);
    at += 4 + payload.length;
  }
  return frames;
}

function* payloadsIn(frames: Uint8Array): Iterable<Uint8Array> {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.byteLength);
  for (let at = 0; at < frames.length;) {
    const length = view.getUint32(at);
    yield frames.slice(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

export class ServerTransport implements Transport {
  readonly peer = { address: "", headers: {} };
  readonly #link: TransportLink;
  readonly #process: Process;
  readonly #unsentLimitBytes: number;
  #connection: Connection | undefined;
  #state: "open" | "closing" | "gone" = "open";
  #holdCount = 0;
  #lastHeardMs: number;
  #lastSentMs: number;
  #draining: (() => void)[] = [];
  #onGone: (() => void)[] = [];

  constructor(link: TransportLink, process: Process, unsentLimitBytes: number) {
    this.#link = link;
    this.#process = process;
    this.#unsentLimitBytes = unsentLimitBytes;
    this.#lastHeardMs = this.#lastSentMs = process.timers.now();
  }

  carry(connection: Connection, onGone: () => void): void {
    this.#connection = connection;
    this.#onGone.push(onGone);
    // Refused before there was anybody to tell.
    if (this.#state === "gone") this.#tellGone();
  }

  welcomed(): void {}

  get unsentBytes(): number {
    return this.#link.down.unsentBytes;
  }

  get lastHeardMs(): number {
    return this.#holdCount > 0 ? this.#process.timers.now() : this.#lastHeardMs;
  }

  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  send(frames: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#lastSentMs = this.#process.timers.now();
    for (const bytes of payloadsIn(frames)) this.#link.down.send({ kind: "frame", bytes });
    if (this.unsentBytes > this.#unsentLimitBytes) {
      this.#link.network.trace.violate(`${this.unsentBytes} bytes are unsent to ${this.#link.label}`);
    }
  }

  async drained(): Promise<void> {
    while (this.unsentBytes > drainedBelowBytes && this.#state !== "gone") {
      await new Promise<void>((resolve) => this.#draining.push(resolve));
    }
  }

  holdReading(): () => void {
    let isHeld = true;
    this.#holdCount += 1;
    this.#link.up.hold(true);
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holdCount -= 1;
      this.#heard();
      if (this.#holdCount === 0) this.#link.up.hold(false);
    };
  }

  ping(): void {
    if (this.#state === "open") this.#link.down.send({ kind: "ping" });
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#link.network.trace.count(`closed with ${code}`);
    this.#state = "closing";
    this.#link.up.hold(false);
    this.#link.down.send({ kind: "end", code, reason });
    this.#process.after(closeTimeoutMs, "", () => this.terminate());
  }

  terminate(): void {
    if (this.#state === "gone") return;
    this.gone();
    this.#link.down.dropUnsent();
    this.#link.down.send({ kind: "end", code: abnormalClose, reason: "" });
  }

  async whenGone(): Promise<void> {
    if (this.#state !== "gone") await new Promise<void>((resolve) => this.#onGone.push(resolve));
  }

  tick(nowMs: number): void {
    this.#connection?.tick(nowMs);
  }

  arrived(parcel: Parcel): void {
    if (parcel.kind === "end") {
      this.gone();
      return this.#link.over();
    }
    if (this.#state === "gone") return;
    this.#heard();
    if (parcel.kind === "frame" && this.#state === "open") this.#connection?.receive(parcel.bytes);
  }

  /** There is no connection any more. */
  gone(): void {
    if (this.#state === "gone" || !this.#process.isAlive) return;
    this.#state = "gone";
    this.sent();
    this.#tellGone();
  }

  /** Something has left; who waited looks again. */
  sent(): void {
    if (this.unsentBytes > drainedBelowBytes && this.#state !== "gone") return;
    for (const resolve of this.#draining.splice(0)) resolve();
  }

  #tellGone(): void {
    if (!this.#connection) return;
    for (const onGone of this.#onGone.splice(0)) onGone();
    this.#connection.closed();
  }

  #heard(): void {
    this.#lastHeardMs = this.#process.timers.now();
  }
}
