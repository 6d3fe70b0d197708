/**
 * The ledger of local edits: made → sent as update n → received → durable. It keeps each until it is durable, so that
 * a return sends what was not acknowledged, and no more. Knows no documents, sockets or rooms.
 *
 * What must stay true: an edit leaves `pending` only by a durable ack of the opening that carried it, and never before
 * those that were made before it.
 */
import { ackLevel, type AckLevel } from "@syncline/protocol";
import { mergeInOrder } from "./content.js";
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
  /** Its Yjs update; `undefined` for what only the document has: it takes a state vector to send that. */
  readonly update?: Uint8Array;
  readonly byteCount: number;
  /** Made here, not read from a local database or brought by another provider. */
  readonly isOwn: boolean;
  /** Whose the document's clock below is. */
  readonly clientId: number;
  /** Of `clientId`, with this edit in the document. */
  readonly clock: number;
}

/** An update to send, or as it was sent. */
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

/** Neighbouring edits as one. */
interface EditGroup {
  readonly count: number;
  readonly bytes: number;
  readonly oldestAtMs: number;
  readonly hasOwn: boolean;
  readonly clientId: number;
  readonly clock: number;
  readonly update: Uint8Array | undefined;
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

/** So many edits that wait are merged into one, unless that would be larger than this: a day offline is many keystrokes. */
const foldCount = 256;
const foldedBytes = 64 * 1024;

export class PendingLedger {
  readonly #now: () => number;
  readonly #finalLevel: AckLevel;
  #madeCount = 0;
  #receivedCount = 0;
  #finalCount = 0;
  /** False until the server was once known to hold all of the document. */
  #isConfirmed = false;
  /** In the order they were made. */
  #unsent: EditGroup[] = [];
  /** Those from here on are single edits. */
  #unfoldedFrom = 0;
  /** By ascending n. */
  #inFlight: InFlight[] = [];
  /** Of the last update sent in this opening. */
  #lastN = 0;
  #inFlightBytes = 0;
  #waiters: Waiter[] = [];
  #failure: SynclineError | undefined;

  /** @param finalLevel the ack after which an edit is no longer pending: received, where a server never says durable */
  constructor(now: () => number, finalLevel: AckLevel = ackLevel.durable) {
    this.#now = now;
    this.#finalLevel = finalLevel;
  }

