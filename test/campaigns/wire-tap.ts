/** A WebSocket that notes every update a server sends: what it told a client, whatever the client then makes of it. */
import { decodeFrame, decodeYWebsocketMessage, synclinePath } from "@syncline/protocol";
import { WebSocket } from "ws";

export type TappedConstructor = new (url: string | URL, protocols?: string | string[]) => WebSocket;

export class WireTap {
  readonly #open = new Set<WebSocket>();
  #waiters: (() => void)[] = [];

  /** Resolves when no socket is open: everything a server that was killed had sent has arrived. */
  async quiet(): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** A class for one client; `onUpdate` is called before the client sees the update. */
  socketClass(onUpdate: (update: Uint8Array) => void): TappedConstructor {
    const opened = (socket: WebSocket) => this.#opened(socket);
    return class TappedWebSocket extends WebSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(url, protocols);
        const decode = new URL(url).pathname === synclinePath ? synclineUpdates : yWebsocketUpdates;
        this.on("open", () => opened(this));
        this.on("message", (data) => decode(bytesOf(data)).forEach(onUpdate));
      }
    };
  }

  #opened(socket: WebSocket): void {
    this.#open.add(socket);
    socket.once("close", () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) for (const resolve of this.#waiters.splice(0)) resolve();
    });
  }
}

function synclineUpdates(frame: Uint8Array): Uint8Array[] {
  return [...decodeFrame(frame)].flatMap((message) => (message.type === "update" ? [message.update] : []));
}

function yWebsocketUpdates(frame: Uint8Array): Uint8Array[] {
  const message = decodeYWebsocketMessage(frame);
  return message?.type === "update" || message?.type === "sync-step-2" ? [message.update] : [];
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data instanceof Uint8Array) return data;
  throw new Error("the socket handed over neither an ArrayBuffer nor a Uint8Array");
}
