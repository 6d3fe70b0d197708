/**
 * A document as it is stored, and the transactions on it. Several tabs, and y-indexeddb, use the same database at the
 * same time. Knows when nothing is to be done, and by whom, no more than what is stored says.
 *
 * `updates` has the content: all rows together. `custom` has, beside what the application put there:
 * - `syncline:epoch`, a number that grows when the content is replaced, and `syncline:ended:<epoch>` for each that is over.
 * - `syncline:position`, up to where in the document's log the rows have everything.
 * - `syncline:anchor`, the key of the oldest row. y-indexeddb, when it compacts, may lose rows of other tabs; it then
 *   leaves no row with this key, and the position is not believed.
 */
import type * as Y from "yjs";
import type { LogPosition } from "../local-copy.js";
import { begin, completed } from "./database.js";
import { mergeRows } from "./rows.js";

const epochKey = "syncline:epoch";
const positionKey = "syncline:position";
const anchorKey = "syncline:anchor";
/** In Yjs's encoding: no structs, no deletions. */
const emptyUpdate = new Uint8Array(2);
const endedKey = (epoch: number): string => `syncline:ended:${epoch}`;

export interface StoredDocument {
  readonly rows: readonly unknown[];
  readonly epoch: number;
  readonly position: LogPosition | undefined;
  /** Whether nobody but this library has removed rows. */
  readonly isAnchored: boolean;
}

export interface DocumentWrite {
  /** The one that the writer read. */
  readonly epoch: number;
  readonly update: Uint8Array | undefined;
  readonly position: LogPosition | undefined;
  readonly durability: IDBTransactionDurability;
}

export interface DocumentRestart {
  /** `undefined` for who has read none. */
  readonly epoch: number | undefined;
  /** All that the document holds. */
  readonly update: Uint8Array;
  readonly position: LogPosition | undefined;
}

/** So that a new database has its anchor without another transaction, which the first edit would wait for. */
export function createDocument(updates: IDBObjectStore, custom: IDBObjectStore): void {
  anchorAt(custom, updates.add(emptyUpdate));
}

export async function readDocument(db: IDBDatabase): Promise<StoredDocument> {
  const { transaction, updates, custom } = begin(db, "readonly", "relaxed");
  const rows = updates.getAll();
  const firstKeys = updates.getAllKeys(null, 1);
  const [epoch, position, anchor] = [custom.get(epochKey), custom.get(positionKey), custom.get(anchorKey)];
  await completed(transaction);
  const isAnchored = firstKeys.result.length > 0 && firstKeys.result[0] === anchor.result;
  return {
    rows: rows.result,
    epoch: readEpoch(epoch.result),
    position: readPosition(position.result, isAnchored),
    isAnchored,
  };
}

/**
 * Asks nothing and waits for nothing: once this returns, the browser stores it even if the page is killed. Rejects with a
 * ConstraintError when the content was replaced since the epoch was read.
 */
export function writeDocument(db: IDBDatabase, { epoch, update, position, durability }: DocumentWrite): Promise<void> {
  const { transaction, updates, custom } = begin(db, "readwrite", durability);
  guard(custom, epoch);
  if (update) updates.add(update);
  if (position) custom.put(position, positionKey);
  transaction.commit?.();
  return completed(transaction);
}

/**
 * Replaces many rows by one that has the same content, and makes sure that there is an anchor. All of it happens in one
 * transaction, so no other tab writes meanwhile, and what is removed is what was read. Rows that Yjs cannot read stay, and
 * so do all others then. Rejects as `writeDocument`.
 */
export function compactDocument(
  db: IDBDatabase,
  { epoch, doc, maxRowCount }: { epoch: number; doc: Y.Doc; maxRowCount: number },
): Promise<void> {
  const { transaction, updates, custom } = begin(db, "readwrite", "relaxed");
  guard(custom, epoch);
  const keys = updates.getAllKeys();
  const [anchor, position] = [custom.get(anchorKey), custom.get(positionKey)];
  const rows = updates.getAll();
  rows.onsuccess = () => {
    const isAnchored = keys.result.length > 0 && keys.result[0] === anchor.result;
    // Another tab was first.
    if (isAnchored && rows.result.length <= maxRowCount) return;
    const merged = mergeRows(rows.result, isAnchored, doc);
    if (!merged) return;
    const added = updates.add(merged.update);
    for (const key of keys.result.slice(merged.from)) updates.delete(key);
    if (merged.from === 0) anchorAt(custom, added);
    // What was removed by someone else may have been part of what the position claims.
    const claimed = readPosition(position.result, isAnchored);
    if (claimed) custom.put(claimed, positionKey);
  };
  return completed(transaction);
}

/**
 * Removes all content and ends the epoch, so that no tab that read it writes to it again. But when another tab did so
 * first, and to the same end, adds to what that one stored. Returns the new epoch.
 */
export async function restartDocument(db: IDBDatabase, restart: DocumentRestart): Promise<number> {
  const { transaction, updates, custom } = begin(db, "readwrite", "strict");
  const [storedEpoch, storedPosition] = [custom.get(epochKey), custom.get(positionKey)];
  let epoch = 0;
  storedPosition.onsuccess = () => {
    epoch = readEpoch(storedEpoch.result);
    const generation = readPosition(storedPosition.result, true)?.generation;
    const isSameEnd = restart.position ? restart.position.generation === generation : restart.epoch !== undefined;
    if (restart.epoch !== epoch && isSameEnd) return void updates.add(restart.update);
    updates.clear();
    custom.put(1, endedKey(epoch));
    custom.put(++epoch, epochKey);
    if (restart.position) custom.put(restart.position, positionKey);
    else custom.delete(positionKey);
    anchorAt(custom, updates.add(restart.update));
  };
  await completed(transaction);
  return epoch;
}

/** Aborts the transaction with a ConstraintError when the epoch is over, without asking first: a key that is there cannot be added. */
function guard(custom: IDBObjectStore, epoch: number): void {
  custom.add(1, endedKey(epoch));
  custom.delete(endedKey(epoch));
}

function anchorAt(custom: IDBObjectStore, added: IDBRequest<IDBValidKey>): void {
  added.onsuccess = () => custom.put(added.result, anchorKey);
}

function readEpoch(stored: unknown): number {
  return typeof stored === "number" ? stored : 0;
}

function readPosition(stored: unknown, isAnchored: boolean): LogPosition | undefined {
  const { generation, seq } = (stored ?? {}) as Partial<Record<keyof LogPosition, unknown>>;
  if (typeof generation !== "string" || typeof seq !== "number") return undefined;
  return { generation, seq: isAnchored ? seq : 0 };
}
