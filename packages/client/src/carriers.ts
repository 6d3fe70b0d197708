/** What the next attempt to connect travels by. Code that most pages never need is loaded when it is. */
import { loadedCarrier, type OpenCarrier } from "./carrier.js";
import type { FallbackLadder } from "./fallback/index.js";
import type { CheckedOptions } from "./options.js";
import { webSocketCarrier, type WebSocketLike } from "./web-socket-carrier.js";

export interface CarrierNeeds {
  /** The document's of this name, now. */
  readonly stateVector: (documentName: string) => Uint8Array;
  readonly onWebSocket: (webSocket: WebSocketLike) => void;
}

export type TransportKind = "websocket" | "sse" | "poll";

/** Who closes an attempt sooner did not wait for it. */
const patienceMs = 5_000;
/** Where a WebSocket has opened before, the server is down more likely than WebSockets blocked. */
const restartMs = 20_000;

/** The carriers of one connection, one after the other. */
export class Carriers {
  readonly open: OpenCarrier;
  readonly #options: CheckedOptions;
  readonly #openWebSocket: OpenCarrier;
  #kind: TransportKind = "websocket";
  #ladder: FallbackLadder | undefined;
  /** When the first of the attempts in a row began in which no WebSocket opened. */
  #blockedSinceMs = Infinity;
  #blockedCount = 0;
  #hasOpened = false;

  constructor(options: CheckedOptions, needs: CarrierNeeds) {
    this.#options = options;
    this.#openWebSocket = webSocketCarrier({ ...options, ...needs });
    this.open = this.#choose(needs);
  }

  /** What carries the connection, or did last. */
  get kind(): TransportKind {
    return this.#kind;
  }

  /** The network is another, perhaps. */
  woke(): void {
    this.#ladder?.woke();
  }

  #choose({ stateVector }: CarrierNeeds): OpenCarrier {
    const { protocol, shareSocket, serverUrl, resyncInterval, timing } = this.#options;
    const openWebSocket = this.#openWebSocket;
    if (protocol === "y-websocket") {
      const params = () => this.#options.params;
      return loadedCarrier(async () => {
        const { yWebsocketCarrier } = await import("./y-websocket/index.js");
        const resyncIntervalMs = resyncInterval;
        return yWebsocketCarrier({ serverUrl, params, openWebSocket, stateVector, resyncIntervalMs, timing });
      });
    }
    if (!shareSocket) return this.#openOwn;
    const openShared = loadedCarrier(async () => {
      const { sharedSocketCarrier } = await import("./tabs/shared-socket.js");
      return sharedSocketCarrier({ openSocket: openWebSocket, timing });
    });
    // What stands in for a WebSocket is not shared.
    return (url, handlers) => (this.#isBlocked() ? this.#openOwn : this.#watched(openShared))(url, handlers);
  }

  readonly #openOwn: OpenCarrier = (url, handlers) => {
    const open = this.#isBlocked() ? loadedCarrier(() => this.#loadLadder()) : this.#watched(this.#openWebSocket);
    return open(url, handlers);
  };

  /** Counts the attempts in a row that do not open. */
  #watched(open: OpenCarrier): OpenCarrier {
    return (url, handlers) => {
      const { timing } = this.#options;
      const startMs = timing.now();
      let isOver = false;
      /** Ends the attempt; `isTelling`: that it did not open says something about WebSockets. */
      const end = (isTelling: boolean) => {
        if (isTelling && !isOver && !isOffline()) {
          this.#blockedSinceMs = Math.min(this.#blockedSinceMs, startMs);
          this.#blockedCount += 1;
        }
        isOver = true;
      };
      const carrier = open(url, {
        ...handlers,
        onOpen: () => {
          isOver = true;
          this.#hasOpened = true;
          this.#blockedCount = 0;
          this.#blockedSinceMs = Infinity;
          handlers.onOpen();
        },
        onClose: (event) => {
          end(true);
          handlers.onClose(event);
        },
      });
      return {
        send: (frame) => carrier.send(frame),
        close: () => {
          end(timing.now() - startMs >= patienceMs);
          carrier.close();
        },
      };
    };
  }

  #isBlocked(): boolean {
    if (this.#blockedCount < 2 || !this.#options.fallback) return false;
    return !this.#hasOpened || this.#options.timing.now() - this.#blockedSinceMs >= restartMs;
  }

  async #loadLadder(): Promise<OpenCarrier> {
    try {
      const { startLadder } = await import("./fallback/index.js");
      this.#ladder ??= startLadder({
        openWebSocket: this.#openWebSocket,
        timing: this.#options.timing,
        isOffline,
        onTransport: (kind) => (this.#kind = kind),
      });
      return this.#ladder.open;
    } catch (cause) {
      // Whoever serves the page cannot be reached, either: it is not WebSockets that are blocked.
      this.#blockedCount = 0;
      throw cause;
    }
  }
}

/** The runtime says so: what fails meanwhile says nothing about transports. */
function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}
