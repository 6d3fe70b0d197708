/** Two innocent members of one document, one of each kind, who write to each other and note what reaches them of others. */
import { SynclineProvider } from "@syncline/client";
import { expect } from "vitest";
import { WebSocket } from "ws";
import type { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { until, untilPresence } from "../support/clients.js";

/** Two people: what they write under their Yjs client ids is theirs. */
const tokens = { own: "alice/laptop", stock: "bob/phone" };

/** What a document holds that is not the pair's. */
export interface Traces {
  /** Clocks of others, by client id. */
  readonly clocks: ReadonlyMap<number, number>;
  readonly deletions: Y.Snapshot["ds"];
  /** Client ids of others that are present. */
  readonly presentIds: readonly number[];
  readonly eventCount: number;
}

export class Pair {
  readonly documentName: string;
  readonly docs: readonly [own: Y.Doc, stock: Y.Doc] = [new Y.Doc(), new Y.Doc()];
  /** Connections they lost since it was last emptied. */
  readonly lost: string[] = [];
  readonly #own: SynclineProvider;
  readonly #stock: WebsocketProvider;
  #eventCount = 0;
  #markCount = 0;
  #isLeaving = false;

  private constructor(url: string, documentName: string) {
    this.documentName = documentName;
    const [ownDoc, stockDoc] = this.docs;
    this.#own = new SynclineProvider(url, documentName, ownDoc, { WebSocketPolyfill: WebSocket, token: tokens.own });
    this.#stock = new WebsocketProvider(url, encodeURIComponent(documentName), stockDoc, {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      disableBc: true,
      params: { token: tokens.stock },
    });
    this.#own.on("connection-close", (event) => void this.lost.push(`syncline ${event?.code} ${event?.reason}`));
    this.#stock.on("connection-close", (event) => void this.lost.push(`stock ${event?.code} ${event?.reason}`));
    this.#own.on("event", () => (this.#eventCount += 1));
    this.#watchPresence(this.#own.awareness, stockDoc.clientID);
    this.#watchPresence(this.#stock.awareness, ownDoc.clientID);
  }

  /** Both are there, and see each other. */
  static async join(url: string, documentName: string): Promise<Pair> {
    const pair = new Pair(url, documentName);
    await pair.exchange();
    await pair.meet();
    // Who was sent away before it was there, on a machine too busy to say hello in time, has come back.
    pair.lost.length = 0;
    return pair;
  }

  /** Each writes something that the other sees; both edits are durable then, for in durable mode only such are seen. */
  async exchange(): Promise<void> {
    const [own, stock] = this.docs;
    this.#markCount += 1;
    const marks = [`syncline ${this.#markCount}`, `stock ${this.#markCount}`] as const;
    own.getText("text").insert(0, `${marks[0]};`);
    stock.getText("text").insert(0, `${marks[1]};`);
    await Promise.all([
      until(stock, () => stock.getText("text").toString().includes(`${marks[0]};`)),
      until(own, () => own.getText("text").toString().includes(`${marks[1]};`)),
      this.#own.whenDurable(),
    ]);
    for (const { store } of this.docs) {
      expect(store.pendingStructs).toBeNull();
      expect(store.pendingDs).toBeNull();
    }
  }

  /** The stock member sees a change of the other's presence: so it has seen whatever was announced before. */
  async meet(): Promise<void> {
    const { clientID } = this.docs[0];
    const { awareness } = this.#stock;
    const mark = { meeting: this.#markCount };
    this.#own.awareness.setLocalState(mark);
    await untilPresence(awareness, () => awareness.getStates().get(clientID)?.["meeting"] === mark.meeting);
  }

  clockOf(clientId: number): number {
    return Y.getState(this.docs[0].store, clientId);
  }

  /** What its members hold of others. Both hold the same. */
  traces(): Traces {
    const [own, stock] = this.docs;
    const ids = this.docs.map(({ clientID }) => clientID);
    expect(Y.encodeStateVector(stock)).toEqual(Y.encodeStateVector(own));
    const clocks = Y.decodeStateVector(Y.encodeStateVector(own));
    for (const id of ids) clocks.delete(id);
    return {
      clocks,
      deletions: Y.snapshot(own).ds,
      presentIds: this.#presentIds(ids),
      eventCount: this.#eventCount,
    };
  }

  /** One whom the other takes for gone, or who is shown as it did not announce itself, is disturbed. */
  #watchPresence(awareness: Awareness, otherId: number): void {
    awareness.on("change", ({ removed }: { readonly removed: readonly number[] }) => {
      if (removed.includes(otherId) && !this.#isLeaving) this.lost.push(`presence of ${otherId}`);
    });
  }

  #presentIds(except: readonly number[]): number[] {
    const present = [this.#own, this.#stock].flatMap(({ awareness }) => [...awareness.getStates().keys()]);
    return [...new Set(present)].filter((id) => !except.includes(id)).sort((left, right) => left - right);
  }

  leave(): void {
    this.#isLeaving = true;
    this.#own.destroy();
    this.#stock.destroy();
    this.#stock.awareness.destroy();
  }
}
