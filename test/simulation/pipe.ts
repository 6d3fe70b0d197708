/** One direction of a connection: what is sent arrives in order, after a while, unless the connection ends before. */
import type { Random } from "../fixtures/random.js";
import { between } from "./chance.js";
import type { Scheduler } from "./scheduler.js";
import { fingerprint } from "./trace.js";

export type Parcel =
  | { readonly kind: "frame"; readonly bytes: Uint8Array }
  | { readonly kind: "ping" }
  | { readonly kind: "end"; readonly code: number; readonly reason: string };

export interface PipeOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly label: string;
  /** Nothing gets through at the moment, and nobody is told. */
  readonly isStalled: () => boolean;
  /** Of how the line is at the moment. */
  readonly line: () => Line;
  readonly arrived: (parcel: Parcel) => void;
  /** Something has left the sender. */
  readonly onSent?: () => void;
}

export interface Line {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly bytesPerMs: number;
}

export const fastLine: Line = { minDelayMs: 0.2, maxDelayMs: 30, bytesPerMs: 1_000 };

/** What the systems at both ends and the way between them hold. */
const windowBytes = 32 * 1024;

export class Pipe {
  readonly #options: PipeOptions;
  /** With the sender. */
  #unsent: Parcel[] = [];
  #unsentBytes = 0;
  /** On the way. */
  #onTheWayBytes = 0;
  #onTheWay: Parcel[] = [];
  /** Arrived, and not read. */
  #arrived: Parcel[] = [];
  #lastArrivalMs = 0;
  #isEnded = false;
  #isHeld = false;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  send(parcel: Parcel): void {
    if (this.#isEnded) return;
    this.#unsent.push(parcel);
    this.#unsentBytes += sizeOf(parcel);
    this.#pump();
  }

  /** The reader reads no more, or reads on. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.#readSoon();
  }

  /** The line may work again. */
  wake(): void {
    this.#readSoon();
  }

  /** What the sender has not sent yet never will be: it is gone. */
  dropUnsent(): void {
    this.#unsent = [];
    this.#unsentBytes = 0;
  }

  /** Nothing arrives any more. */
  end(): void {
    this.#isEnded = true;
    this.dropUnsent();
    this.#onTheWay = [];
    this.#arrived = [];
  }

  #pump(): void {
    for (let next = this.#unsent[0]; next; next = this.#unsent[0]) {
      const byteCount = sizeOf(next);
      if (this.#onTheWayBytes > 0 && this.#onTheWayBytes + byteCount > windowBytes) return;
      this.#unsent.shift();
      this.#unsentBytes -= byteCount;
      this.#onTheWayBytes += byteCount;
      this.#carry(next, byteCount);
      this.#options.onSent?.();
    }
  }

  #carry(parcel: Parcel, byteCount: number): void {
    const { scheduler, random, line, label } = this.#options;
    const { minDelayMs, maxDelayMs, bytesPerMs } = line();
    const arrivalMs =
      Math.max(scheduler.nowMs + between(random, minDelayMs, maxDelayMs), this.#lastArrivalMs) +
      byteCount / bytesPerMs +
      0.000_1;
    this.#lastArrivalMs = arrivalMs;
    this.#onTheWay.push(parcel);
    scheduler.after(arrivalMs - scheduler.nowMs, "", () => {
      const arriving = this.#onTheWay.shift();
      if (!arriving) return;
      this.#arrived.push(arriving);
      this.#read(label);
    });
  }

  #readSoon(): void {
    this.#options.scheduler.after(0, "", () => this.#read(this.#options.label));
  }

  /** One at a time: between two the receiver may stop reading. */
  #read(label: string): void {
    if (this.#isHeld || this.#options.isStalled()) return;
    const parcel = this.#arrived.shift();
    if (!parcel) return;
    this.#onTheWayBytes -= sizeOf(parcel);
    this.#options.scheduler.note(`${label} ${describe(parcel)}`);
    this.#options.arrived(parcel);
    this.#pump();
    if (this.#arrived.length > 0) this.#readSoon();
  }
}

function sizeOf(parcel: Parcel): number {
  return parcel.kind === "frame" ? parcel.bytes.length : 2;
}

function describe(parcel: Parcel): string {
  if (parcel.kind === "frame") return fingerprint(parcel.bytes);
  return parcel.kind === "end" ? `end ${parcel.code}` : parcel.kind;
}
