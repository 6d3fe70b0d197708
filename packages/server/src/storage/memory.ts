/** A store that forgets when the process ends. For tests, and for servers whose documents are worth nothing. */
import { SynclineError } from "../error.js";
import type { Entry, KeyRange, KeyValueStore, WriteBatch } from "./key-value.js";
import { KeyValueStorage } from "./key-value-storage.js";

export class MemoryStorage extends KeyValueStorage {
  constructor() {
    super(new MemoryKeyValueStore(), { durability: "memory" });
  }
}

/** Keys and values in order, in memory. */
export class MemoryKeyValueStore implements KeyValueStore {
  /** By key, a character a byte: such strings sort as the bytes do. */
  readonly #values = new Map<string, Uint8Array>();
  /** The keys, sorted when they are asked for: nearly sorted is sorted quickly. */
  #keys: string[] = [];
  #isSorted = true;
  #isClosed = false;

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    return this.#values.get(textOf(key))?.slice();
  }

  async *entries(range: KeyRange, chunkLength: number): AsyncIterable<readonly Entry[]> {
    this.#assertOpen();
    const found: Entry[] = this.#keysIn(range).map((text) => [bytesOf(text), this.#values.get(text) as Uint8Array]);
    for (let at = 0; at < found.length; at += chunkLength) {
      yield found.slice(at, at + chunkLength).map(([key, value]) => [key, value.slice()] as const);
    }
  }

  async *keys(range: KeyRange): AsyncIterable<Uint8Array> {
    this.#assertOpen();
    for (const text of this.#keysIn(range)) yield bytesOf(text);
  }

  batch(): WriteBatch {
    const changes: (readonly [text: string, value: Uint8Array | undefined])[] = [];
    return {
      put: (key, value) => void changes.push([textOf(key), value.slice()]),
      delete: (key) => void changes.push([textOf(key), undefined]),
      write: async () => {
        this.#assertOpen();
        for (const [text, value] of changes) this.#change(text, value);
      },
    };
  }

  async reopen(): Promise<void> {
    this.#assertOpen();
  }

  async mend(): Promise<void> {}

  async reclaim(): Promise<void> {}

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #change(text: string, value: Uint8Array | undefined): void {
    const isKnown = this.#values.has(text);
    if (value === undefined) {
      this.#values.delete(text);
      if (isKnown) this.#keys.splice(firstIndex(this.#sortedKeys(), text, false), 1);
      return;
    }
    this.#values.set(text, value);
    if (isKnown) return;
    this.#isSorted &&= (this.#keys.at(-1) ?? "") < text;
    this.#keys.push(text);
  }

  #sortedKeys(): string[] {
    if (!this.#isSorted) this.#keys.sort();
    this.#isSorted = true;
    return this.#keys;
  }

  #keysIn({ gt, gte, lt, lte }: KeyRange): string[] {
    const sorted = this.#sortedKeys();
    const from = gte ? firstIndex(sorted, textOf(gte), false) : gt ? firstIndex(sorted, textOf(gt), true) : 0;
    const to = lt ? firstIndex(sorted, textOf(lt), false) : lte ? firstIndex(sorted, textOf(lte), true) : sorted.length;
    return sorted.slice(from, to);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SynclineError("closed", "the store is closed");
  }
}

/** Where in `sorted` the first text stands that is not before `text`, or with `after`, the first behind it. */
function firstIndex(sorted: readonly string[], text: string, after: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = sorted[middle] as string;
    if (other < text || (after && other === text)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function textOf(key: Uint8Array): string {
  return String.fromCharCode(...key);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
