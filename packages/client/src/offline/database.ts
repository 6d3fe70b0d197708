/** IndexedDB where it answers late, or not at all. Knows the two object stores, and nothing of what is in them. */

/** The layout of y-indexeddb 9, so that either library reads what the other wrote. */
export const updatesStore = "updates";
export const customStore = "custom";

export interface Stores {
  readonly transaction: IDBTransaction;
  /** Yjs v1 updates under growing keys. */
  readonly updates: IDBObjectStore;
  readonly custom: IDBObjectStore;
}

export interface OpenHandlers {
  /** Makes the first entries. */
  readonly onCreated: (updates: IDBObjectStore, custom: IDBObjectStore) => void;
  readonly onBlocked: () => void;
}

/** Opens a database that has the two stores, or makes one. Waits as long as it takes; rejects with what the browser gives. */
export function openDatabase(
  factory: IDBFactory,
  name: string,
  { onCreated, onBlocked }: OpenHandlers,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    // No version, as y-indexeddb: a database that exists is never upgraded.
    const request = factory.open(name);
    request.onblocked = onBlocked;
    request.onupgradeneeded = () => {
      const updates = request.result.createObjectStore(updatesStore, { autoIncrement: true });
      onCreated(updates, request.result.createObjectStore(customStore));
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Waits as long as it takes: until every connection to the database is closed. */
export function deleteDatabase(factory: IDBFactory, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = factory.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}

/** Throws what the browser throws when the connection is closing, or the database is of someone else and has no such stores. */
export function begin(db: IDBDatabase, mode: IDBTransactionMode, durability: IDBTransactionDurability): Stores {
  const transaction = db.transaction([updatesStore, customStore], mode, { durability });
  const [updates, custom] = [transaction.objectStore(updatesStore), transaction.objectStore(customStore)];
  return { transaction, updates, custom };
}

/** Rejects when the transaction left nothing behind. */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    // An error of a request ends here, too; a full disk does without one.
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser aborted a transaction"));
  });
}
