/** The socket that a client has of a connection: the part of the WebSocket interface that providers use. */
import type { WebSocketLike } from "@syncline/client";
import type { Parcel, Pipe } from "./pipe.js";

type Handler = ((event: never) => unknown) | null;

/** What a socket needs of its connection. */
export interface SocketLink {
  readonly up: Pipe;
  /** There is no connection any more. */
  over(): void;
}

const abnormalClose = 1006;

export class ClientSocket implements WebSocketLike {
  binaryType = "blob";
  readyState: 0 | 1 | 2 | 3 = 0;
  onopen: Handler = null;
  onmessage: Handler = null;
  onerror: Handler = null;
  onclose: Handler = null;
  readonly #link: SocketLink;
  readonly #tap: (frame: Uint8Array) => void;

  constructor(link: SocketLink, tap: (frame: Uint8Array) => void) {
    this.#link = link;
    this.#tap = tap;
  }

  opened(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    call(this.onopen, {});
  }

  failed(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    call(this.onerror, { type: "error" });
    call(this.onclose, { code: abnormalClose, reason: "" });
  }

  send(data: Uint8Array): void {
    if (this.readyState === 0) throw new Error("InvalidStateError");
    if (this.readyState === 1) this.#link.up.send({ kind: "frame", bytes: data.slice() });
  }

  close(code = 1005, reason = ""): void {
    if (this.readyState >= 2) return;
    if (this.readyState === 0) this.#link.over();
    else this.#link.up.send({ kind: "end", code, reason });
    this.readyState = 2;
  }

  arrived(parcel: Parcel): void {
    if (parcel.kind === "ping") return this.#link.up.send({ kind: "ping" });
    if (parcel.kind === "frame") {
      if (this.readyState !== 1) return;
      this.#tap(parcel.bytes);
      call(this.onmessage, { data: parcel.bytes.slice().buffer });
      return;
    }
    const { readyState } = this;
    this.readyState = 3;
    // The answer to the server's close; to ours this is the answer.
    if (readyState === 1) this.#link.up.send(parcel);
    else this.#link.over();
    if (readyState < 3) call(this.onclose, { code: parcel.code, reason: parcel.reason });
  }
}

function call(handler: Handler, event: unknown): void {
  (handler as ((event: unknown) => unknown) | null)?.(event);
}
