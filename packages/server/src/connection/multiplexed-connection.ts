/**
 * A socket that the tabs of a browser share. Each stream of it is a syncline connection of its own, with its own hello,
 * token, documents and heartbeats; this file opens and ends them, and knows no message.
 */
import {
  closeCodes,
  decodeStreamRecord,
  encodeStreamClose,
  maxStreamHeaderBytes,
  maxStreamsPerSocket,
  type CloseCode,
} from "@syncline/protocol";
import { closeFor } from "./close-for.js";
import type { ConnectionServices } from "./services.js";
import { frameChunks, StreamTransport } from "./stream-transport.js";
import { SynclineConnection } from "./syncline-connection.js";
import { createSynclineWire } from "./syncline-wire.js";
import type { Connection, Transport } from "./transport.js";

/** One for all shared sockets: a room encodes once for all their streams. */
const streamWire = createSynclineWire(frameChunks);

/** A client that asks for more streams than it may have, and does not read the answers, is closed above this. */
const maxUnsentBytes = 1024 * 1024;

export class MultiplexedConnection implements Connection {
  readonly #transport: Transport;
  readonly #services: ConnectionServices;
  readonly #streamServices: ConnectionServices;
  readonly #streams = new Map<number, StreamTransport>();
  /** The highest number a stream had: what comes for it or a lower one does not open another. */
  #newestNumber = 0;
  #holdCount = 0;
  #isClosed = false;
  #cancelIdleTimeout: () => void = () => undefined;

  constructor(transport: Transport, services: ConnectionServices) {
    this.#transport = transport;
    this.#services = services;
    this.#streamServices = {
      ...services,
      framing: frameChunks,
      wires: { ...services.wires, syncline: streamWire },
      maxMessageBytes: Math.min(services.maxMessageBytes, services.maxFrameBytes - maxStreamHeaderBytes),
    };
    this.#awaitStream();
  }

  receive(record: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      const decoded = decodeStreamRecord(record);
      if (decoded.kind === "close") this.#left(decoded.stream);
      else (this.#streams.get(decoded.stream) ?? this.#open(decoded.stream))?.receive(decoded.frame);
    } catch (thrown) {
      // Whose it is only the streams know, and they are not to blame for what stands between them.
      const { code, reason } = closeFor(thrown, undefined, this.#services);
      this.#close(code, reason);
    }
  }

  closed(): void {
    this.#isClosed = true;
    this.#cancelIdleTimeout();
    for (const stream of this.#streams.values()) stream.gone();
    this.#streams.clear();
  }

  goAway(reconnectAfterMs: number, reason: string): void {
    for (const stream of [...this.#streams.values()]) stream.goAway(reconnectAfterMs, reason);
  }

  tick(nowMs: number): void {
    for (const stream of [...this.#streams.values()]) stream.tick(nowMs);
  }

  /** `undefined` for what was on its way to a stream that has ended, and for one stream too many. */
  #open(number: number): StreamTransport | undefined {
    if (number <= this.#newestNumber) return undefined;
    this.#newestNumber = number;
    if (this.#streams.size >= maxStreamsPerSocket) {
      this.#refuse(number);
      return undefined;
    }
    this.#cancelIdleTimeout();
    const { framing, timers, logger } = this.#services;
    const stream = new StreamTransport({
      number,
      transport: this.#transport,
      framing,
      timers,
      logger,
      holdReading: () => this.#holdReading(),
      isReadingHeld: () => this.#holdCount > 0,
      ended: () => this.#forget(number),
    });
    this.#streams.set(number, stream);
    stream.carry(new SynclineConnection(stream, this.#streamServices));
    return stream;
  }

  #refuse(number: number): void {
    if (this.#transport.unsentBytes > maxUnsentBytes)
      return this.#close(closeCodes.tooSlow, "too many answers were not read; come back later");
    const reason = `at most ${maxStreamsPerSocket} streams on a socket; open another`;
    this.#services.refusals.note("capacity", reason);
    const refusal = encodeStreamClose(number, closeCodes.rateLimited, reason);
    this.#transport.send(this.#services.framing([refusal]));
  }

  #left(number: number): void {
    const stream = this.#streams.get(number);
    this.#forget(number);
    stream?.gone();
  }

  #forget(number: number): void {
    if (this.#streams.delete(number) && this.#streams.size === 0) this.#awaitStream();
  }

  /** A socket without a stream has nobody who asks it for signs of life. */
  #awaitStream(): void {
    const { timers, helloTimeoutMs } = this.#services;
    this.#cancelIdleTimeout = timers.after(helloTimeoutMs, () =>
      this.#close(closeCodes.tooSlow, `no stream within ${helloTimeoutMs / 1000} s; come back when there is one`),
    );
  }

  #close(code: CloseCode, reason: string): void {
    this.#transport.close(code, reason);
    this.closed();
  }

  #holdReading(): () => void {
    const release = this.#transport.holdReading();
    let isHeld = true;
    this.#holdCount += 1;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holdCount -= 1;
      // Nobody could be heard meanwhile.
      for (const stream of this.#streams.values()) stream.heard();
      release();
    };
  }
}
