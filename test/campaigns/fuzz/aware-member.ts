/**
 * Somebody with a cursor: y-protocols' own Awareness, on either dialect. A stock provider repeats all that it hears; this
 * one does so where it speaks the y-websocket dialect.
 */
import {
  decodeFrame,
  decodeYWebsocketMessage,
  encodeFrame,
  encodeYWebsocketMessage,
  protocolVersion,
  synclinePath,
  type Message,
} from "@syncline/protocol";
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import type { Line } from "./line.js";
import type { FuzzServer } from "./server.js";
import { Violation } from "./target.js";

interface Changes {
  readonly added: number[];
  readonly updated: number[];
  readonly removed: number[];
}

export interface AwareMemberOptions {
  readonly documentName: string;
  readonly clientId: number;
  readonly dialect: "syncline" | "y-websocket";
}

export class AwareMember {
  readonly clientId: number;
  readonly awareness: Awareness;
  /** What it has heard, for whoever repeats it. */
  readonly heard: Uint8Array[] = [];
  readonly #options: AwareMemberOptions;
  readonly #line: Line;
  #room: number | undefined;
  /** As it was last set. */
  #state: unknown = null;

  constructor(options: AwareMemberOptions, server: FuzzServer) {
    this.#options = options;
    this.clientId = options.clientId;
    const doc = new Y.Doc();
    doc.clientID = options.clientId;
    this.awareness = new Awareness(doc);
    // It would look at the real clock.
    clearInterval(this.awareness._checkInterval as NodeJS.Timeout);
    this.awareness.setLocalState(null);
    const isStock = options.dialect === "y-websocket";
    this.awareness.on("update", ({ added, updated, removed }: Changes, origin: unknown) => {
      if (origin === this && !isStock) return;
      this.#announce([...added, ...updated, ...removed]);
    });
    this.#line = server.connect(isStock ? `/${options.documentName}` : synclinePath, {
      received: (frame) => this.#received(frame),
      closed: (code, reason) => {
        throw new Violation(`${this.name} was closed with ${code}: ${reason}`);
      },
    });
    if (!isStock) this.#open();
  }

  get name(): string {
    return `${this.#options.dialect} member ${this.clientId}`;
  }

  get state(): unknown {
    return this.#state;
  }

  set(state: Record<string, unknown> | null): void {
    this.#state = state;
    this.awareness.setLocalState(state);
  }

  leave(): void {
    this.#line.hangUp();
  }

  #open(): void {
    this.#say({ type: "hello", version: protocolVersion, token: "", client: this.name });
    const have = { kind: "state-vector", stateVector: Uint8Array.of(0) } as const;
    const { documentName, clientId } = this.#options;
    this.#say({ type: "open", requestId: 1, documentName, token: "", clientId, generation: "", have });
  }

  #announce(clients: number[]): void {
    const known = clients.filter((client) => this.awareness.meta.has(client));
    if (known.length === 0) return;
    const update = encodeAwarenessUpdate(this.awareness, known);
    if (this.#options.dialect === "y-websocket") this.#line.say(encodeYWebsocketMessage({ type: "awareness", update }));
    else if (this.#room !== undefined) this.#say({ type: "awareness", room: this.#room, update });
  }

  #received(frame: Uint8Array): void {
    if (this.#options.dialect === "y-websocket") {
      const message = decodeYWebsocketMessage(frame);
      if (message?.type === "awareness") this.#hear(message.update);
      return;
    }
    for (const message of decodeFrame(frame)) this.#handle(message);
  }

  #handle(message: Message): void {
    if (message.type === "awareness") return this.#hear(message.update);
    if (message.type === "ping") return this.#say({ type: "pong", n: message.n });
    if (message.type === "close" || message.type === "refused") {
      throw new Violation(`${this.name}: ${message.type} ${message.code}, ${message.reason}`);
    }
    if (message.type !== "opened") return;
    this.#room = message.room;
    if (this.#state !== null) this.#announce([this.clientId]);
  }

  #hear(update: Uint8Array): void {
    this.heard.push(update);
    try {
      applyAwarenessUpdate(this.awareness, update, this);
    } catch (cause) {
      throw new Violation(`${this.name} cannot read the presence it was sent: ${String(cause)}`, { cause });
    }
  }

  #say(message: Message): void {
    this.#line.say(encodeFrame([message]));
  }
}
