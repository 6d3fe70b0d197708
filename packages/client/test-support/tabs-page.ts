/**
 * Runs in the pages that test/browser/tabs.test.ts opens: a client just large enough to edit a document over whatever
 * carries its frames, and what tabs share, within reach of the test.
 */
import { decodeFrame, encodeFrame, type Message } from "@syncline/protocol";
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import type { Carrier } from "../src/carrier.js";
import { claimClientId } from "../src/tabs/client-id.js";
import { sharedSocketCarrier } from "../src/tabs/shared-socket.js";
import { openTabChannel, type TabChannel } from "../src/tabs/tab-channel.js";
import { systemTiming } from "../src/timing.js";
import { webSocketCarrier } from "../src/web-socket-carrier.js";

const fromServer = { from: "the server" };

class PageDocument {
  readonly doc = new Y.Doc();
  readonly awareness: Awareness;
  readonly text: Y.Text;
  /** Codes with which carriers ended. */
  readonly closes: number[] = [];
  readonly errors: string[] = [];
  isConnected = false;
  /** Updates that the server has not said are on its disk. */
  unacked = 0;
  #url = "";
  #name = "";
  #carrier: Carrier | undefined;
  #room: number | undefined;
  #n = 0;
  #channel: TabChannel | undefined;
  #release: () => void = () => {};

  constructor(clientId?: number) {
    if (clientId !== undefined) this.doc.clientID = clientId;
    this.awareness = new Awareness(this.doc);
    this.text = this.doc.getText("text");
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== fromServer) this.#sendUpdate(update);
    });
    this.awareness.on("update", (_: unknown, origin: unknown) => {
      if (origin !== fromServer) this.#sendPresence();
    });
  }

  /** Stays connected until `close()`. */
  connect(url: string, name: string): void {
    [this.#url, this.#name] = [`${url}/.syncline/v1`, name];
    const open = sharedSocketCarrier({
      openSocket: webSocketCarrier({ WebSocketPolyfill: undefined, protocols: [] }),
      timing: systemTiming,
    });
    this.#carrier = open(this.#url, {
      onOpen: () => this.#greet(),
      onFrame: (frame) => decodeFrame(frame).forEach((message) => this.#receive(message)),
      onError: (cause) => this.errors.push(String(cause)),
      onClose: ({ code }) => {
        this.closes.push(code);
        this.#isGone();
        if (code < 4400 || code >= 4500) setTimeout(() => this.connect(url, name), Math.random() * 200);
      },
    });
  }

  join(name: string): void {
    this.#channel = openTabChannel({
      name,
      doc: this.doc,
      awareness: this.awareness,
      timing: systemTiming,
      generation: () => "",
      adoptGeneration: () => {},
      isFromElsewhere: (origin) => origin === fromServer,
      onError: (error) => this.errors.push(String(error)),
      onState: () => {},
    });
  }

  async claimId(): Promise<void> {
    this.#release = await claimClientId({ doc: this.doc, awareness: this.awareness, timing: systemTiming });
  }

  close(): void {
    this.#carrier?.close();
    this.#isGone();
    this.#channel?.destroy();
    this.#release();
  }

  get others(): unknown[] {
    return [...this.awareness.states].filter(([id]) => id !== this.doc.clientID).map(([, state]) => state);
  }

  #isGone(): void {
    this.isConnected = false;
    this.#room = undefined;
    this.#carrier = undefined;
  }

  #send(...messages: Message[]): void {
    this.#carrier?.send(encodeFrame(messages));
  }

  #greet(): void {
    const have = { kind: "state-vector", stateVector: Y.encodeStateVector(this.doc) } as const;
    const { clientID: clientId } = this.doc;
    this.#send(
      { type: "hello", version: 1, token: "", client: "test" },
      { type: "open", requestId: 1, documentName: this.#name, token: "", clientId, generation: "", have },
    );
  }

  #receive(message: Message): void {
    switch (message.type) {
      case "opened":
        if (this.#room === undefined) this.#n = 0;
        this.#room = message.room;
        this.isConnected = true;
        this.#sendUpdate(Y.encodeStateAsUpdate(this.doc, message.stateVector));
        return this.#sendPresence();
      case "update":
        return Y.applyUpdate(this.doc, message.update, fromServer);
      case "ack":
        if (message.level === 2) this.unacked = this.#n - message.n;
        return;
      case "awareness":
        return applyAwarenessUpdate(this.awareness, message.update, fromServer);
      case "ping":
        return this.#send({ type: "pong", n: message.n });
    }
  }

  #sendUpdate(update: Uint8Array): void {
    if (this.#room === undefined) return;
    this.unacked += 1;
    this.#send({ type: "update", room: this.#room, n: ++this.#n, update });
  }

  #sendPresence(): void {
    if (this.#room === undefined || !this.awareness.getLocalState()) return;
    const update = encodeAwarenessUpdate(this.awareness, [this.doc.clientID]);
    this.#send({ type: "awareness", room: this.#room, update });
  }
}

const complaints: string[] = [];
globalThis.addEventListener("unhandledrejection", ({ reason }) => complaints.push(`unhandled: ${String(reason)}`));
globalThis.addEventListener("error", ({ message }) => complaints.push(message));

const tabsPage = { PageDocument, complaints, documents: [] as PageDocument[] };

declare global {
  interface Window {
    tabsPage: typeof tabsPage;
  }
}
window.tabsPage = tabsPage;
