/**
 * The ledger of local edits: made → sent as update n → received → durable. It is a count, not a queue: the edits
 * themselves are in the document, and a new opening sends whatever the server lacks. Knows no Yjs, sockets or rooms.
 *
 * What must stay true: an edit leaves `pending` only by a durable ack of the opening that carried it.
 */
import { ackLevel } from "@syncline/protocol";
import type { SynclineError } from "./error.js";

/** Local edits that are not known to be on the server's disk. An edit is one Yjs transaction that changed something. */
export interface Pending {
  readonly count: number;
  /** Of the edits' Yjs updates. */
  readonly bytes: number;
  /** How long the oldest of them has waited; 0 when there is none. */
  readonly oldestAgeMs: number;
}

/**
 * Where the edits made here since the provider was created are; each number counts all of them from the first. What
 * the document held before counts as one edit.
 */
export interface SaveState {
  /** Made in this browser. */
  readonly inThisBrowser: number;
  /** Known to have reached the server. Falls back to `durable` when the connection ends: the server may have, too. */
  readonly received: number;
  /** Known to be on the server's disk. Never falls. */
  readonly durable: number;
}

export interface Edit {
  readonly byteCount: number;
  /** Made here, not read from a local database or brought by another provider. */
  readonly isOwn: boolean;
}

/** An update as it was sent. */
export interface SentUpdate {
  readonly n: number;
  /** The document's clock for the announced client id, up to which `update` and those before it carry everything. */
  readonly clock: number;
  readonly update: Uint8Array;
}

export interface Acknowledgement {
  readonly n: number;
  readonly clock: number;
  readonly level: number;
}

export type AckOutcome =
  /** How many edits are newly known to be received, and durable. */
  | { readonly kind: "accepted"; readonly received: number; readonly durable: number }
  /** A durable ack says n, its clock says otherwise: the server does not hold what it acknowledges. */
  | { readonly kind: "contradicted" };

interface EditGroup {
  count: number;
  bytes: number;
  oldestAtMs: number;
  hasOwn: boolean;
}

interface InFlight {
  readonly sent: SentUpdate;
  readonly group: EditGroup;
}

interface Waiter {
  readonly untilCount: number;
  readonly resolve: () => void;
  readonly reject: (error: SynclineError) => void;
}

const noEdits = (): EditGroup => ({ count: 0, bytes: 0, oldestAtMs: Infinity, hasOwn: false });

export class PendingLedger {
  readonly #now: () => number;
  #madeCount = 0;
  #receivedCount = 0;
  #durableCount = 0;
  /** False until the server was once known to hold all of the document. */
  #isConfirmed = false;
  #unsent = noEdits();
  /** By ascending n. */
  #inFlight: InFlight[] = [];
  #waiters: Waiter[] = [];
  #failure: SynclineError | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  get pending(): Pending {
    const groups = [...this.#inFlight.map(({ group }) => group), this.#unsent];
    const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
    const oldestAtMs = Math.min(...groups.map((group) => group.oldestAtMs));
    const count = this.#madeCount - this.#durableCount;
    return { count, bytes, oldestAgeMs: count > 0 ? Math.max(0, this.#now() - oldestAtMs) : 0 };
  }

  get saveState(): SaveState {
    return { inThisBrowser: this.#madeCount, received: this.#receivedCount, durable: this.#durableCount };
  }

  /** Bytes of updates sent and not acknowledged as durable, in this opening. */
  get unackedBytes(): number {
    return this.#inFlight.reduce((sum, { sent }) => sum + sent.update.length, 0);
  }

  get hasOwnUnsentEdits(): boolean {
    return this.#unsent.hasOwn;
  }

  made({ byteCount, isOwn }: Edit): void {
    this.#madeCount += 1;
    this.#unsent.count += 1;
    this.#unsent.bytes += byteCount;
    this.#unsent.oldestAtMs = Math.min(this.#unsent.oldestAtMs, this.#now());
    this.#unsent.hasOwn ||= isOwn;
  }

  /** All edits not sent before travel in this update. */
  sent(sent: SentUpdate): void {
    this.#inFlight.push({ sent, group: this.#unsent });
    this.#unsent = noEdits();
  }

  /** The server is known to hold all that the document holds, without anything having to be sent. */
  confirm(): AckOutcome {
    const before = this.saveState;
    this.#unsent = noEdits();
    this.#receivedCount = this.#durableCount = this.#madeCount;
    this.#settle();
    return this.#accepted(before);
  }

  /** An opening ended: what it sent without a durable ack must be sent again, and no ack for it can come. */
  restart(): void {
    for (const { group } of this.#inFlight) {
      this.#unsent.count += group.count;
      this.#unsent.bytes += group.bytes;
      this.#unsent.oldestAtMs = Math.min(this.#unsent.oldestAtMs, group.oldestAtMs);
      this.#unsent.hasOwn ||= group.hasOwn;
    }
    this.#inFlight = [];
    this.#receivedCount = this.#durableCount;
  }

  /** Acks are cumulative. One for an n that was not sent in this opening, or of an unknown level, changes nothing. */
  acknowledged(ack: Acknowledgement): AckOutcome {
    const before = this.saveState;
    const last = this.#inFlight.at(-1);
    const isKnown = ack.level === ackLevel.received || ack.level === ackLevel.durable;
    if (!last || ack.n > last.sent.n || !isKnown) return this.#accepted(before);
    const covered = this.#inFlight.filter(({ sent }) => sent.n <= ack.n);
    if (covered.some(({ sent }) => sent.clock > ack.clock)) {
      // The durable ack will tell whether something was lost; until then nothing is claimed.
      return ack.level === ackLevel.durable ? { kind: "contradicted" } : this.#accepted(before);
    }
    const upTo = this.#durableCount + covered.reduce((sum, { group }) => sum + group.count, 0);
    this.#receivedCount = Math.max(this.#receivedCount, upTo);
    if (ack.level === ackLevel.durable && covered.length > 0) {
      this.#durableCount = upTo;
      this.#inFlight.splice(0, covered.length);
      this.#settle();
    }
    return this.#accepted(before);
  }

  updateSentAs(n: number): Uint8Array | undefined {
    return this.#inFlight.find(({ sent }) => sent.n === n)?.sent.update;
  }

  /** Resolves when all edits made until now, and what the document held before, are durable. */
  whenDurable(): Promise<void> {
    const untilCount = this.#madeCount;
    if (this.#isDurable(untilCount)) return Promise.resolve();
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiters.push({ untilCount, resolve, reject }));
  }

  /** No ack will come: who waits, now or later, is told why. The first reason stands until `revive`. */
  fail(error: SynclineError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiters.splice(0)) reject(this.#failure);
  }

  /** Acks may come again. */
  revive(): void {
    this.#failure = undefined;
  }

  #accepted(before: SaveState): AckOutcome {
    const received = this.#receivedCount - before.received;
    return { kind: "accepted", received, durable: this.#durableCount - before.durable };
  }

  #isDurable(untilCount: number): boolean {
    return this.#isConfirmed && this.#durableCount >= untilCount;
  }

  #settle(): void {
    this.#isConfirmed = true;
    const settled = this.#waiters.filter(({ untilCount }) => this.#isDurable(untilCount));
    this.#waiters = this.#waiters.filter(({ untilCount }) => !this.#isDurable(untilCount));
    for (const { resolve } of settled) resolve();
  }
}
