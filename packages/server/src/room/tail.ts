/**
 * The newest records of a log, packed into one array of bytes: ten thousand keystrokes as ten thousand objects would cost
 * ten times what they hold. Knows nothing of where the records come from.
 */
import { ByteReader } from "@syncline/protocol";
import type { LogRecord } from "../storage/storage.js";

const lengthBytes = 4;

export class Tail {
  /** Per record: its updates, each behind its length. Never changed once written: views of it are handed out. */
  #bytes = new Uint8Array(0);
  #end = 0;
  /** Where each record begins, oldest first. */
  #starts: number[] = [];
  #firstSeq = 1;

  /** How much the records take. */
  get byteLength(): number {
    return this.#end - (this.#starts[0] ?? this.#end);
  }

  has(seq: number): boolean {
    return seq >= this.#firstSeq && seq < this.#firstSeq + this.#starts.length;
  }

  /** The record `seq`, its updates as views. */
  get(seq: number): LogRecord | undefined {
    if (!this.has(seq)) return undefined;
    const index = seq - this.#firstSeq;
    const reader = new ByteReader(this.#bytes, this.#starts[index], this.#starts[index + 1] ?? this.#end);
    const updates: Uint8Array[] = [];
    while (!reader.isAtEnd) updates.push(reader.readBytes(readUint32(reader)));
    return { seq, updates };
  }

  /** Appends the record that follows the newest; with nothing here yet, any record. */
  push({ seq, updates }: LogRecord): void {
    if (this.#starts.length === 0) this.#firstSeq = seq;
    this.#reserve(updates.reduce((sum, update) => sum + lengthBytes + update.length, 0));
    this.#starts.push(this.#end);
    const view = new DataView(this.#bytes.buffer);
    for (const update of updates) {
      view.setUint32(this.#end, update.length);
      this.#bytes.set(update, this.#end + lengthBytes);
      this.#end += lengthBytes + update.length;
    }
  }

  /** Forgets the oldest records: all up to `seq`. */
  dropThrough(seq: number): void {
    const count = Math.min(Math.max(seq + 1 - this.#firstSeq, 0), this.#starts.length);
    this.#starts.splice(0, count);
    this.#firstSeq += count;
    if (this.#starts.length > 0) return;
    this.#bytes = new Uint8Array(0);
    this.#end = 0;
  }

  /** Forgets the older half of what is more than `maxBytes`, so that it is not done for every record. */
  keepAtMost(maxBytes: number): void {
    if (this.byteLength <= maxBytes) return;
    const keepFrom = this.#end - maxBytes / 2;
    const index = this.#starts.findIndex((start) => start >= keepFrom);
    // A newest record that is larger than all that may be kept stays: members are about to be sent it.
    this.dropThrough(this.#firstSeq + (index < 0 ? this.#starts.length - 1 : index) - 1);
  }

  /** Gives back what was reserved for records to come: a room that was just loaded may never see one. */
  fit(): void {
    this.#moveTo(this.byteLength);
  }

  #reserve(byteCount: number): void {
    if (this.#end + byteCount > this.#bytes.length)
      this.#moveTo(Math.max(Math.ceil((this.byteLength + byteCount) * 1.5), 256));
  }

  /** A new array even where moving the bytes to the front would do: readers may hold views of the old one. */
  #moveTo(capacity: number): void {
    const from = this.#starts[0] ?? this.#end;
    const kept = this.#bytes.subarray(from, this.#end);
    this.#bytes = new Uint8Array(capacity);
    this.#bytes.set(kept);
    this.#starts = this.#starts.map((start) => start - from);
    this.#end = kept.length;
  }
}

function readUint32(reader: ByteReader): number {
  return reader.readByte() * 2 ** 24 + reader.readByte() * 2 ** 16 + reader.readByte() * 2 ** 8 + reader.readByte();
}
