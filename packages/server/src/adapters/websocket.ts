/**
 * WebSockets: the only file that knows ws. ws shakes hands, parses what arrives and writes control frames; data frames are
 * written here, straight to the socket. The two do not interleave, because ws writes whole frames at once when it does not
 * compress.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { fitCloseReason, type CloseCode } from "@syncline/protocol";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Connection, Peer, Transport } from "../connection/transport.js";
import type { Logger } from "../logger.js";
import type { Timers } from "../timers.js";

export interface WebSocketAdapterOptions {
  readonly maxFrameBytes: number;
  readonly timers: Timers;
  readonly logger: Logger;
  /**
   * What speaks on a socket that was opened at `target`: path and query, percent-encoded. There may be a token in the query,
   * so it is not for logs. May close the socket at once.
   */
  readonly connect: (transport: Transport, target: string) => Connection;
}

/** How much may be unsent for `drained` to resolve. */
const drainedBelowBytes = 64 * 1024;

/** A socket that was asked to close and does not answer is dropped after this long. */
const closeTimeoutMs = 2_000;

const tickMs = 1_000;

export class WebSocketAdapter {
  readonly #options: WebSocketAdapterOptions;
  readonly #server: WebSocketServer;
  readonly #transports = new Set<WebSocketTransport>();
  #cancelTick: (() => void) | undefined;

  constructor(options: WebSocketAdapterOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxFrameBytes,
      // What is in the frames is checked where they are decoded; text frames are refused whatever they say.
      skipUTF8Validation: true,
    });
    this.#tick();
  }

  get connectionCount(): number {
    return this.#transports.size;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    // Until ws takes over, a reset socket would otherwise be an uncaught error.
    socket.on("error", destroyThis);
    const target = request.url ?? "/";
    const peer = { address: request.socket.remoteAddress ?? "", headers: request.headers };
    this.#server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      this.#opened(webSocket, { socket: socket as Socket, peer, target });
    });
  }

  #opened(
    webSocket: WebSocket,
    { socket, peer, target }: { readonly socket: Socket; readonly peer: Peer; readonly target: string },
  ): void {
    const transport = new WebSocketTransport(webSocket, { ...this.#options, socket, peer });
    this.#transports.add(transport);
    const connection = this.#options.connect(transport, target);
    transport.carry(connection, () => this.#transports.delete(transport));
  }

  /** Tells clients that the server is about to stop, and over how long they are to come back. */
  goAway(reconnectAfterMs: number, reason: string): void {
    for (const transport of this.#transports) transport.goAway(reconnectAfterMs, reason);
  }

  /** Reads nothing more; what is on its way stays with the clients, not acknowledged. */
  stopReading(): void {
    for (const transport of this.#transports) transport.holdReading();
  }

  /** Closes all sockets with `code`; resolves when they are closed. */
  async close(code: CloseCode, reason: string): Promise<void> {
    this.#cancelTick?.();
    const closing = [...this.#transports].map((transport) => {
      transport.close(code, reason);
      return transport.gone;
    });
    await Promise.all(closing);
  }

  /** One timer for the heartbeats of all sockets. */
  #tick(): void {
    this.#cancelTick = this.#options.timers.after(tickMs, () => this.#tick());
    const nowMs = this.#options.timers.now();
    for (const transport of this.#transports) transport.tick(nowMs);
  }
}

/** Not a closure, nor is `#opened` one: made where the request is in scope they would keep it as long as the socket. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

interface WebSocketTransportOptions {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly timers: Timers;
  readonly logger: Logger;
}

class WebSocketTransport implements Transport {
  readonly peer: Peer;
  /** Resolves when the socket is closed. */
  readonly gone: Promise<void>;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #logger: Logger;
  #connection: Connection | undefined;
  #lastHeardMs: number;
  #lastSentMs: number;
  #holdCount = 0;
  /** Shared by all documents of the connection that wait for it. */
  #draining: Promise<void> | undefined;

  constructor(webSocket: WebSocket, { socket, peer, timers, logger }: WebSocketTransportOptions) {
    this.#webSocket = webSocket;
    this.peer = peer;
    this.#socket = socket;
    this.#timers = timers;
    this.#logger = logger;
    this.#lastHeardMs = this.#lastSentMs = timers.now();
    this.gone = new Promise((resolve) => webSocket.once("close", () => resolve()));
    socket.setNoDelay(true);
  }

  /** From here on `connection` gets what arrives. */
  carry(connection: Connection, gone: () => void): void {
    this.#connection = connection;
    const webSocket = this.#webSocket;
    webSocket.on("message", (data, isBinary) => this.#received(data, isBinary));
    webSocket.on("ping", () => this.#heard());
    webSocket.on("pong", () => this.#heard());
    // ws closes the socket itself, with the code that RFC 6455 names for what was wrong.
    webSocket.on("error", () => undefined);
    webSocket.on("close", () => {
      gone();
      connection.closed();
    });
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  get lastHeardMs(): number {
    // A client that is not read from cannot be heard, and is not silent for that.
    return this.#holdCount > 0 ? this.#timers.now() : this.#lastHeardMs;
  }

  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  send(frames: Uint8Array): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#lastSentMs = this.#timers.now();
    this.#socket.write(frames);
  }

  async drained(): Promise<void> {
    // Each who waited looks again: another may have sent so much that it is not its turn yet.
    while (this.#socket.writableLength > drainedBelowBytes && !this.#socket.destroyed) {
      await (this.#draining ??= this.#nextDrain());
    }
  }

  holdReading(): () => void {
    let isHeld = true;
    this.#holdCount += 1;
    this.#webSocket.pause();
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holdCount -= 1;
      this.#heard();
      if (this.#holdCount === 0) this.#webSocket.resume();
    };
  }

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping();
  }

  close(code: CloseCode, reason: string): void {
    this.#logger.info({ code, reason, remoteAddress: this.#socket.remoteAddress }, "closing a connection");
    // A paused socket would never read the answer to the close.
    this.#webSocket.resume();
    this.#webSocket.close(code, fitCloseReason(reason));
    const cancel = this.#timers.after(closeTimeoutMs, () => this.#webSocket.terminate());
    void this.gone.then(cancel);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  tick(nowMs: number): void {
    this.#connection?.tick(nowMs);
  }

  goAway(reconnectAfterMs: number, reason: string): void {
    this.#connection?.goAway(reconnectAfterMs, reason);
  }

  #nextDrain(): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        this.#socket.off("drain", settle).off("close", settle);
        this.#draining = undefined;
        resolve();
      };
      this.#socket.once("drain", settle).once("close", settle);
    });
  }

  #heard(): void {
    this.#lastHeardMs = this.#timers.now();
  }

  #received(data: RawData, isBinary: boolean): void {
    this.#heard();
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (!isBinary) return this.close(4400, "a text frame; both dialects are binary");
    // With ws's default binaryType a message is one Buffer.
    this.#connection?.receive(data as Buffer);
  }
}
