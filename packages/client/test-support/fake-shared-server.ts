/** Shared sockets to a server that sends every frame back, for tests. Opening, frames and closing are tasks of the origin. */
import { decodeStreamRecord, encodeStreamClose, encodeStreamFrame, type StreamRecord } from "@syncline/protocol";
import type { Carrier, CarrierHandlers, OpenCarrier } from "../src/carrier.js";
import type { FakeOrigin, FakeTab } from "./fake-origin.js";

export class FakeSharedServer {
  readonly sockets = new Set<FakeSharedSocket>();
  /** All URLs that were opened. */
  readonly urls: string[] = [];
  readonly origin: FakeOrigin;

  constructor(origin: FakeOrigin) {
    this.origin = origin;
  }

  /** How a tab opens a socket. */
  openSocket(tab: FakeTab): OpenCarrier {
    return (url, handlers) => {
      this.urls.push(url);
      const socket = new FakeSharedSocket(this, { tab, handlers });
      this.sockets.add(socket);
      return socket;
    };
  }

  /** As when a tab is killed: the server's end hears of it. */
  drop(tab: FakeTab): void {
    for (const socket of this.sockets) if (socket.tab === tab) this.sockets.delete(socket);
  }
}

export class FakeSharedSocket implements Carrier {
  readonly tab: FakeTab;
  /** What came from the client. */
  readonly records: StreamRecord[] = [];
  readonly #openStreams = new Set<number>();
  #newestStream = 0;
  readonly #server: FakeSharedServer;
  readonly #handlers: CarrierHandlers;
  #isOpen = false;

  constructor(server: FakeSharedServer, { tab, handlers }: { tab: FakeTab; handlers: CarrierHandlers }) {
    this.#server = server;
    this.tab = tab;
    this.#handlers = handlers;
    this.#later("to the tab", () => {
      this.#isOpen = true;
      handlers.onOpen();
    });
  }

  get streams(): number[] {
    return [...this.#openStreams];
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#isOpen) throw new Error("sent before it was open");
    if (this.tab.isGone) return;
    this.#later("to the server", () => {
      const record = decodeStreamRecord(bytes);
      this.records.push(record);
      this.#receive(record);
    });
  }

  #receive(record: StreamRecord): void {
    const { stream } = record;
    if (record.kind === "close") return void this.#openStreams.delete(stream);
    if (stream > this.#newestStream) this.#openStreams.add((this.#newestStream = stream));
    if (this.#openStreams.has(stream)) this.deliver(encodeStreamFrame(stream, record.frame));
  }

  /** The server sends something. */
  deliver(record: Uint8Array): void {
    this.#later("to the tab", () => this.#handlers.onFrame(record));
  }

  closeStream(stream: number, code: number, reason: string): void {
    this.#openStreams.delete(stream);
    this.deliver(encodeStreamClose(stream, code, reason));
  }

  /** The socket breaks. */
  break(code: number, reason = ""): void {
    this.#later("to the tab", () => {
      this.#server.sockets.delete(this);
      this.#handlers.onClose({ code, reason });
    });
  }

  close(): void {
    this.#server.sockets.delete(this);
  }

  /** What is on its way when the socket goes is lost with it. */
  #later(direction: string, task: () => void): void {
    this.#server.origin.enqueue(this.#lineTo(direction), () => {
      if (this.#server.sockets.has(this) && !this.tab.isGone) task();
    });
  }

  readonly #lines = new Map<string, object>();
  #lineTo(direction: string): object {
    const line = this.#lines.get(direction) ?? {};
    this.#lines.set(direction, line);
    return line;
  }
}
