/**
 * One carrier to whoever uses it, and whatever the ladder says underneath: tells the ladder how each attempt went, and ends
 * a fallback when a WebSocket can be had again, so that the next attempt takes it.
 */
import { loadedCarrier, type Carrier, type CarrierHandlers, type OpenCarrier } from "../carrier.js";
import type { Timing } from "../timing.js";
import type { TransportKind, TransportLadder } from "./transport-ladder.js";

/** What is loaded when no WebSocket opens: fallback/index.ts. */
export interface Fallback {
  openFallback(kind: "sse" | "poll", timing: Timing): OpenCarrier;
  probe(open: OpenCarrier, url: string, timing: Timing): Promise<boolean>;
}

export interface LadderCarrierOptions {
  readonly ladder: TransportLadder;
  readonly openWebSocket: OpenCarrier;
  readonly loadFallback: () => Promise<Fallback>;
  readonly timing: Timing;
  /** The runtime says so: what fails meanwhile says nothing about transports. */
  readonly isOffline: () => boolean;
  /** The server answered over this transport, on each connection anew. */
  readonly onTransport: (kind: TransportKind) => void;
}

/** Who closes an attempt sooner did not wait for it. */
const patienceMs = 5_000;
/** Service restart: the client is to come back, at once. */
const comeBack = 1012;

export function ladderCarrier(options: LadderCarrierOptions): OpenCarrier {
  return (url, handlers) => new Attempt(url, handlers, options);
}

class Attempt implements Carrier {
  readonly #url: string;
  readonly #handlers: CarrierHandlers;
  readonly #options: LadderCarrierOptions;
  readonly #startMs: number;
  readonly #kind: TransportKind;
  readonly #carrier: Carrier;
  #state: "opening" | "open" | "heard" | "over" = "opening";
  #cancelProbe = () => {};

  constructor(url: string, handlers: CarrierHandlers, options: LadderCarrierOptions) {
    this.#url = url;
    this.#handlers = handlers;
    this.#options = options;
    this.#startMs = options.timing.now();
    const kind = (this.#kind = options.ladder.next(this.#startMs));
    const open =
      kind === "websocket"
        ? options.openWebSocket
        : loadedCarrier(async () => (await options.loadFallback()).openFallback(kind, options.timing));
    this.#carrier = open(url, {
      onOpen: () => {
        this.#state = "open";
        handlers.onOpen();
      },
      onFrame: (frame) => {
        if (this.#state === "open") this.#hear();
        handlers.onFrame(frame);
      },
      onError: handlers.onError,
      onClose: (event) => {
        // 44xx and 45xx are the server's own words.
        this.#end({ wasAnswered: event.code >= 4400, wasAwaited: true });
        handlers.onClose(event);
      },
    });
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    this.#carrier.send(frame);
  }

  close(): void {
    const waitedMs = this.#options.timing.now() - this.#startMs;
    this.#end({ wasAnswered: false, wasAwaited: waitedMs >= patienceMs });
    this.#carrier.close();
  }

  #hear(): void {
    const { ladder, timing, onTransport } = this.#options;
    this.#state = "heard";
    ladder.opened(this.#kind, timing.now());
    onTransport(this.#kind);
    this.#probeLater();
  }

  #end({ wasAnswered, wasAwaited }: { readonly wasAnswered: boolean; readonly wasAwaited: boolean }): void {
    const { ladder, timing, isOffline } = this.#options;
    const before = this.#state;
    this.#state = "over";
    this.#cancelProbe();
    if (before === "heard" || before === "over" || !wasAwaited || isOffline()) return;
    ladder.failed(this.#kind, { didOpen: before === "open", wasAnswered }, timing.now());
  }

  #probeLater(): void {
    const { ladder, timing } = this.#options;
    const delayMs = ladder.probeInMs(timing.now());
    if (delayMs !== undefined) this.#cancelProbe = timing.setTimer(() => void this.#probe(), delayMs);
  }

  async #probe(): Promise<void> {
    const { ladder, timing, loadFallback, openWebSocket } = this.#options;
    const hasOpened = await loadFallback().then(
      ({ probe }) => probe(openWebSocket, this.#url, timing),
      // A chunk that does not load is no reason to leave a transport that works.
      () => false,
    );
    if (this.#state === "over") return;
    if (!hasOpened) {
      ladder.probed(timing.now());
      return this.#probeLater();
    }
    // It stays due: the next attempt is over a WebSocket.
    this.close();
    this.#handlers.onClose({ code: comeBack, reason: "A WebSocket can be had again" });
  }
}
