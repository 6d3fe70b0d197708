/**
 * The edits of one pane, one by one and in the order in which the provider counts them: `status.durable` then says which of
 * them showed as on the server's disk. Of each it keeps what it inserted and deleted, by the ids that Yjs gives to content.
 */
import * as Y from "yjs";
import type { CrashSubject } from "./crash-subject.js";

/** Pieces of content next to each other, made by one client. */
export interface ContentRange {
  readonly clientId: number;
  readonly clock: number;
  readonly length: number;
}

export interface Edit {
  /** Counted from 1, as `status.inThisBrowser` does. */
  readonly number: number;
  /** For how many it stands: those made before anybody looked are one. */
  readonly count: number;
  readonly inserted: readonly ContentRange[];
  readonly deleted: readonly ContentRange[];
}

export class SavedEdits {
  readonly #subject: CrashSubject;
  #edits: Edit[] = [];
  #madeCount: number;

  /** Made after the provider, which is to have counted an edit when this one hears of it. */
  constructor(subject: CrashSubject) {
    const { doc, provider } = subject;
    this.#subject = subject;
    this.#madeCount = provider.status.inThisBrowser;
    if (this.#madeCount > 0) this.#edits.push(madeBefore(doc, this.#madeCount));
    doc.on("update", this.#onUpdate);
    provider.on("reverted", this.#onReverted);
  }

  /** Those that show as on the server's disk at this moment. */
  get durable(): readonly Edit[] {
    const { durable } = this.#subject.provider.status;
    return this.#edits.filter(({ number }) => number <= durable);
  }

  destroy(): void {
    const { doc, provider } = this.#subject;
    doc.off("update", this.#onUpdate);
    provider.off("reverted", this.#onReverted);
  }

  readonly #onUpdate = (_update: Uint8Array, _origin: unknown, _doc: Y.Doc, transaction: Y.Transaction): void => {
    const { inThisBrowser: number } = this.#subject.provider.status;
    // Somebody else's is not counted.
    if (number > this.#madeCount) this.#edits.push(editBy(transaction, number));
    this.#madeCount = number;
  };

  /** The document is another one now. */
  readonly #onReverted = (): void => {
    this.#edits = [];
    this.#madeCount = this.#subject.provider.status.inThisBrowser;
  };
}

export function editBy(transaction: Y.Transaction, number: number): Edit {
  return { number, count: 1, inserted: insertedBy(transaction), deleted: deletedBy(transaction) };
}

/** Of these it is known what the pane inserted; what it deleted cannot be told from what others did. */
function madeBefore(doc: Y.Doc, count: number): Edit {
  const range = { clientId: doc.clientID, clock: 0, length: Y.getState(doc.store, doc.clientID) };
  return { number: count, count, inserted: range.length > 0 ? [range] : [], deleted: [] };
}

function insertedBy({ beforeState, afterState }: Y.Transaction): readonly ContentRange[] {
  return [...afterState].flatMap(([clientId, end]) => {
    const clock = beforeState.get(clientId) ?? 0;
    return end > clock ? [{ clientId, clock, length: end - clock }] : [];
  });
}

function deletedBy({ deleteSet }: Y.Transaction): readonly ContentRange[] {
  return [...deleteSet.clients].flatMap(([clientId, ranges]) =>
    ranges.map(({ clock, len }) => ({ clientId, clock, length: len })),
  );
}
