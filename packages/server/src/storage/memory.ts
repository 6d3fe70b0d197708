/** A store that forgets when the process ends. For tests, and for servers whose documents are worth nothing. */
import { SynclineError } from "../error.js";
import type { AppendEntry, LogRecord, Pointer, Snapshot, Storage } from "./storage.js";

interface StoredDocument {
  pointer: Pointer;
  contents: Uint8Array | undefined;
  segments: readonly Uint8Array[];
  records: LogRecord[];
}

export class MemoryStorage implements Storage {
  readonly durability = "memory";
  readonly #documents = new Map<string, StoredDocument>();
  #isClosed = false;

  async readPointer(documentName: string): Promise<Pointer | undefined> {
    this.#assertOpen();
    return this.#documents.get(documentName)?.pointer;
  }

  async readContents(documentName: string, pointer: Pointer): Promise<Uint8Array | undefined> {
    return this.#current(documentName, pointer)?.contents?.slice();
  }

  async readSegment(documentName: string, pointer: Pointer, segmentId: number): Promise<Uint8Array | undefined> {
    return this.#current(documentName, pointer)?.segments[segmentId]?.slice();
  }

  async *readRecords(documentName: string, afterSeq: number): AsyncIterable<LogRecord> {
    this.#assertOpen();
    for (const record of [...(this.#documents.get(documentName)?.records ?? [])]) {
      if (record.seq > afterSeq) yield { seq: record.seq, updates: record.updates.map((update) => update.slice()) };
    }
  }

  async append(entries: readonly AppendEntry[]): Promise<number[]> {
    this.#assertOpen();
    return entries.map(({ documentName, generation, previousSeq, updates }) => {
      const seq = previousSeq + 1;
      const document = this.#documents.get(documentName) ?? emptyDocument(generation);
      this.#documents.set(documentName, document);
      // The same entry again replaces itself, as a put of the same key does on disk.
      while ((document.records.at(-1)?.seq ?? 0) >= seq) document.records.pop();
      document.records.push({ seq, updates: updates.map((update) => update.slice()) });
      return seq;
    });
  }

  async replaceSnapshot(documentName: string, expectedEpoch: number, snapshot: Snapshot): Promise<Pointer | undefined> {
    this.#assertOpen();
    const document = this.#documents.get(documentName);
    if (!document || document.pointer.epoch !== expectedEpoch) return undefined;
    document.pointer = {
      generation: document.pointer.generation,
      epoch: expectedEpoch + 1,
      coveredSeq: snapshot.coveredSeq,
      segments: snapshot.segments.map((segment, id) => ({ id, byteLength: segment.length })),
    };
    document.contents = snapshot.contents.slice();
    document.segments = snapshot.segments.map((segment) => segment.slice());
    document.records = document.records.filter((record) => record.seq > snapshot.coveredSeq);
    return document.pointer;
  }

  async *listDocuments(): AsyncIterable<string> {
    this.#assertOpen();
    yield* [...this.#documents.keys()];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  #current(documentName: string, pointer: Pointer): StoredDocument | undefined {
    this.#assertOpen();
    const document = this.#documents.get(documentName);
    return document?.pointer.epoch === pointer.epoch ? document : undefined;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new SynclineError("closed", "the store is closed");
  }
}

function emptyDocument(generation: string): StoredDocument {
  return {
    pointer: { generation, epoch: 0, coveredSeq: 0, segments: [] },
    contents: undefined,
    segments: [],
    records: [],
  };
}
