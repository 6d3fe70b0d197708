/**
 * A provider as y-websocket's, in the parts that a server sees: says what it has on opening, answers the server's question, sends
 * each edit once, comes back after pauses, stays away after 44xx. It hears of no acks.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { encodeAwarenessUpdate, applyAwarenessUpdate, removeAwarenessStates, Awareness } from "y-protocols/awareness";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";
import { SimulatedClient, type ClientParts } from "./client.js";
import type { Link } from "./link.js";
import { missingClock } from "./promises.js";

const messageSync = 0;
const messageAwareness = 1;

const maxBackoffMs = 2_500;
/** It hangs up when it has heard nothing for so long. */
const silenceMs = 30_000;
const checkMs = 3_000;

export class StockClient extends SimulatedClient {
  readonly #awareness: Awareness;
  #isSynced = false;
  #failures = 0;
  #lastHeardMs = 0;

  constructor(parts: ClientParts) {
    super(parts);
    this.#awareness = parts.allowTimer(() => new Awareness(this.doc));
    clearInterval(this.#awareness._checkInterval as NodeJS.Timeout);
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.#send(messageSync, (to) => sync.writeUpdate(to, update));
    });
    this.#awareness.on("update", (_: unknown, origin: unknown) => {
      if (origin !== this) this.#announce();
    });
    this.#connect();
    this.#check();
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get isSettled(): boolean {
    return this.#isSynced;
  }

  get knowsGeneration(): boolean {
    return false;
  }

  get isUnbound(): boolean {
    return false;
  }

  setCursor(position: number): void {
    this.#awareness.setLocalStateField("cursor", position);
  }

  leave(): void {
    this.isAway = true;
    this.#hangUp();
  }

  comeBack(): void {
    this.isAway = false;
    if (!this.link) this.#connect();
  }

  close(): void {
    this.#hangUp();
    this.#awareness.destroy();
    this.process.end();
  }

  describe(): string {
    return `${this.name} (y-websocket) is ${this.#isSynced ? "" : "not "}synced, readyState ${this.link?.socket.readyState ?? "none"}`;
  }

  #connect(): void {
    if (this.isAway || this.isGone || this.stopped) return;
    const link: Link = this.connectTo(this.#path, () => {});
    const { socket } = link;
    socket.onopen = () => this.#opened();
    socket.onmessage = (event: { readonly data: ArrayBuffer }) => this.#received(new Uint8Array(event.data));
    socket.onclose = (event: { readonly code: number; readonly reason: string }) => this.#closed(event);
    this.#lastHeardMs = this.nowMs;
  }

  get #path(): string {
    return `/${encodeURIComponent(this.ledger.documentName)}?token=${this.person.name}`;
  }

  #opened(): void {
    this.#failures = 0;
    this.#lastHeardMs = this.nowMs;
    this.#send(messageSync, (to) => sync.writeSyncStep1(to, this.doc));
    if (this.#awareness.getLocalState() !== null) this.#announce();
  }

  #received(frame: Uint8Array): void {
    this.#lastHeardMs = this.nowMs;
    const from = decoding.createDecoder(frame);
    switch (decoding.readVarUint(from)) {
      case messageSync:
        return this.#receivedSync(from);
      case messageAwareness:
        return applyAwarenessUpdate(this.#awareness, decoding.readVarUint8Array(from), this);
    }
  }

  #receivedSync(from: decoding.Decoder): void {
    const step = decoding.readVarUint(from);
    const bytes = decoding.readVarUint8Array(from);
    if (step === sync.messageYjsSyncStep1) {
      const missing = missingClock(this.floor, Y.decodeStateVector(bytes));
      if (missing !== undefined) this.violate(`was told of a state that is not all there is: ${missing}`);
      return this.#send(messageSync, (to) => sync.writeSyncStep2(to, this.doc, bytes));
    }
    // Not with y-protocols' own function: that one keeps to itself what goes wrong.
    Y.applyUpdate(this.doc, bytes, this);
    this.assertSound();
    const { ledger, relay } = this.parts;
    if (this.isOfThisEra && relay === "durable") ledger.promisedTo(ledger.eraKey).add(bytes);
    if (step === sync.messageYjsSyncStep2) this.#becameSynced();
  }

  #becameSynced(): void {
    this.#isSynced = true;
    this.parts.network.trace.count("synced (y-websocket)");
    this.heardAll();
  }

  #closed({ code, reason }: { readonly code: number; readonly reason: string }): void {
    this.#lost();
    if (code >= 4400 && code < 4500) {
      this.stopped = { code, reason };
      return;
    }
    const pauseMs = Math.min(2 ** this.#failures * 100, maxBackoffMs);
    this.#failures += 1;
    this.process.after(pauseMs, `${this.name} comes back`, () => {
      if (!this.link) this.#connect();
    });
  }

  #hangUp(): void {
    const { link } = this;
    if (!link) return;
    link.socket.onopen = link.socket.onmessage = link.socket.onclose = null;
    link.socket.close();
    this.#lost();
  }

  #lost(): void {
    this.link = undefined;
    this.#isSynced = false;
    const others = [...this.#awareness.getStates().keys()].filter((client) => client !== this.doc.clientID);
    removeAwarenessStates(this.#awareness, others, this);
  }

  #check(): void {
    this.process.after(checkMs, "", () => {
      if (this.link && this.nowMs - this.#lastHeardMs > silenceMs) {
        this.#hangUp();
        this.#connect();
      }
      this.#check();
    });
  }

  #announce(): void {
    const state = encodeAwarenessUpdate(this.#awareness, [this.doc.clientID]);
    this.#send(messageAwareness, (to) => encoding.writeVarUint8Array(to, state));
  }

  #send(type: number, write: (to: encoding.Encoder) => void): void {
    if (this.link?.socket.readyState !== 1) return;
    const to = encoding.createEncoder();
    encoding.writeVarUint(to, type);
    write(to);
    this.link.socket.send(encoding.toUint8Array(to));
  }
}
