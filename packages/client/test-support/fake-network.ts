/** WebSockets that reach a peer in the same process, frame by frame, when told. For tests. */
import type { WebSocketConstructor, WebSocketLike } from "../src/web-socket-carrier.js";

/** What stands on the other side of the fake sockets. */
export interface FakePeer {
  onConnect(socket: FakeSocket): void;
  onFrame(socket: FakeSocket, frame: Uint8Array): void;
  onDisconnect(socket: FakeSocket): void;
}

type Handler = ((event: never) => unknown) | null;

export class FakeSocket implements WebSocketLike {
  binaryType = "blob";
  readyState: 0 | 1 | 2 | 3 = 0;
  onopen: Handler = null;
  onmessage: Handler = null;
  onerror: Handler = null;
  onclose: Handler = null;
  /** On their way to the peer. */
  readonly up: Uint8Array[] = [];
  /** On their way to the client. */
  readonly down: (() => void)[] = [];
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  get isEnded(): boolean {
    return this.readyState >= 2;
  }

  get hasHandlers(): boolean {
    return Boolean(this.onopen ?? this.onmessage ?? this.onclose);
  }

  send(data: Uint8Array): void {
    if (this.readyState !== 1) throw new Error("InvalidStateError");
    this.up.push(data.slice());
  }

  close(): void {
    if (this.readyState < 2) this.readyState = 2;
  }

  /** The peer's side: these arrive in order. */
  open(): void {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    call(this.onopen, {});
  }

  /** `onArrival` is called just before the client gets it. */
  deliver(data: unknown, onArrival = () => {}): void {
    this.down.push(() => {
      onArrival();
      call(this.onmessage, { data });
    });
  }

  end(code: number, reason = ""): void {
    this.down.push(() => {
      this.readyState = 3;
      call(this.onclose, { code, reason });
    });
  }

  fail(): void {
    call(this.onerror, { type: "error" });
    this.readyState = 3;
    call(this.onclose, { code: 1006, reason: "" });
  }
}

function call(handler: Handler, event: unknown): void {
  (handler as ((event: unknown) => unknown) | null)?.(event);
}

export class FakeNetwork {
  readonly sockets: FakeSocket[] = [];
  readonly WebSocket: WebSocketConstructor;
  /** Sockets open by themselves while this is so. */
  isReachable = true;
  /** While it is so, nothing arrives anywhere, and nobody is told. */
  isSilent = false;
  /** Frames of clients that get lost before the next one arrives. */
  framesToLose = 0;
  readonly #peer: FakePeer;

  constructor(peer: FakePeer) {
    this.#peer = peer;
    const { sockets } = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    };
  }

  get openSockets(): FakeSocket[] {
    return this.sockets.filter((socket) => !socket.isEnded);
  }

  /** Cuts every socket, with what is on its way. */
  cut(code = 1006): void {
    for (const socket of this.openSockets) {
      socket.up.length = socket.down.length = 0;
      this.#peer.onDisconnect(socket);
      socket.end(code);
    }
  }

  /** Moves frames until nothing moves any more. */
  async settle(): Promise<void> {
    let roundCount = 0;
    for (let quietRounds = 0; quietRounds < 4; quietRounds++) {
      await Promise.resolve();
      if (this.#moveAll()) quietRounds = 0;
      if (++roundCount > 2_000) throw new Error("client and server never come to rest");
    }
  }

  #moveAll(): boolean {
    if (this.isSilent) return false;
    return this.sockets.map((socket) => this.#move(socket)).some(Boolean);
  }

  #move(socket: FakeSocket): boolean {
    if (socket.readyState === 0) return this.#open(socket);
    const [frame, event] = [socket.up.shift(), socket.down.shift()];
    if (frame && this.framesToLose > 0) this.framesToLose -= 1;
    else if (frame) this.#peer.onFrame(socket, frame);
    event?.();
    if (socket.readyState === 2 && socket.up.length === 0) {
      socket.readyState = 3;
      this.#peer.onDisconnect(socket);
    }
    return Boolean(frame ?? event);
  }

  #open(socket: FakeSocket): boolean {
    if (!this.isReachable) socket.fail();
    else {
      this.#peer.onConnect(socket);
      socket.open();
    }
    return true;
  }
}
