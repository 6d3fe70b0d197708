/**
 * Whose edits an update holds, and which: enough of Yjs' format (v1) to walk over its structs, without allocating. A server may
 * merge several edits, of several authors, into one update; what is deleted is not looked at.
 */
import { Reader } from "./sync-messages.mjs";

/**
 * @template Context
 * @typedef {(context: Context, clientID: number, clock: number, length: number) => void} OnEdit
 */

const contentDeleted = 1;
const contentString = 4;
const skip = 10;
/** Bits of a struct's first byte: it has an origin; a right origin; a key in its parent. */
const hasOrigin = 0x80;
const hasRightOrigin = 0x40;
const hasParentKey = 0x20;

/** @template Context */
export class EditReader {
  #onEdit;
  #reader = new Reader();

  /** @param {OnEdit<Context>} onEdit Called for each struct; `length` is in characters. */
  constructor(onEdit) {
    this.#onEdit = onEdit;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} start
   * @param {Context} context Handed to `onEdit`.
   * @throws at content other than ASCII text and deleted characters: the load writes nothing else
   */
  read(bytes, start, context) {
    const reader = this.#reader;
    reader.begin(bytes, start);
    for (let clients = reader.varUint(); clients > 0; clients -= 1) {
      const structCount = reader.varUint();
      const clientID = reader.varUint();
      let clock = reader.varUint();
      for (let struct = 0; struct < structCount; struct += 1) {
        const info = reader.byte();
        const length = this.#struct(info);
        if (info !== skip) this.#onEdit(context, clientID, clock, length);
        clock += length;
      }
    }
  }

  /** Goes to its end; returns its length. @param {number} info */
  #struct(info) {
    const reader = this.#reader;
    const content = info & 0x1f;
    // Collected or skipped: a length, no more.
    if (content === 0 || content === skip) return reader.varUint();
    if (info & hasOrigin) this.#id();
    if (info & hasRightOrigin) this.#id();
    if (!(info & (hasOrigin | hasRightOrigin))) {
      if (reader.varUint() === 1) this.#string();
      else this.#id();
      if (info & hasParentKey) this.#string();
    }
    if (content === contentDeleted) return reader.varUint();
    if (content === contentString) return this.#string();
    throw new Error(`an update with content of kind ${content}`);
  }

  #id() {
    this.#reader.varUint();
    this.#reader.varUint();
  }

  #string() {
    const byteLength = this.#reader.varUint();
    this.#reader.at += byteLength;
    return byteLength;
  }
}
