/**
 * Somebody's editor: does what docs/PROTOCOL.md asks of a client of the syncline dialect, and is therefore never refused, never
 * closed, never left with an update that it cannot apply.
 */
import { ackLevel, decodeFrame, encodeFrame, protocolVersion, synclinePath, type Message } from "@syncline/protocol";
import * as Y from "yjs";
import type { Client } from "../../fixtures/histories.js";
import type { Line } from "./line.js";
import type { FuzzServer } from "./server.js";
import { must, Violation } from "./target.js";

export interface EditorOptions {
  readonly documentName: string;
  /** Who it is in what goes wrong. */
  readonly name: string;
  readonly clientId: number;
  readonly token?: string;
  readonly gc?: boolean;
}

export class HonestEditor implements Client {
  readonly name: string;
  readonly doc: Y.Doc;
  readonly undo: Y.UndoManager;
  /** What it has sent, for whoever overhears it. */
  readonly sent: Uint8Array[] = [];
  readonly #options: EditorOptions;
  #line: Line | undefined;
  #room: number | undefined;
  #lastN = 0;
  #durableN = 0;
  #isSynced = false;
  isWriter = true;

  constructor(options: EditorOptions) {
    this.#options = options;
    this.name = options.name;
    this.doc = new Y.Doc({ gc: options.gc ?? true });
    this.doc.clientID = options.clientId;
    const roots = [
      this.doc.getText("text"),
      this.doc.getArray("array"),
      this.doc.getMap("map"),
      this.doc.getXmlFragment("xml"),
    ];
    this.undo = new Y.UndoManager(roots, { captureTimeout: 0 });
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === this) return;
      this.sent.push(update);
      if (this.#room !== undefined) this.#submit(update);
    });
  }

  get isOnline(): boolean {
    return this.#line !== undefined;
  }

  /** What it is sent waits on the way. */
  get isHeld(): boolean {
    return this.#line?.isHeld ?? false;
  }

  set isHeld(isHeld: boolean) {
    if (this.#line) this.#line.isHeld = isHeld;
  }

  get isSettled(): boolean {
    return this.#isSynced && this.#durableN === this.#lastN;
  }

  get room(): number | undefined {
    return this.#room;
  }

  open(server: FuzzServer): void {
    const line: Line = server.connect(synclinePath, {
      received: (frame) => {
        for (const message of decodeFrame(frame)) this.#handle(message);
      },
      closed: (code, reason) => {
        throw new Violation(`${this.name} was closed with ${code}: ${reason}`);
      },
    });
    this.#line = line;
    this.#room = undefined;
    this.#lastN = this.#durableN = 0;
    this.#isSynced = false;
    const { documentName, token = "" } = this.#options;
    this.say({ type: "hello", version: protocolVersion, token, client: this.name });
    const have = { kind: "state-vector", stateVector: Y.encodeStateVector(this.doc) } as const;
    const { clientID: clientId } = this.doc;
    this.say({ type: "open", requestId: 1, documentName, token: "", clientId, generation: "", have });
  }

  leave(): void {
    this.#line?.hangUp();
    this.forget();
  }

  /** The server is gone. */
  forget(): void {
    this.#line = this.#room = undefined;
    this.#isSynced = false;
  }

  say(message: Message): void {
    this.#line?.say(encodeFrame([message]));
  }

  #handle(message: Message): void {
    switch (message.type) {
      case "opened":
        return this.#opened(message.room, message.stateVector);
      case "update":
        return this.#apply(message.update);
      case "synced":
        this.#isSynced = true;
        return;
      case "ack":
        must(message.n <= this.#lastN, () => `${this.name} is told that ${message.n} is kept; it sent ${this.#lastN}`);
        if (message.level === ackLevel.durable) this.#durableN = Math.max(this.#durableN, message.n);
        return;
      case "ping":
        return this.say({ type: "pong", n: message.n });
      case "reject":
      case "refused":
      case "close":
        throw new Violation(`${this.name}: ${message.type} ${message.code}, ${message.reason}`);
      default:
        return;
    }
  }

  #opened(room: number, stateVector: Uint8Array): void {
    this.#room = room;
    const missing = Y.encodeStateAsUpdate(this.doc, stateVector);
    if (this.isWriter && this.doc.store.clients.size > 0) this.#submit(missing);
  }

  #submit(update: Uint8Array): void {
    if (this.#room !== undefined) this.say({ type: "update", room: this.#room, n: ++this.#lastN, update });
  }

  #apply(update: Uint8Array): void {
    try {
      Y.applyUpdate(this.doc, update, this);
    } catch (cause) {
      throw new Violation(`${this.name} cannot apply what the server sent: ${String(cause)}`, { cause });
    }
    const { pendingStructs, pendingDs } = this.doc.store;
    must(
      pendingStructs === null && pendingDs === null,
      () => `${this.name} was sent an update that leans on something missing`,
    );
    must(this.doc._transactionCleanups.length === 0, () => `${this.name} never comes to the end of a transaction`);
  }
}
