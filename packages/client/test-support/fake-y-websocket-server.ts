/**
 * A y-websocket server for one document, with y-protocols' own handlers and in-process sockets; frames move when told.
 * By default it does what the stock server does: relays to all, the sender included, and answers step 1 only. For tests.
 */
import { decodeYWebsocketMessage, encodeYWebsocketMessage, type YWebsocketMessage } from "@syncline/protocol";
import * as Y from "yjs";
import type { CarrierHandlers, OpenCarrier } from "../src/carrier.js";

export interface FakeLink {
  readonly url: string;
  readonly handlers: CarrierHandlers;
  readonly up: Uint8Array[];
  readonly down: (() => void)[];
  state: "connecting" | "open" | "closed";
}

export class FakeYWebsocketServer {
  readonly doc = new Y.Doc();
  readonly links: FakeLink[] = [];
  /** What clients sent, decoded, oldest first. */
  readonly received: YWebsocketMessage[] = [];
  /** Whether who sends an update gets it back. */
  isEchoing = true;
  /** Whether it takes edits; it answers in any case. */
  isKeeping = true;
  /** While it is so, nothing arrives anywhere, and nobody is told. */
  isSilent = false;
  /** Whether it says what it has. */
  asks = true;

  constructor() {
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      for (const link of this.links) {
        if (link !== origin || this.isEchoing) this.say(link, { type: "update", update });
      }
    });
  }

  readonly openWebSocket: OpenCarrier = (url, handlers) => {
    const link: FakeLink = { url, handlers, up: [], down: [], state: "connecting" };
    this.links.push(link);
    return {
      send: (frame) => void (link.state === "open" && link.up.push(frame.slice())),
      close: () => {
        link.state = "closed";
      },
    };
  };

  get openLinks(): FakeLink[] {
    return this.links.filter(({ state }) => state !== "closed");
  }

  /** The clients' questions, without each opening's first. */
  get questionCount(): number {
    return this.received.filter(({ type }) => type === "sync-step-1").length - this.links.length;
  }

  say(link: FakeLink, message: YWebsocketMessage): void {
    this.sayBytes(link, encodeYWebsocketMessage(message));
  }

  sayBytes(link: FakeLink, frame: Uint8Array): void {
    if (link.state === "open") link.down.push(() => link.handlers.onFrame(frame));
  }

  sayToAll(message: YWebsocketMessage): void {
    for (const link of this.openLinks) this.say(link, message);
  }

  end(code: number, reason: string): void {
    for (const link of this.openLinks) {
      link.down.push(() => {
        link.state = "closed";
        link.handlers.onClose({ code, reason });
      });
    }
  }

  /** Moves frames until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quietRounds = 0; quietRounds < 4; quietRounds++) {
      await Promise.resolve();
      if (!this.isSilent && this.openLinks.map((link) => this.#move(link)).some(Boolean)) quietRounds = 0;
    }
  }

  #move(link: FakeLink): boolean {
    if (link.state === "connecting") return this.#open(link);
    const [frame, event] = [link.up.shift(), link.down.shift()];
    if (frame) this.#take(link, decodeYWebsocketMessage(frame));
    event?.();
    return Boolean(frame ?? event);
  }

  #open(link: FakeLink): boolean {
    link.state = "open";
    if (this.asks) this.say(link, { type: "sync-step-1", stateVector: Y.encodeStateVector(this.doc) });
    link.handlers.onOpen();
    return true;
  }

  #take(link: FakeLink, message: YWebsocketMessage | undefined): void {
    if (!message) return;
    this.received.push(message);
    switch (message.type) {
      case "sync-step-1":
        return this.say(link, { type: "sync-step-2", update: Y.encodeStateAsUpdate(this.doc, message.stateVector) });
      case "sync-step-2":
      case "update":
        if (this.isKeeping) Y.applyUpdate(this.doc, message.update, link);
        return;
      case "awareness":
        return this.sayToAll(message);
    }
  }
}
