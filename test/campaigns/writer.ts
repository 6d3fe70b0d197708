/** A client that edits through kills: it keeps its document, comes back by itself, and notes what it is told. */
import { SynclineProvider } from "@syncline/client";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import type { Promises } from "./promises.js";
import type { WireTap } from "./wire-tap.js";

export type Dialect = "syncline" | "y-websocket";
export const dialects: readonly Dialect[] = ["syncline", "y-websocket"];

export interface WriterOptions {
  readonly dialect: Dialect;
  readonly url: string;
  readonly promises: Promises;
  readonly tap: WireTap;
  /** Something was told: an edit is durable, or an update was sent to this client. */
  readonly onTold: (kind: "durable" | "seen") => void;
}

/** Short pauses: a campaign is made of returns. */
const maxBackoffTime = 100;

export abstract class Writer {
  readonly doc = new Y.Doc();
  /** Why the server sent it away for good. */
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  /** The server told it something: its content belongs to a generation of the document. */
  wasTold = false;

  static create(options: WriterOptions): Writer {
    return options.dialect === "syncline" ? new SynclineWriter(options) : new StockWriter(options);
  }

  abstract readonly isSynced: boolean;
  abstract connect(): void;
  abstract disconnect(): void;
  abstract destroy(): void;
  /** Calls back when it is synced, and when it was closed for good. */
  abstract onChange(callback: () => void): void;
}

export class SynclineWriter extends Writer {
  readonly #provider: SynclineProvider;
  readonly #promises: Promises;
  /** Own edits in the order in which they were made, as the provider counts them; none once they are durable. */
  readonly #unsaved: Uint8Array[] = [];
  #durableCount = 0;

  constructor({ url, promises, tap, onTold }: WriterOptions) {
    super();
    this.#promises = promises;
    this.#provider = new SynclineProvider(url, promises.documentName, this.doc, {
      connect: false,
      maxBackoffTime,
      WebSocketPolyfill: tap.socketClass((update) => {
        this.wasTold = true;
        promises.tell("seen", update);
        onTold("seen");
      }),
    });
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== this.#provider) this.#unsaved.push(update);
    });
    this.#provider.on("durable", ({ total }) => {
      this.wasTold = true;
      this.#noteDurable(total);
      onTold("durable");
    });
    this.#provider.on("closed", (event) => (this.closedWith = event));
  }

  get isSynced(): boolean {
    return this.#provider.synced;
  }

  get hasUnsaved(): boolean {
    return this.#provider.pending.count > 0;
  }

  connect(): void {
    this.#provider.connect();
  }

  disconnect(): void {
    this.#provider.disconnect();
  }

  destroy(): void {
    this.#provider.destroy();
    this.doc.destroy();
  }

  onChange(callback: () => void): void {
    this.#provider.on("sync", callback);
    this.#provider.on("closed", callback);
  }

  /** Resolves when all that the document holds now is on disk, and promises it. Rejects when that will not be known. */
  async save(): Promise<void> {
    const update = Y.encodeStateAsUpdate(this.doc);
    await this.#provider.whenDurable();
    this.#promises.tell("saved", update);
  }

  #noteDurable(total: number): void {
    for (const update of this.#unsaved.splice(0, total - this.#durableCount)) this.#promises.tell("durable", update);
    this.#durableCount = total;
  }
}

class StockWriter extends Writer {
  readonly #provider: WebsocketProvider;

  constructor({ url, promises, tap, onTold }: WriterOptions) {
    super();
    const socketClass = tap.socketClass((update) => {
      this.wasTold = true;
      promises.tell("seen", update);
      onTold("seen");
    });
    this.#provider = new WebsocketProvider(url, promises.documentName, this.doc, {
      connect: false,
      disableBc: true,
      maxBackoffTime,
      WebSocketPolyfill: socketClass as unknown as typeof globalThis.WebSocket,
    });
    this.#provider.on("closed", (event) => (this.closedWith = event));
  }

  get isSynced(): boolean {
    return this.#provider.synced;
  }

  connect(): void {
    this.#provider.connect();
  }

  disconnect(): void {
    this.#provider.disconnect();
  }

  destroy(): void {
    this.#provider.destroy();
    this.#provider.awareness.destroy();
    this.doc.destroy();
  }

  onChange(callback: () => void): void {
    this.#provider.on("sync", callback);
    this.#provider.on("closed", callback);
  }
}
