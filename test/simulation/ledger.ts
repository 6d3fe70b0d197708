/**
 * What the world knows of a document that no client or server knows alone: which era of its life it is in, and what was
 * promised in each. An era ends when somebody deletes the document, creates it anew or replaces it.
 */
import * as Y from "yjs";
import { Promised } from "./promises.js";

export type Change =
  | { readonly kind: "delete" | "recreate" }
  | { readonly kind: "import"; readonly clientId: number; readonly update: Uint8Array };

export class DocumentLedger {
  readonly serverName: string;
  readonly documentName: string;
  era = 0;
  isDeleted = false;
  /** What is being done that will end the era, or may have ended it. */
  change: Change | undefined;
  /** Connections made before this belong to an era before the present one. */
  eraBeganAtMs = -1;
  /** By the generation that a syncline client was told, or by the era where nobody was told one. */
  readonly #promised = new Map<string, Promised>();
  /** Yjs client ids of which something may have been in a generation that ended: nothing of theirs may appear again. */
  readonly buried = new Set<number>();
  /** What may not be written: of these Yjs client ids, what they have from this clock on. */
  readonly #withheld = new Map<number, number>();

  constructor(serverName: string, documentName: string) {
    this.serverName = serverName;
    this.documentName = documentName;
  }

  get eraKey(): string {
    return `era ${this.era}`;
  }

  promisedTo(key: string): Promised {
    let promised = this.#promised.get(key);
    if (!promised) this.#promised.set(key, (promised = new Promised()));
    return promised;
  }

  /** What `clientId` writes from `clock` on must be seen by nobody else. */
  withhold(clientId: number, clock: number): void {
    this.#withheld.set(clientId, Math.min(clock, this.#withheld.get(clientId) ?? clock));
  }

  release(clientId: number): void {
    this.#withheld.delete(clientId);
  }

  /** The first thing in `doc` that is withheld. Those of `ownIds` may have what they wrote. */
  withheldIn(doc: Y.Doc, ownIds?: ReadonlySet<number>): string | undefined {
    for (const [client, clock] of this.#withheld) {
      const has = Y.getState(doc.store, client);
      if (has > clock && !ownIds?.has(client)) return `of client ${client} ${has} ids instead of ${clock}`;
    }
    return undefined;
  }

  get isChanging(): boolean {
    return this.change !== undefined;
  }

  /** Whether what comes over a connection made at `ms` is of the present era. */
  isOfThisEra(ms: number): boolean {
    return !this.isChanging && ms > this.eraBeganAtMs;
  }

  beginChange(change: Change): void {
    this.change = change;
  }

  /** It came to nothing. */
  abandonChange(): void {
    this.change = undefined;
  }

  /** `clientIds` are of those who were there until now. */
  endEra(nowMs: number, clientIds: Iterable<number>): void {
    const kind = this.change?.kind;
    this.era += 1;
    this.eraBeganAtMs = nowMs;
    this.change = undefined;
    this.isDeleted = kind === "delete";
    // Who comes to a deleted document brings nothing of it.
    if (kind !== "recreate") for (const client of clientIds) this.buried.add(client);
  }
}
