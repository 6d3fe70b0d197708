/** The provider of this project on a simulated socket; what it is told is noted. */
import { closeCodes, decodeFrame, type Message } from "@syncline/protocol";
import { SynclineProvider, type Timing } from "@syncline/client";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { between } from "./chance.js";
import { SimulatedClient, type ClientParts } from "./client.js";
import type { ClientSocket } from "./client-socket.js";
import { missingClock } from "./promises.js";

interface Opening {
  readonly requestId: number;
  readonly room: number;
  readonly generation: string;
  lastN: number;
}

export class SynclineClient extends SimulatedClient {
  readonly provider: SynclineProvider;
  readonly #awareness: Awareness;
  /** Updates of the edits, in the order in which the provider counts them. */
  readonly #edits: Uint8Array[] = [];
  #durableCount = 0;
  #opening: Opening | undefined;
  #isBound = false;

  constructor(parts: ClientParts) {
    super(parts);
    this.#awareness = parts.allowTimer(() => new Awareness(this.doc));
    clearInterval(this.#awareness._checkInterval as NodeJS.Timeout);
    if (this.doc.store.clients.size > 0) this.#edits.push(Y.encodeStateAsUpdate(this.doc));
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== this.provider) this.#edits.push(update);
    });
    this.provider = this.#makeProvider();
    this.#listen();
    this.provider.connect();
  }

  get isSynced(): boolean {
    return this.provider.synced;
  }

  get isSettled(): boolean {
    const { access, pending } = this.provider;
    // What who may only read has typed stays with it, for the day on which it may write.
    const isSaved = pending.count === 0 || this.person.access === "read";
    return this.isSynced && isSaved && access.level === this.person.access;
  }

  get knowsGeneration(): boolean {
    return this.#isBound || this.doc.store.clients.size === 0;
  }

  get isUnbound(): boolean {
    return !this.#isBound;
  }

  get room(): number | undefined {
    return this.#opening?.room;
  }

  setCursor(position: number): void {
    this.#awareness.setLocalStateField("cursor", position);
  }

  leave(): void {
    this.isAway = true;
    this.provider.disconnect();
  }

  comeBack(): void {
    this.isAway = false;
    this.provider.connect();
  }

  close(): void {
    this.provider.destroy();
    this.#awareness.destroy();
    this.process.end();
  }

  describe(): string {
    const { status, synced, pending, access } = this.provider;
    return `${this.name} is ${status.connection}, ${synced ? "" : "not "}synced, ${pending.count} pending, access ${access.level}`;
  }

  #makeProvider(): SynclineProvider {
    const { random, ledger } = this.parts;
    const timing: Timing = {
      now: () => this.nowMs,
      setTimer: (callback, delayMs) => this.process.timers.after(delayMs, callback),
      random: () => between(random, 0, 1),
    };
    const connect = (url: string) => this.#socket(url);
    return new SynclineProvider(`ws://${ledger.serverName}`, ledger.documentName, this.doc, {
      connect: false,
      awareness: this.#awareness,
      token: this.person.name,
      timing,
      pageEvents: null,
      // What would stand in for a WebSocket is not simulated.
      fallback: false,
      WebSocketPolyfill: class {
        constructor(url: string) {
          return connect(url);
        }
      } as unknown as new (url: string) => ClientSocket,
    });
  }

  #socket(url: string): ClientSocket {
    this.#opening = undefined;
    const link = this.connectTo(new URL(url).pathname, (frame) => this.#tapped(frame));
    return link.socket;
  }

  #listen(): void {
    const { provider } = this;
    const { trace } = this.parts.network;
    provider.on("durable", ({ total }) => this.#durable(total));
    provider.on("synced", (isSynced) => {
      if (!isSynced) return;
      trace.count("synced");
      this.heardAll();
    });
    provider.on("access", ({ level }) => trace.count(`access ${level}`));
    provider.on("closed", ({ code, reason }) => (this.stopped = { code, reason }));
    provider.on("rejected", ({ code, reason }) => {
      // It was sent before the client heard that it may not.
      if (code === closeCodes.forbidden && this.person.hasBeenReader) return trace.count("edits of readers refused");
      // With these the document itself is another one, or gone.
      if (code !== closeCodes.deleted && code !== closeCodes.generationMismatch) {
        this.violate(`an edit was rejected: ${code} ${reason}`);
      }
    });
    provider.on("connection-error", (error) => {
      if (error.code !== "connection-failed") this.violate(`${error.code} ${String(error.cause)}`);
    });
  }

  /** Edits up to `total` are on disk, it says. */
  #durable(total: number): void {
    const newly = this.#edits.slice(this.#durableCount, total);
    this.#durableCount = total;
    this.parts.network.trace.count("durable edits", newly.length);
    for (const update of newly) this.#promise(update);
  }

  #promise(update: Uint8Array): void {
    const { ledger } = this.parts;
    if (this.#opening) ledger.promisedTo(this.#opening.generation).add(update);
    if (this.isOfThisEra) ledger.promisedTo(ledger.eraKey).add(update);
  }

  /** Sees each frame before the provider does; what it leads to is looked at when the provider is done with it. */
  #tapped(frame: Uint8Array): void {
    for (const message of decodeFrame(frame)) this.#saw(message);
    queueMicrotask(() => {
      if (this.isGone) return;
      this.assertSound();
      if (this.isSynced) this.assertNothingBuried();
    });
  }

  #saw(message: Message): void {
    if (message.type === "opened") this.#sawOpened(message);
    else if (message.type === "update") this.#sawUpdate(message.n, message.update);
    else if (message.type === "synced" && message.seq > 0) this.#bind();
    else if (message.type === "ack" && message.level === 2) this.#bind();
  }

  #sawOpened({ requestId, room, generation, seq, stateVector }: Extract<Message, { type: "opened" }>): void {
    if (this.#opening?.requestId !== requestId) this.#opening = { requestId, room, generation, lastN: 0 };
    if (seq > 0) this.#bind();
    // It resumes: what it has not been told is sent, whatever is in its document.
    if (stateVector.length === 0) return this.parts.network.trace.count("resumed");
    const missing = missingClock(this.floor, Y.decodeStateVector(stateVector));
    if (missing !== undefined) this.violate(`was told of a state that is not all there is: ${missing}`);
  }

  #sawUpdate(n: number, update: Uint8Array): void {
    if (n > 0) this.#bind();
    if (!this.#opening) return;
    if (n < this.#opening.lastN) this.violate(`update ${n} came after ${this.#opening.lastN}`);
    this.#opening.lastN = n;
    // What others see is on disk, in this mode.
    if (this.parts.relay === "durable") this.#promise(update);
  }

  /** From here on its content belongs to the generation. */
  #bind(): void {
    this.#isBound = true;
  }
}
