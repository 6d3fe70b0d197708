/**
 * WebSockets: the only file that knows ws. ws shakes hands, parses what arrives and writes control frames; data frames are
 * written here, straight to the socket. The two do not interleave, because ws writes whole frames at once when it does not
 * compress.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { closeCodes, fitCloseReason, type CloseCode } from "@syncline/protocol";
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { Connection, Peer, Transport } from "../connection/transport.js";
import type { Logger } from "../logger.js";
import type { Refusals } from "../refusals.js";
import type { Timers } from "../timers.js";
import type { FrontDoor } from "./front-door.js";
import type { OutboundMemory } from "./outbound-memory.js";
import { Probation, type ProbationLimits } from "./probation.js";
import { answerOnSocket } from "./refused-request.js";
import type { Farewell } from "./session-answer.js";
import type { Stranger } from "./strangers.js";

export interface WebSocketAdapterOptions extends ProbationLimits {
  readonly door: FrontDoor;
  readonly memory: OutboundMemory;
  readonly refusals: Refusals;
  readonly maxFrameBytes: number;
  /** With more than this unsent a client is sent no more of a document. */
  readonly maxUnsentBytes: number;
  /** What may be sent to such a client all the same: answers, acks, pongs. One that reads none of it is closed with 4508. */
  readonly maxUnsentAnswerBytes: number;
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

/** Of smaller frames it is not worth knowing who else has to send them. */
const minSharedBytes = 4 * 1024;

/** A socket that was asked to close and does not answer is dropped after this long. */
const closeTimeoutMs = 2_000;

const tickMs = 1_000;

/** Messages in more pieces are nobody's: browsers send one frame a message. */
const maxFragments = 1_024;

/** How ws names them. */
const sizeErrors: ReadonlySet<unknown> = new Set([
  "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
  "WS_ERR_TOO_MANY_BUFFERED_PARTS",
]);

const controlHeaderBytes = 2;

/** Pieces of a frame as they come from the network. The largest frame in the smallest packets has less. */
const maxBufferedChunks = 16 * 1024;

export class WebSocketAdapter {
  readonly #options: WebSocketAdapterOptions;
  readonly #server: WebSocketServer;
  readonly #transports = new Set<WebSocketTransport>();
  #cancelTick: (() => void) | undefined;

  constructor(options: WebSocketAdapterOptions) {
    this.#options = options;
    // Of ws since 8.19, and not yet in its types: how long it waits for the other end once it has closed by itself.
    const serverOptions: ServerOptions & { readonly closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      // Pongs are counted with all else that a client may leave unread.
      autoPong: false,
      maxPayload: options.maxFrameBytes,
      maxFragments,
      maxBufferedChunks,
      closeTimeout: closeTimeoutMs,
    };
    this.#server = new WebSocketServer(serverOptions);
    this.#tick();
  }

  get connectionCount(): number {
    return this.#transports.size;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    // Until ws takes over, a reset socket would otherwise be an uncaught error.
    socket.on("error", destroyThis);
    const admission = this.#options.door.admit(request);
    if (admission.kind === "refused") return answerOnSocket(socket, admission.refused);
    const { peer, enter } = admission;
    const target = request.url ?? "/";
    let isOpened = false;
    this.#server.handleUpgrade(request, socket, Buffer.from(head), (webSocket) => {
      isOpened = true;
      this.#opened(webSocket, { socket: socket as Socket, peer, target, stranger: enter() });
    });
    // ws has answered by itself, with what is wrong.
    if (!isOpened)
      this.#options.refusals.note("protocol", "an upgrade that RFC 6455 does not know", {
        remoteAddress: peer.address,
      });
  }

  #opened(webSocket: WebSocket, { target, ...opened }: Opened & { readonly target: string }): void {
    const { memory, connect } = this.#options;
    const transport = new WebSocketTransport(webSocket, opened, this.#options);
    this.#transports.add(transport);
    memory.add(transport);
    const connection = connect(transport, target);
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
    this.#options.memory.look();
  }
}

