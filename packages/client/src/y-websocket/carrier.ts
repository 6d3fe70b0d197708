/**
 * Carries the syncline protocol to servers that speak y-websocket: answers the client's frames itself and translates the
 * rest, one document over one WebSocket. Loaded when it is used.
 */
import {
  decodeFrame,
  decodeYWebsocketMessage,
  encodeFrame,
  encodeYWebsocketMessage,
  protocolVersion,
  type Message,
  type Open,
} from "@syncline/protocol";
import type { Carrier, CarrierCloseEvent, CarrierHandlers, OpenCarrier } from "../carrier.js";
import type { Timing } from "../timing.js";
import { YWebsocketRoom } from "./room.js";
import { yWebsocketUrl } from "./url.js";

export interface YWebsocketOptions {
  /** As y-websocket takes it: the document's name follows it. */
  readonly serverUrl: string;
  /** Query parameters; asked for at each attempt. */
  readonly params: () => Readonly<Record<string, string>>;
  readonly openWebSocket: OpenCarrier;
  /** The document's, now. */
  readonly stateVector: (documentName: string) => Uint8Array;
  /** How often the server is asked for what was missed; 0 or less: never. */
  readonly resyncIntervalMs: number;
  readonly timing: Timing;
}

/**
 * The URL a carrier is opened with is not used: the first `open` names the document. The token of the hello, or of the
 * open, becomes the parameter `token`, for these servers look at nothing else.
 */
export function yWebsocketCarrier(options: YWebsocketOptions): OpenCarrier {
  return (_, handlers) => new YWebsocketCarrier(options, handlers);
}

const heartbeatMs = 15_000;
const abnormalClose = 1006;

type CarrierState =
  /** No document is open. */
  | { readonly kind: "waiting" }
  | { readonly kind: "connecting"; readonly webSocket: Carrier }
  | { readonly kind: "connected"; readonly webSocket: Carrier; readonly room: YWebsocketRoom }
  | { readonly kind: "closed" };

class YWebsocketCarrier implements Carrier {
  readonly #options: YWebsocketOptions;
  readonly #handlers: CarrierHandlers;
  #state: CarrierState = { kind: "waiting" };
  #token = "";
  #isWelcomed = false;
  /** For the client, in order. */
  #outbox: Message[] = [];

  constructor(options: YWebsocketOptions, handlers: CarrierHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    queueMicrotask(() => {
      if (this.#state.kind === "waiting") handlers.onOpen();
    });
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    for (const message of decodeFrame(frame)) this.#take(message);
    // Not before this returns: the client is in the middle of something.
    queueMicrotask(() => this.#flush());
  }

  close(): void {
    this.#disconnect({ kind: "closed" });
  }

  #take(message: Message): void {
    switch (message.type) {
      case "hello":
        this.#token = message.token;
        // A client whose document is still being read from a disk opens it later; it is welcome meanwhile.
        return queueMicrotask(() => this.#state.kind === "waiting" && this.#welcome());
      case "open":
        return this.#connect(message);
      case "close":
        // The next open gets a WebSocket of its own, and with it the state vector the server has by then.
        return this.#disconnect({ kind: "waiting" });
      default:
        if (this.#state.kind === "connected") this.#state.room.take(message);
    }
  }

  #connect(open: Open): void {
    if (this.#state.kind === "closed") return;
    this.#disconnect({ kind: "waiting" });
    const { serverUrl, params, openWebSocket } = this.#options;
    const token = open.token || this.#token;
    const url = yWebsocketUrl(serverUrl, open.documentName, { ...params(), ...(token && { token }) });
    try {
      const webSocket = openWebSocket(url, {
        onOpen: () => this.#join(webSocket, open),
        onFrame: (frame) => this.#receive(frame),
        onError: (cause) => this.#handlers.onError(cause),
        onClose: (event) => this.#end(event),
      });
      this.#state = { kind: "connecting", webSocket };
    } catch (cause) {
      queueMicrotask(() => this.#fail(cause));
    }
  }

  #join(webSocket: Carrier, open: Open): void {
    const room = new YWebsocketRoom({
      ...this.#options,
      open,
      tell: (message) => this.#outbox.push(message),
      send: (message) => webSocket.send(encodeYWebsocketMessage(message) as Uint8Array<ArrayBuffer>),
    });
    this.#state = { kind: "connected", webSocket, room };
    this.#welcome();
  }

  #receive(frame: Uint8Array): void {
    if (this.#state.kind !== "connected") return;
    try {
      this.#state.room.receive(decodeYWebsocketMessage(frame));
    } catch (cause) {
      return this.#fail(cause);
    }
    this.#flush();
  }

  #welcome(): void {
    if (!this.#isWelcomed) {
      this.#outbox.push({
        ...{ type: "welcome", version: protocolVersion, connectionId: "", heartbeatMs },
        ...{ maxMessageBytes: Number.MAX_SAFE_INTEGER, server: "y-websocket" },
      });
    }
    this.#isWelcomed = true;
    this.#flush();
  }

  #flush(): void {
    const messages = this.#outbox;
    if (messages.length === 0) return;
    this.#outbox = [];
    this.#handlers.onFrame(encodeFrame(messages));
  }

  #fail(cause: unknown): void {
    if (this.#state.kind === "closed") return;
    this.#handlers.onError(cause);
    this.#end({ code: abnormalClose, reason: String(cause) });
  }

  #end(event: CarrierCloseEvent): void {
    this.#disconnect({ kind: "closed" });
    this.#handlers.onClose(event);
  }

  #disconnect(next: CarrierState): void {
    const before = this.#state;
    this.#state = next;
    this.#outbox = [];
    if (before.kind === "connected") before.room.stop();
    if (before.kind === "connected" || before.kind === "connecting") before.webSocket.close();
  }
}
