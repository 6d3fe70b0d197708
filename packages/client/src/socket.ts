/** One WebSocket, of the browser or of a library: bytes in and out. Knows nothing of messages. */
import { SynclineError } from "./error.js";
import type { SocketCloseEvent } from "./connection-state.js";

/** The part of the WebSocket interface that is used; the browser's, Node's (22 and later) and ws's classes fit. */
export interface SocketLike {
  binaryType: string;
  /** 1 while it is open. */
  readonly readyState: number;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string) => SocketLike;

/** @throws {SynclineError} `no-websocket` */
export function requireWebSocket(polyfill: WebSocketConstructor | undefined): WebSocketConstructor {
  const constructor = polyfill ?? (globalThis as { readonly WebSocket?: WebSocketConstructor }).WebSocket;
  if (constructor) return constructor;
  throw new SynclineError(
    "no-websocket",
    "This runtime has no WebSocket (Node has one since version 22). Install the package ws and pass its class: " +
      'import { WebSocket } from "ws"; new SynclineProvider(url, name, doc, { WebSocketPolyfill: WebSocket })',
  );
}

export interface SocketHandlers {
  onOpen(): void;
  /** `data` as the runtime gives it: an `ArrayBuffer` for a binary frame, a string for a text frame. */
  onFrame(data: unknown): void;
  onError(event: unknown): void;
  onClose(event: SocketCloseEvent): void;
}

const openState = 1;

export class Socket {
  readonly #socket: SocketLike;

  /** Throws what the class throws, for example for a URL it does not take. */
  constructor(constructor: WebSocketConstructor, url: string, handlers: SocketHandlers) {
    const socket = new constructor(url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => handlers.onOpen();
    socket.onmessage = (event: { readonly data: unknown }) => handlers.onFrame(event.data);
    socket.onerror = (event: unknown) => handlers.onError(event);
    socket.onclose = (event: SocketCloseEvent) => handlers.onClose(event);
  }

  /** Sends the frame, or drops it when the socket is not open: what is not acknowledged is sent again anyway. */
  send(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#socket.readyState === openState) this.#socket.send(frame);
  }

  /** Sends what is buffered, closes, and calls no handler again. */
  close(): void {
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    // ws emits an error when it is closed before it is open, and one that nobody hears ends the process.
    this.#socket.onerror = () => {};
    this.#socket.close();
  }
}
