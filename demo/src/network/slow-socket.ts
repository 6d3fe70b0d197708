/**
 * A WebSocket over a bad network, for the SDK's `WebSocketPolyfill`: the browser's own, with all that it says and hears held
 * up as the conditions want it. They may change at any time, and a socket that is open feels it.
 */
import { systemTiming, type Timing, type WebSocketConstructor, type WebSocketLike } from "@syncline/client";
import type { NetworkConditions } from "./conditions.js";
import { Link } from "./link.js";

export interface SlowSocketOptions {
  /** What really connects. @default the browser's WebSocket */
  readonly WebSocket?: WebSocketConstructor;
  readonly timing?: Timing;
}

/** An opening, a close: a packet each. */
const smallBytes = 100;

export function slowSocket(conditions: NetworkConditions, options: SlowSocketOptions = {}): WebSocketConstructor {
  const { timing = systemTiming } = options;
  // Asked for when a socket is made: a page may replace it.
  const connect = (url: string, protocols?: string[]) => new (options.WebSocket ?? WebSocket)(url, protocols);
  return class extends SlowSocket {
    constructor(url: string, protocols?: string[]) {
      super(() => connect(url, protocols), { conditions, timing });
    }
  };
}

type State =
  /** A connection takes a packet there, one back, and the request: then the server hears of it. */
  | { readonly kind: "shaking hands" }
  | { readonly kind: "opening" | "open" | "closed"; readonly socket: WebSocketLike }
  | { readonly kind: "given up" };

class SlowSocket implements WebSocketLike {
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onerror: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  readonly #up: Link;
  readonly #down: Link;
  #binaryType = "blob";
  #state: State = { kind: "shaking hands" };

  constructor(connect: () => WebSocketLike, network: { conditions: NetworkConditions; timing: Timing }) {
    this.#up = new Link(network);
    this.#down = new Link(network);
    const there = (then: () => void) => this.#up.send(smallBytes, then);
    const back = (then: () => void) => this.#down.send(smallBytes, then);
    there(() => back(() => there(() => this.#open(connect()))));
  }

  get binaryType(): string {
    return this.#binaryType;
  }

  set binaryType(binaryType: string) {
    this.#binaryType = binaryType;
    if ("socket" in this.#state) this.#state.socket.binaryType = binaryType;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    if (this.#state.kind === "open") return 1;
    return this.#state.kind === "shaking hands" || this.#state.kind === "opening" ? 0 : 3;
  }

  /** Of bytes that may be used again at once. */
  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.#state.kind !== "open") return;
    const { socket } = this.#state;
    const copy = data.slice();
    this.#up.send(copy.byteLength, () => {
      if (socket.readyState === 1) socket.send(copy);
    });
  }

  /** At once, and for good: what is on its way does not arrive, and nothing more is heard. */
  close(code?: number, reason?: string): void {
    const socket = "socket" in this.#state ? this.#state.socket : undefined;
    this.#end();
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // ws emits an error when it is closed before it is open, and one that nobody hears ends the process.
    socket.onerror = () => {};
    socket.close(code, reason);
  }

  #open(socket: WebSocketLike): void {
    this.#state = { kind: "opening", socket };
    socket.binaryType = this.#binaryType;
    socket.onopen = (event: unknown) => this.#hear(smallBytes, () => this.#opened(socket, event));
    socket.onmessage = (event: { readonly data: unknown }) =>
      this.#hear(sizeOf(event.data), () => this.onmessage?.(event as never));
    socket.onerror = (event: unknown) => this.#hear(smallBytes, () => this.onerror?.(event as never));
    socket.onclose = (event: unknown) => this.#hear(smallBytes, () => this.#closed(event));
  }

  #hear(byteCount: number, then: () => void): void {
    this.#down.send(byteCount, then);
  }

  #opened(socket: WebSocketLike, event: unknown): void {
    this.#state = { kind: "open", socket };
    this.onopen?.(event as never);
  }

  #closed(event: unknown): void {
    this.#end();
    this.onclose?.(event as never);
  }

  #end(): void {
    this.#state = "socket" in this.#state ? { kind: "closed", socket: this.#state.socket } : { kind: "given up" };
    this.#up.close();
    this.#down.close();
  }
}

function sizeOf(data: unknown): number {
  if (data instanceof ArrayBuffer) return data.byteLength;
  if (typeof data === "string") return data.length;
  return data instanceof Blob ? data.size : smallBytes;
}
