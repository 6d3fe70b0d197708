/** What the tests use of y-leveldb, whose own types its package does not let one import. */
declare module "y-leveldb" {
  import type { Doc } from "yjs";

  export class LeveldbPersistence {
    constructor(directory: string);
    storeUpdate(name: string, update: Uint8Array): Promise<number>;
    flushDocument(name: string): Promise<void>;
    clearDocument(name: string): Promise<void>;
    setMeta(name: string, key: string, value: unknown): Promise<void>;
    getYDoc(name: string): Promise<Doc>;
    destroy(): Promise<void>;
    _transact(change: (db: { del(key: (string | number)[]): Promise<void> }) => Promise<void>): Promise<void>;
  }
}