/** Not a closure, nor is `#opened` one: made where the request is in scope they would keep it as long as the socket. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

interface Opened {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly stranger: Stranger;
}

const noFrames: readonly Uint8Array[] = Object.freeze([]);

class WebSocketTransport implements Transport {
  readonly peer: Peer;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  /** The adapter's: one object for all sockets. */
  readonly #options: WebSocketAdapterOptions;
  readonly #probation: Probation;
  #connection: Connection | undefined;
  #lastHeardMs: number;
  #lastSentMs: number;
  #holdCount = 0;
  /** Of all that was read from the socket: up to the last whole message. */
  #wholeBytes: number;
  /** Shared by all documents of the connection that wait for it. */
  #draining: Promise<void> | undefined;

  /** In the order in which they were sent; replaced, not changed, as nearly all sockets have none. */
  #unsentSharedFrames: readonly Uint8Array[] = noFrames;

  /** Sent since it lags, besides what it lags with. */
  #answerBytes = 0;

  constructor(webSocket: WebSocket, { socket, peer, stranger }: Opened, options: WebSocketAdapterOptions) {
    this.#webSocket = webSocket;
    this.peer = peer;
    this.#socket = socket;
    this.#options = options;
    this.#lastHeardMs = this.#lastSentMs = options.timers.now();
    this.#probation = new Probation(stranger, options, this.#lastHeardMs);
    this.#wholeBytes = socket.bytesRead;
    socket.setNoDelay(true);
  }

  /** From here on `connection` gets what arrives. */
  carry(connection: Connection, gone: () => void): void {
    this.#connection = connection;
    const webSocket = this.#webSocket;
    webSocket.on("message", (data, isBinary) => this.#received(data, isBinary));
    webSocket.on("ping", (data) => this.#answerPing(data));
    webSocket.on("pong", () => this.#heard());
    // ws closes the socket itself, with the code that RFC 6455 names for what was wrong.
    webSocket.on("error", (error) => this.#noteMistake(error));
    webSocket.on("close", () => {
      this.welcomed();
      this.#options.memory.delete(this);
      gone();
      connection.closed();
    });
  }

  welcomed(): void {
    this.#probation.end();
  }

  /** Resolves when the socket is closed. Made for who asks: nearly all close without anybody waiting for it. */
  get gone(): Promise<void> {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => webSocket.once("close", () => resolve()));
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  get unsentSharedFrames(): readonly Uint8Array[] {
    return this.#unsentSharedFrames;
  }

  get lastHeardMs(): number {
    // A client that is not read from cannot be heard, and is not silent for that.
    return this.#holdCount > 0 ? this.#options.timers.now() : this.#lastHeardMs;
  }

  get lastSentMs(): number {
    return this.#lastSentMs;
  }

  send(frames: Uint8Array): void {
    if (!this.#isOpen) return;
    this.#lastSentMs = this.#options.timers.now();
    const unsentBytes = this.#socket.writableLength;
    if (frames.length < minSharedBytes) this.#socket.write(frames);
    else this.#writeShared(frames, unsentBytes);
    this.#count(frames.length, unsentBytes);
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
    if (this.#isOpen) this.#webSocket.ping();
  }

  close(code: CloseCode, reason: string): void {
    const { logger, timers, memory } = this.#options;
    logger.info({ code, reason, remoteAddress: this.peer.address }, "closing a connection");
    memory.delete(this);
    // A paused socket would never read the answer to the close.
    this.#webSocket.resume();
    this.#webSocket.close(code, fitCloseReason(reason));
    const cancel = timers.after(closeTimeoutMs, () => this.#webSocket.terminate());
    void this.gone.then(cancel);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  tick(nowMs: number): void {
    const farewell = this.#probation.whyGo(nowMs, this.#unfinishedBytes);
    if (farewell && this.#isOpen) return this.#sendAway(farewell);
    this.#connection?.tick(nowMs);
  }

  goAway(reconnectAfterMs: number, reason: string): void {
    this.#connection?.goAway(reconnectAfterMs, reason);
  }

  #writeShared(frames: Uint8Array, unsentBytes: number): void {
    // Frames leave in order, so it is the first of those that are the same.
    this.#socket.write(frames, () => {
      const index = this.#unsentSharedFrames.indexOf(frames);
      if (index >= 0) this.#unsentSharedFrames = this.#unsentSharedFrames.toSpliced(index, 1);
    });
    const hasLeft = this.#socket.writableLength === unsentBytes;
    if (!hasLeft) this.#unsentSharedFrames = [...this.#unsentSharedFrames, frames];
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

  /** Of a message, as far as it was read. Nothing while reading is held: what came before that waits in the socket. */
  get #unfinishedBytes(): number {
    return this.#holdCount > 0 ? 0 : this.#socket.bytesRead - this.#wholeBytes;
  }

  #sendAway({ code, reason }: Farewell): void {
    this.#options.refusals.note("slow", reason, { remoteAddress: this.peer.address });
    this.close(code, reason);
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  #heard(): void {
    this.#lastHeardMs = this.#options.timers.now();
  }

  #answerPing(data: Buffer): void {
    this.#heard();
    if (!this.#isOpen) return;
    const unsentBytes = this.#socket.writableLength;
    this.#webSocket.pong(data);
    this.#count(data.length + controlHeaderBytes, unsentBytes);
  }

  /**
   * Documents are not sent to who lags: all that is, is something else, and there is no end to what a client may ask.
   *
   * @param unsentBytes before it was sent
   */
  #count(byteCount: number, unsentBytes: number): void {
    const { memory, maxUnsentBytes, maxUnsentAnswerBytes } = this.#options;
    memory.sent(byteCount);
    this.#answerBytes = unsentBytes > maxUnsentBytes ? this.#answerBytes + byteCount : 0;
    if (this.#answerBytes <= maxUnsentAnswerBytes || !this.#isOpen) return;
    this.#sendAway({ code: closeCodes.tooSlow, reason: "the client does not read what it is answered" });
  }

  #refuseText(): void {
    const reason = "a text frame; both dialects are binary";
    this.#options.refusals.note("protocol", reason, { remoteAddress: this.peer.address });
    this.close(closeCodes.protocolError, reason);
  }

  #noteMistake(error: Error): void {
    const isTooLarge = "code" in error && sizeErrors.has(error.code);
    this.#options.refusals.note(isTooLarge ? "size" : "protocol", error.message, { remoteAddress: this.peer.address });
  }

  #received(data: RawData, isBinary: boolean): void {
    this.#heard();
    this.#wholeBytes = this.#socket.bytesRead;
    if (!this.#isOpen) return;
    if (!isBinary) return this.#refuseText();
    // With ws's default binaryType a message is one Buffer. Past this file there are none: a slice of one is not a copy.
    const { buffer, byteOffset, byteLength } = data as Buffer;
    this.#connection?.receive(new Uint8Array(buffer, byteOffset, byteLength));
  }
}
