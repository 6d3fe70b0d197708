/**
 * One stream of a shared socket, as its connection sees it: a transport like any other. What rooms send is encoded once
 * for all streams of the server, in chunks; only here it gets the stream's number.
 */
import { ByteReader, encodeStreamClose, encodeStreamFrame, type CloseCode } from "@syncline/protocol";
import type { Logger } from "../logger.js";
import type { Timers } from "../timers.js";
import type { Connection, Framing, Peer, Transport } from "./transport.js";

export interface StreamOptions {
  /** The stream's number. */
  readonly number: number;
  /** Of the whole socket. */
  readonly transport: Transport;
  /** Of the socket. */
  readonly framing: Framing;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly holdReading: () => () => void;
  readonly isReadingHeld: () => boolean;
  /** The server ends the stream. */
  readonly ended: () => void;
}

/** The `Framing` of all streams: each payload with its length before it, to be taken apart by `StreamTransport.send`. */
export function frameChunks(payloads: readonly Uint8Array[]): Uint8Array {
  let byteCount = 0;
  for (const payload of payloads) byteCount += lengthBytes + payload.length;
  const chunks = new Uint8Array(byteCount);
  const view = new DataView(chunks.buffer);
  let offset = 0;
  for (const payload of payloads) {
    view.setUint32(offset, payload.length);
    chunks.set(payload, offset + lengthBytes);
    offset += lengthBytes + payload.length;
  }
  return chunks;
}

const lengthBytes = 4;

function payloadsIn(chunks: Uint8Array): Uint8Array[] {
  const view = new DataView(chunks.buffer, chunks.byteOffset);
  const reader = new ByteReader(chunks);
  const payloads: Uint8Array[] = [];
  while (!reader.isAtEnd) {
    const length = view.getUint32(reader.position);
    reader.readBytes(lengthBytes);
    payloads.push(reader.readBytes(length));
  }
  return payloads;
}

export class StreamTransport implements Transport {
  readonly #options: StreamOptions;
  #connection: Connection | undefined;
  #isOpen = true;
  #lastHeardMs: number;
  #lastSentMs: number;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#lastHeardMs = this.#lastSentMs = options.timers.now();
  }

  /** From here on `connection` gets what arrives. */
  carry(connection: Connection): void {
    this.#connection = connection;
  }

  get peer(): Peer {
    return this.#options.transport.peer;
  }

  welcomed(): void {
    this.#options.transport.welcomed();
  }

  get unsentBytes(): number {
    return this.#options.transport.unsentBytes;
  }

  /** Of this stream: another tab's life says nothing about the one at the other end of it. */
  get lastHeardMs(): number {
    const { isReadingHeld, timers } = this.#options;
    return isReadingHeld() ? timers.now() : this.#lastHeardMs;
  }

  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  heard(): void {
    this.#lastHeardMs = this.#options.timers.now();
  }

  receive(frame: Uint8Array): void {
    this.heard();
    this.#connection?.receive(frame);
  }

  goAway(reconnectAfterMs: number, reason: string): void {
    this.#connection?.goAway(reconnectAfterMs, reason);
  }

  tick(nowMs: number): void {
    this.#connection?.tick(nowMs);
  }

  send(chunks: Uint8Array): void {
    if (!this.#isOpen) return;
    const { number, transport, framing, timers } = this.#options;
    this.#lastSentMs = timers.now();
    transport.send(framing(payloadsIn(chunks).map((payload) => encodeStreamFrame(number, payload))));
  }

  drained(): Promise<void> {
    return this.#options.transport.drained();
  }

  /** The whole socket's: streams are not held apart, for that would take a buffer for each. */
  holdReading(): () => void {
    return this.#options.holdReading();
  }

  ping(): void {
    this.#options.transport.ping();
  }

  close(code: CloseCode, reason: string): void {
    if (!this.#isOpen) return;
    const { number, transport, framing, logger } = this.#options;
    logger.info({ code, reason, stream: number }, "closing a stream of a shared socket");
    transport.send(framing([encodeStreamClose(number, code, reason)]));
    this.#end();
  }

  /** The tab may only have been frozen: unlike one with a socket of its own it would never learn that it was dropped. */
  terminate(): void {
    this.close(4508, "nothing was heard for too long; come back");
  }

  /** The client's end is gone. */
  gone(): void {
    this.#isOpen = false;
    this.#connection?.closed();
  }

  #end(): void {
    this.#isOpen = false;
    this.#options.ended();
    // As with a socket: who closes learns that it is closed when it is done.
    this.#options.timers.soon(() => this.gone());
  }
}
