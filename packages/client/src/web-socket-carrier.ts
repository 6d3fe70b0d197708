/** Frames over a WebSocket, the browser's or a library's: one binary message each. */
import type { Carrier, CarrierCloseEvent, OpenCarrier } from "./carrier.js";
import { SynclineError } from "./error.js";

/** The part of the WebSocket interface that is used; the browser's, Node's (22 and later) and ws's classes fit. */
export interface WebSocketLike {
  binaryType: string;
  /** 1 while it is open. */
  readonly readyState: 0 | 1 | 2 | 3;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** @throws {SynclineError} `no-websocket` */
export function requireWebSocket(polyfill: WebSocketConstructor | undefined): WebSocketConstructor {
  const constructor = polyfill ?? (globalThis as { readonly WebSocket?: WebSocketConstructor }).WebSocket;
  if (constructor) return constructor;
  throw new SynclineError(
    "no-websocket",
    "This runtime has no WebSocket (Node has one since 22): pass a class, such as that of the package ws, as WebSocketPolyfill",
  );
}

const openState = 1;

export interface WebSocketCarrierOptions {
  readonly WebSocketPolyfill: WebSocketConstructor | undefined;
  /** Subprotocols to ask for; none when empty. */
  readonly protocols: readonly string[];
  /** Is shown each socket that is made. */
  readonly onWebSocket?: (webSocket: WebSocketLike) => void;
}

export function webSocketCarrier({ WebSocketPolyfill, protocols, onWebSocket }: WebSocketCarrierOptions): OpenCarrier {
  return (url, { onOpen, onFrame, onError, onClose }): Carrier => {
    const WebSocket = requireWebSocket(WebSocketPolyfill);
    const webSocket = protocols.length > 0 ? new WebSocket(url, [...protocols]) : new WebSocket(url);
    const close = () => {
      webSocket.onopen = webSocket.onmessage = webSocket.onclose = null;
      // ws emits an error when it is closed before it is open, and one that nobody hears ends the process.
      webSocket.onerror = () => {};
      webSocket.close();
    };
    onWebSocket?.(webSocket);
    webSocket.binaryType = "arraybuffer";
    webSocket.onopen = () => onOpen();
    webSocket.onmessage = ({ data }: { readonly data: unknown }) => {
      if (typeof data !== "string") return onFrame(new Uint8Array(data as ArrayBuffer));
      close();
      const error = new SynclineError("protocol-error", "The server sent a text frame");
      onError(error);
      onClose({ code: 1006, reason: error.message });
    };
    webSocket.onerror = onError;
    webSocket.onclose = (event: CarrierCloseEvent) => onClose(event);
    return {
      send: (frame) => {
        if (webSocket.readyState === openState) webSocket.send(frame);
      },
      close,
    };
  };
}
