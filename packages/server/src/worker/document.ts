/**
 * Builds real documents from pieces, and says what they hold in a form that can be compared. Runs in a document thread;
 * knows no room, no store and no thread.
 */
import { messageOf } from "../error.js";
import * as Y from "yjs";
import { WorkerError } from "./error.js";

/** What a document's store holds for a client, in order of clocks. */
export type Struct = Y.Item | Y.GC;

/** Milliseconds from any fixed point; fractions count. */
export type Now = () => number;

export interface Applied {
  /** As written in the pieces, before Yjs joins neighbours. */
  readonly structCount: number;
  readonly integrateMicrosPerStruct: number;
}

export interface Built extends Applied {
  readonly doc: Y.Doc;
}

/**
 * A document of these pieces, which must bear being iterated twice.
 *
 * @throws {WorkerError} `failed`, with the index of the piece to blame.
 */
export function buildDocument(pieces: Iterable<Uint8Array>, now: Now): Built {
  try {
    const doc = new Y.Doc();
    return { doc, ...applyPieces(doc, pieces, now) };
  } catch (error) {
    if (!(error instanceof WorkerError) || error.pieceIndex !== undefined) throw error;
    return buildStepByStep(pieces, now);
  }
}

/**
 * A transaction per piece, as clients apply them. There are malformed documents that only settle this way; and when one does
 * not, it shows after which piece.
 */
function buildStepByStep(pieces: Iterable<Uint8Array>, now: Now): Built {
  const doc = new Y.Doc();
  let structCount = 0;
  let elapsedMs = 0;
  let pieceIndex = 0;
  for (const piece of pieces) {
    const applied = applyOne(doc, piece, { pieceIndex, now });
    structCount += applied.structCount;
    elapsedMs += (applied.structCount * applied.integrateMicrosPerStruct) / 1000;
    pieceIndex += 1;
  }
  return { doc, structCount, integrateMicrosPerStruct: microsPerStruct(elapsedMs, structCount) };
}

function applyOne(doc: Y.Doc, piece: Uint8Array, { pieceIndex, now }: { pieceIndex: number; now: Now }): Applied {
  try {
    return applyPieces(doc, [piece], now);
  } catch (cause) {
    throw new WorkerError("failed", `piece ${pieceIndex} cannot be applied: ${messageOf(cause)}`, {
      cause,
      pieceIndex,
    });
  }
}

/**
 * Applies the pieces inside one transaction: joining and collecting structs once at its end is what makes 260,000 small
 * pieces affordable.
 *
 * @throws {WorkerError} `failed`, with the index of the piece that threw or left something pending, without one when the
 * transaction's end threw. The document is then in no state to be used: Yjs undoes nothing.
 */
export function applyPieces(doc: Y.Doc, pieces: Iterable<Uint8Array>, now: Now): Applied {
  let failure: WorkerError | undefined;
  let applied: Applied = { structCount: 0, integrateMicrosPerStruct: 0 };
  try {
    transactAsAuthor(doc, () => {
      const countBefore = countStructs(doc);
      const startMs = now();
      failure = applyUntilFailure(doc, pieces);
      const structCount = countStructs(doc) - countBefore;
      applied = { structCount, integrateMicrosPerStruct: microsPerStruct(now() - startMs, structCount) };
    });
  } catch (cause) {
    throw failure ?? new WorkerError("failed", "the document does not settle after its pieces", { cause });
  }
  if (failure !== undefined) throw failure;
  return applied;
}

/**
 * Applies what `body` applies in one transaction. After a remote one Yjs deletes formatting marks that it finds redundant in
 * texts it knew before. Those would be deletions that no client made, and which ones depends on what came in one transaction.
 */
export function transactAsAuthor(doc: Y.Doc, body: () => void): void {
  doc.transact((transaction) => {
    body();
    transaction.local = true;
  });
}

function applyUntilFailure(doc: Y.Doc, pieces: Iterable<Uint8Array>): WorkerError | undefined {
  let pieceIndex = 0;
  for (const piece of pieces) {
    try {
      Y.applyUpdate(doc, piece);
    } catch (cause) {
      return new WorkerError("failed", `piece ${pieceIndex} cannot be applied: ${messageOf(cause)}`, {
        cause,
        pieceIndex,
      });
    }
    if (hasPending(doc)) {
      return new WorkerError("failed", `piece ${pieceIndex} builds upon something that is missing`, { pieceIndex });
    }
    pieceIndex += 1;
  }
  return undefined;
}

/** Whether the document waits for structs, or for the structs that deletions it has seen belong to. */
export function hasPending(doc: Y.Doc): boolean {
  return doc.store.pendingStructs !== null || doc.store.pendingDs !== null;
}

export function countStructs(doc: Y.Doc): number {
  let count = 0;
  for (const structs of doc.store.clients.values()) count += structs.length;
  return count;
}

export function microsPerStruct(elapsedMs: number, structCount: number): number {
  return structCount === 0 ? 0 : (elapsedMs * 1000) / structCount;
}
