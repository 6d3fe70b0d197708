/**
 * What carries frames between this client and a server: a WebSocket, or what stands in for one where none can be had. Knows
 * nothing of messages.
 */

/** What a carrier says when it closes; the browser's `CloseEvent` is one. */
export interface CarrierCloseEvent {
  /** Of PROTOCOL.md's table, or 1006 when the end came without a word. */
  readonly code: number;
  readonly reason: string;
}

export interface CarrierHandlers {
  /** Frames may be sent from now on. */
  onOpen(): void;
  /** One whole frame, in the order the server sent them. */
  onFrame(frame: Uint8Array): void;
  /** Something failed; `onClose` follows. */
  onError(cause: unknown): void;
  /** The last call, and the only one of its kind. */
  onClose(event: CarrierCloseEvent): void;
}

export interface Carrier {
  /** Sends the frame, or drops it when the carrier is not open: what is not acknowledged is sent again anyway. */
  send(frame: Uint8Array<ArrayBuffer>): void;
  /** Sends what is buffered, closes, and calls no handler again. */
  close(): void;
}

/** Starts to open a carrier to `url`; no handler is called before it returns. May throw: for a URL it cannot take, say. */
export type OpenCarrier = (url: string, handlers: CarrierHandlers) => Carrier;

/**
 * A carrier whose code is loaded when it is first needed: most pages never need it, and should not have to download it. A
 * load that fails closes the carrier with 1006.
 */
export function loadedCarrier(load: () => Promise<OpenCarrier>): OpenCarrier {
  return (url, handlers) => {
    let carrier: Carrier | undefined;
    let isClosed = false;
    load()
      .then((open) => {
        if (!isClosed) carrier = open(url, handlers);
      })
      .catch((cause: unknown) => {
        if (isClosed) return;
        handlers.onError(cause);
        handlers.onClose({ code: 1006, reason: String(cause) });
      });
    return {
      send: (frame) => carrier?.send(frame),
      close: () => {
        isClosed = true;
        carrier?.close();
      },
    };
  };
}
