/**
 * A document put together from pieces of which some are missing: what leans on a missing one is held back, so that Yjs never
 * keeps anything pending. (It would merge what is pending anew with every piece: after one lost keystroke, quadratic in all
 * that follow. And when it throws at something pending, nobody knows whose it was.)
 */
import * as Y from "yjs";
import { DeleteSet } from "../update/delete-set.js";
import { findGap } from "../update/gate.js";
import type { ScannedUpdate } from "../update/scan.js";
import { StateVector } from "../update/state-vector.js";
import { countStructs, hasPending, microsPerStruct, transactAsAuthor, type Built, type Now } from "./document.js";
import { WorkerError } from "./error.js";
import { reachOf } from "./reach.js";
import { encodeBlocks, trim } from "./trim.js";

/** A piece whose structs or deletions are not all in the document yet. */
export interface Held {
  readonly pieceIndex: number;
  readonly scanned: ScannedUpdate;
}

/** A document to go back to: Yjs undoes nothing. */
export interface Checkpoint {
  readonly state: Uint8Array;
  readonly held: readonly Held[];
  readonly structCount: number;
  readonly elapsedMs: number;
}

/** The empty document. */
export const blank: Checkpoint = Object.freeze({ state: Uint8Array.of(0, 0), held: [], structCount: 0, elapsedMs: 0 });

/** Whatever a method throws came from Yjs or means that it stumbled; the document is then good for nothing. */
export class Rebuild {
  readonly held: Held[];
  readonly stateVector = new StateVector();
  readonly #doc = new Y.Doc();
  readonly #now: Now;
  #structCount: number;
  #elapsedMs: number;

  constructor(from: Checkpoint, now: Now) {
    this.held = [...from.held];
    this.#now = now;
    this.#structCount = from.structCount;
    this.#elapsedMs = from.elapsedMs;
    if (from === blank) return;
    transactAsAuthor(this.#doc, () => Y.applyUpdate(this.#doc, from.state));
    for (const client of this.#doc.store.clients.keys()) {
      this.stateVector.advance(client, Y.getState(this.#doc.store, client));
    }
  }

  /** Only between transactions. */
  get built(): Built {
    const structCount = this.#structCount;
    return { doc: this.#doc, structCount, integrateMicrosPerStruct: microsPerStruct(this.#elapsedMs, structCount) };
  }

  get structCount(): number {
    return countStructs(this.#doc);
  }

  checkpoint(): Checkpoint {
    const state = Y.encodeStateAsUpdate(this.#doc);
    return { state, held: [...this.held], structCount: this.#structCount, elapsedMs: this.#elapsedMs };
  }

  /** What `body` applies counts as one transaction. */
  transact(body: () => void): void {
    transactAsAuthor(this.#doc, () => {
      const countBefore = countStructs(this.#doc);
      const startMs = this.#now();
      body();
      this.#elapsedMs += this.#now() - startMs;
      this.#structCount += countStructs(this.#doc) - countBefore;
    });
  }

  /** Applies a piece, or what of its structs can be, and then holds it. */
  take(piece: Held): void {
    if (findGap(piece.scanned, this.stateVector) === undefined) {
      this.#apply(piece.scanned.update);
      this.#advanceToBlocks(piece.scanned);
    } else {
      this.held.push(piece);
      this.takeMore(piece);
    }
  }

  /** Applies what of a held piece's structs can be by now. False when there are none. */
  takeMore({ scanned }: Held): boolean {
    const reach = reachOf(scanned, this.stateVector);
    if (reach.size === 0) return false;
    const clocks = new Map([...reach.keys()].map((client) => [client, this.stateVector.get(client)]));
    this.#apply(encodeBlocks(trim(scanned.update, clocks, reach).blocks));
    for (const [client, end] of reach) this.#advance(client, end);
    return true;
  }

  /** Applies what a held piece deletes of what is there. Once all structs are that can be. */
  deleteFor({ scanned: { deletions } }: Held): void {
    const known = new DeleteSet();
    for (let at = 0; at < deletions.length; at += 3) {
      const client = deletions[at] as number;
      const end = Math.min(deletions[at + 2] as number, this.stateVector.get(client));
      known.add(client, deletions[at + 1] as number, end);
    }
    if (!known.isEmpty) this.#apply(known.encodeAsUpdate());
  }

  #apply(update: Uint8Array): void {
    Y.applyUpdate(this.#doc, update);
    if (hasPending(this.#doc))
      throw new WorkerError("failed", "it leaves something pending, though nothing is missing");
  }

  #advanceToBlocks({ blocks }: ScannedUpdate): void {
    for (let at = 0; at < blocks.length; at += 3) this.#advance(blocks[at] as number, blocks[at + 2] as number);
  }

  #advance(client: number, end: number): void {
    if (Y.getState(this.#doc.store, client) < end) {
      throw new WorkerError("failed", `structs of client ${client} did not arrive in the document`);
    }
    this.stateVector.advance(client, end);
  }
}