  get pending(): Pending {
    const { count, bytes, oldestAtMs } = together([...this.#inFlight.map(({ group }) => group), ...this.#unsent]);
    return { count, bytes, oldestAgeMs: count > 0 ? Math.max(0, this.#now() - oldestAtMs) : 0 };
  }

  get saveState(): SaveState {
    const durable = this.#finalLevel === ackLevel.durable ? this.#finalCount : 0;
    return { inThisBrowser: this.#madeCount, received: this.#receivedCount, durable };
  }

  /** Bytes of updates sent and not acknowledged for good, in this opening. */
  get unackedBytes(): number {
    return this.#inFlightBytes;
  }

  get hasUnsentEdits(): boolean {
    return this.#unsent.length > 0;
  }

  get hasOwnUnsentEdits(): boolean {
    return this.#unsent.some(({ hasOwn }) => hasOwn);
  }

  /** `undefined` when everything was sent, or the oldest edits are only in the document. */
  get oldestUnsent(): Uint8Array | undefined {
    return this.#unsent[0]?.update;
  }

  /** Whether all that was not acknowledged can be sent without the document. */
  get isComplete(): boolean {
    return this.#isConfirmed && this.#unsent.every(({ update }) => update);
  }

  made({ update, byteCount, isOwn, clientId, clock }: Edit): void {
    this.#madeCount += 1;
    this.#unsent.push({
      count: 1,
      bytes: byteCount,
      oldestAtMs: this.#now(),
      hasOwn: isOwn,
      clientId,
      clock,
      update,
    });
    if (this.#unsent.length - this.#unfoldedFrom >= foldCount) this.#fold();
  }

  /** All edits not sent yet, and what the document held before them, travel in `update`. */
  coverWith(update: Uint8Array, clientId: number, clock: number): void {
    this.#unsent = [{ ...together(this.#unsent), clientId, clock, update }];
    this.#unfoldedFrom = 1;
  }

  /** The oldest unsent update is to travel as `pieces`, in this order. */
  replaceOldest(pieces: readonly Uint8Array[]): void {
    const oldest = this.#unsent.shift();
    if (!oldest) return;
    const { clientId, clock } = oldest;
    // The edits are acknowledged, and the clock is reached, with the last piece.
    const groups = pieces.map((update) => ({ ...together([]), clientId, clock: 0, update }));
    this.#unsent.unshift(...groups.slice(0, -1), { ...oldest, clock, update: groups.at(-1)?.update });
    this.#unfoldedFrom += groups.length;
  }

  /** Counts the oldest unsent edits that make an update of at most `maxBytes`, but at least one of them, as sent as `n`. */
  send(n: number, maxBytes: number, clientId: number): SentUpdate {
    let bytes = 0;
    let count = 0;
    for (const { update } of this.#unsent) {
      bytes += update?.length ?? 0;
      if (count > 0 && bytes > maxBytes) break;
      count += 1;
    }
    const groups = this.#unsent.splice(0, count);
    this.#unfoldedFrom = Math.max(0, this.#unfoldedFrom - count);
    const update = merged(groups) ?? new Uint8Array();
    const group = together(groups, update, clientId);
    const sent = { n, update, clock: group.clock };
    this.#inFlight.push({ sent, group });
    this.#inFlightBytes += update.length;
    this.#lastN = n;
    return sent;
  }

  /** The server is known to hold all that the document holds, without anything having to be sent. */
  confirm(): AckOutcome {
    const before = this.#counts();
    this.#unsent = [];
    this.#unfoldedFrom = 0;
    this.#receivedCount = this.#finalCount = this.#madeCount;
    this.#settle();
    return this.#accepted(before);
  }

  /** An opening ended: what it sent and was not acknowledged for good must be sent again, and no ack for it can come. */
  restart(): void {
    this.#takeBackFrom(0);
    this.#lastN = 0;
    this.#receivedCount = this.#finalCount;
  }

  /**
   * The server does not have what was sent as `n`. It is unsent again, and all that was sent after it: later acks are for
   * what the server took of that, and a count of edits from the first has no gaps.
   *
   * @returns what was sent; `undefined` when it is not waited for any more
   */
  rejected(n: number): Uint8Array | undefined {
    const index = this.#inFlight.findIndex(({ sent }) => sent.n === n);
    return index < 0 ? undefined : this.#takeBackFrom(index)[0]?.sent.update;
  }

  /** The edits that are pending were taken back: they are in no document any more. */
  forget(): void {
    this.restart();
    this.#madeCount = this.#finalCount;
    this.#failure = undefined;
    this.confirm();
  }

  /** Acks are cumulative. One for an n that was not sent in this opening, or of an unknown level, changes nothing. */
  acknowledged(ack: Acknowledgement): AckOutcome {
    const before = this.#counts();
    const isKnown = ack.level === ackLevel.received || ack.level === ackLevel.durable;
    if (ack.n > this.#lastN || !isKnown) return this.#accepted(before);
    const isFinal = ack.level >= this.#finalLevel;
    const covered = this.#inFlight.filter(({ sent }) => sent.n <= ack.n);
    if (covered.some(({ sent }) => sent.clock > ack.clock)) {
      // The last ack will tell whether something was lost; until then nothing is claimed.
      return isFinal ? { kind: "contradicted" } : this.#accepted(before);
    }
    const upTo = this.#finalCount + covered.reduce((sum, { group }) => sum + group.count, 0);
    this.#receivedCount = Math.max(this.#receivedCount, upTo);
    if (isFinal && covered.length > 0) {
      this.#finalCount = upTo;
      for (const { sent } of this.#inFlight.splice(0, covered.length)) this.#inFlightBytes -= sent.update.length;
      this.#settle();
    }
    return this.#accepted(before);
  }

  /** All pending edits as one update, as far as they are here and not only in the document. */
  export(): Uint8Array | undefined {
    return merged([...this.#inFlight.map(({ group }) => group), ...this.#unsent]);
  }

  /** Resolves when all edits made until now, and what the document held before, are durable. */
  whenDurable(): Promise<void> {
    const untilCount = this.#madeCount;
    if (this.#isFinal(untilCount)) return Promise.resolve();
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

  #takeBackFrom(index: number): readonly InFlight[] {
    const taken = this.#inFlight.splice(index);
    this.#unsent.unshift(...taken.map(({ group }) => group));
    this.#unfoldedFrom += taken.length;
    for (const { sent } of taken) this.#inFlightBytes -= sent.update.length;
    return taken;
  }

  #fold(): void {
    const single = this.#unsent.splice(this.#unfoldedFrom);
    const isSmall = single.reduce((sum, { bytes }) => sum + bytes, 0) <= foldedBytes;
    const isOfOne = single.every(({ clientId, update }) => update && clientId === single[0]?.clientId);
    this.#unsent.push(...(isSmall && isOfOne ? [together(single, merged(single), single[0]?.clientId)] : single));
    this.#unfoldedFrom = this.#unsent.length;
  }

  #counts(): { readonly received: number; readonly final: number } {
    return { received: this.#receivedCount, final: this.#finalCount };
  }

  #accepted(before: { readonly received: number; readonly final: number }): AckOutcome {
    const { received, final } = this.#counts();
    const durable = this.#finalLevel === ackLevel.durable ? final - before.final : 0;
    return { kind: "accepted", received: received - before.received, durable };
  }

  #isFinal(untilCount: number): boolean {
    return this.#isConfirmed && this.#finalCount >= untilCount;
  }

  #settle(): void {
    this.#isConfirmed = true;
    const settled = this.#waiters.filter(({ untilCount }) => this.#isFinal(untilCount));
    this.#waiters = this.#waiters.filter(({ untilCount }) => !this.#isFinal(untilCount));
    for (const { resolve } of settled) resolve();
  }
}

/** @param clientId whose clock is wanted: that of the last group that knows it, 0 when none does */
function together(groups: readonly EditGroup[], update?: Uint8Array, clientId = 0): EditGroup {
  return {
    count: groups.reduce((sum, { count }) => sum + count, 0),
    bytes: groups.reduce((sum, { bytes }) => sum + bytes, 0),
    oldestAtMs: Math.min(...groups.map(({ oldestAtMs }) => oldestAtMs)),
    hasOwn: groups.some(({ hasOwn }) => hasOwn),
    clientId,
    clock: groups.findLast((group) => group.clientId === clientId)?.clock ?? 0,
    update,
  };
}

function merged(groups: readonly EditGroup[]): Uint8Array | undefined {
  const updates = groups.flatMap(({ update }) => update ?? []);
  return updates.length > 0 ? mergeInOrder(updates) : undefined;
}
