/** An IndexedDB in memory that can be told to fail, the way browsers do. For tests. */
import { IDBFactory as MemoryFactory } from "fake-indexeddb";

type OpenFault =
  /** No answer, until it is released. */
  | "silent"
  /** `blocked`, and no answer until it is released. */
  | "blocked"
  | "throws"
  | "error";

type Listener = (event: unknown) => void;
type Request = { result?: unknown; error?: unknown } & Record<string, Listener | unknown>;

export class FaultyIndexedDb {
  readonly factory = new MemoryFactory();
  openFault: OpenFault | undefined;
  /** `full`: what is written is taken back at the end; `full-once`: only once. `closing`: nothing can be begun. `hangs`: nothing ends. */
  writeFault: "full" | "full-once" | "closing" | "hangs" | undefined;
  closeCount = 0;
  /** How many databases were asked for. */
  openCount = 0;
  /** What `durability` each write was begun with. */
  readonly durabilities: (string | undefined)[] = [];
  readonly #open = new Set<IDBDatabase>();
  #held: (() => void)[] = [];

  /** To be given to the code under test. */
  get indexedDB(): IDBFactory {
    return {
      open: (name: string) => this.#openDatabase(name),
      deleteDatabase: (name: string) => this.factory.deleteDatabase(name),
    } as unknown as IDBFactory;
  }

  /** How many connections nobody closed. */
  get connectionCount(): number {
    return this.#open.size;
  }

  /** Lets open requests that were held back go on. */
  release(): void {
    this.openFault = undefined;
    for (const go of this.#held.splice(0)) go();
  }

  /** As browsers do when they run short of something, or a person clears the site's data. */
  closeAll(): void {
    for (const db of [...this.#open]) {
      db.close();
      (db.onclose as Listener | null)?.(new Event("close"));
    }
  }

  #openDatabase(name: string): IDBOpenDBRequest {
    this.openCount++;
    if (this.openFault === "throws") throw new DOMException("The operation is insecure.", "SecurityError");
    const request: Request = {};
    const tell = (listener: string, event: unknown = new Event(listener)) =>
      (request[listener] as Listener | undefined)?.(event);
    const fault = this.openFault;
    if (fault === "error") {
      request.error = new DOMException("Internal error opening backing store", "UnknownError");
      queueMicrotask(() => tell("onerror"));
    } else if (fault) {
      this.#held.push(() => this.#forward(name, request, tell));
      if (fault === "blocked") queueMicrotask(() => tell("onblocked"));
    } else this.#forward(name, request, tell);
    return request as unknown as IDBOpenDBRequest;
  }

  #forward(name: string, request: Request, tell: (listener: string) => void): void {
    const real = this.factory.open(name);
    real.onupgradeneeded = () => {
      request.result = real.result;
      tell("onupgradeneeded");
    };
    real.onsuccess = () => {
      request.result = this.#watched(real.result as unknown as IDBDatabase);
      tell("onsuccess");
    };
    real.onerror = () => {
      request.error = real.error;
      tell("onerror");
    };
  }

  #watched(db: IDBDatabase): IDBDatabase {
    this.#open.add(db);
    const [begin, close] = [db.transaction.bind(db), db.close.bind(db)];
    db.close = () => {
      this.closeCount++;
      this.#open.delete(db);
      close();
    };
    db.transaction = (stores, mode, options) => {
      if (this.writeFault === "closing") {
        throw new DOMException("The database connection is closing.", "InvalidStateError");
      }
      const transaction = begin(stores, mode, options);
      if (mode !== "readwrite") return transaction;
      this.durabilities.push(options?.durability);
      if (this.writeFault?.startsWith("full")) this.#takeBack(transaction);
      if (this.writeFault === "full-once") this.writeFault = undefined;
      if (this.writeFault === "hangs") Object.defineProperty(transaction, "oncomplete", { set() {} });
      return transaction;
    };
    return db;
  }

  #takeBack(transaction: IDBTransaction): void {
    transaction.commit = () => transaction.abort();
    const store = transaction.objectStore("custom");
    // For who does not commit: after the last request.
    const ask = () => {
      store.count().onsuccess = () => transaction.abort();
    };
    queueMicrotask(() => {
      try {
        ask();
      } catch {
        // It has been taken back.
      }
    });
  }
}
