/**
 * Many pieces in few messages between threads. A message per piece would cost more than the pieces; one message for all would
 * hold up the event loop while it is put together. Knows no thread.
 */
import { joinedBytes } from "../update/joined-bytes.js";
import type { Batch } from "./jobs.js";

/** Copying this much takes a fraction of a millisecond. */
const maxBatchBytes = 1024 * 1024;
/** Anything smaller is copied sooner than it is transferred. */
const minTransferBytes = 64 * 1024;
/** So many tiny pieces take about as long to copy, or to take apart, as `maxBatchBytes` in one. */
const maxBatchPieces = 2048;

export interface BatchWriterOptions {
  readonly maxBytes?: number | undefined;
  readonly maxPieces?: number | undefined;
  /** Whether large pieces may lose their buffers to the other thread instead of being copied. @default false */
  readonly mayTransfer?: boolean | undefined;
}

export class BatchWriter {
  readonly #maxBytes: number;
  readonly #maxPieces: number;
  readonly #mayTransfer: boolean;
  #parts: Uint8Array[] = [];
  #byteLength = 0;

  constructor(options: BatchWriterOptions = {}) {
    this.#maxBytes = options.maxBytes ?? maxBatchBytes;
    this.#maxPieces = options.maxPieces ?? maxBatchPieces;
    this.#mayTransfer = options.mayTransfer ?? false;
  }

  /** Yields the batches that the piece fills up. It is copied when its batch is yielded: it may not change until then. */
  *add(piece: Uint8Array): Generator<Batch, void, undefined> {
    if (this.#mayTransfer && piece.length >= minTransferBytes && piece.length === piece.buffer.byteLength) {
      const before = this.finish();
      if (before !== undefined) yield before;
      yield { bytes: piece, lengths: Uint32Array.of(piece.length), continues: false };
      return;
    }
    yield* this.#copy(piece);
  }

  *#copy(piece: Uint8Array): Generator<Batch, void, undefined> {
    let start = 0;
    do {
      const part = piece.subarray(start, start + this.#maxBytes - this.#byteLength);
      start += part.length;
      this.#parts.push(part);
      this.#byteLength += part.length;
      const isFull = this.#byteLength === this.#maxBytes || this.#parts.length === this.#maxPieces;
      if (isFull) yield this.#take(start < piece.length);
    } while (start < piece.length);
  }

  /** What is left over, if anything. */
  finish(): Batch | undefined {
    return this.#parts.length === 0 ? undefined : this.#take(false);
  }

  #take(continues: boolean): Batch {
    const bytes = new Uint8Array(this.#byteLength);
    const lengths = new Uint32Array(this.#parts.length);
    let position = 0;
    for (const [index, part] of this.#parts.entries()) {
      bytes.set(part, position);
      lengths[index] = part.length;
      position += part.length;
    }
    this.#parts = [];
    this.#byteLength = 0;
    return { bytes, lengths, continues };
  }
}

/** Both buffers of a batch, to be transferred with it. */
export function transferablesOf(batch: Batch): ArrayBuffer[] {
  return [batch.bytes.buffer as ArrayBuffer, batch.lengths.buffer as ArrayBuffer];
}

/** The pieces as batches; the large ones are gone once their batch is transferred. */
export function* batchesOf(pieces: Iterable<Uint8Array>): Generator<Batch, void, undefined> {
  const writer = new BatchWriter({ mayTransfer: true });
  for (const piece of pieces) yield* writer.add(piece);
  const rest = writer.finish();
  if (rest !== undefined) yield rest;
}

export class BatchReader {
  /** The beginning of a piece whose end is in a batch to come. */
  #begun: Uint8Array[] = [];

  /** The pieces that end in this batch: views into it, but for those spread over several. */
  *read(batch: Batch): Generator<Uint8Array, void, undefined> {
    let start = 0;
    for (const [index, length] of batch.lengths.entries()) {
      const part = batch.bytes.subarray(start, start + length);
      start += length;
      if (batch.continues && index === batch.lengths.length - 1) this.#begun.push(part);
      else yield this.#complete(part);
    }
  }

  #complete(part: Uint8Array): Uint8Array {
    if (this.#begun.length === 0) return part;
    const parts = [...this.#begun, part];
    this.#begun = [];
    return joinedBytes(parts);
  }
}
