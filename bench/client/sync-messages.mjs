/** The sync messages of Yjs (y-protocols), which all dialects carry alike, and a reader for them that allocates nothing. */
import * as encoding from "lib0/encoding";

export const syncMessage = 0;
export const awarenessMessage = 1;
export const step1 = 0;
export const step2 = 1;
export const update = 2;

export const emptyStateVector = Uint8Array.of(0);
export const emptyUpdate = Uint8Array.of(0, 0);

/**
 * What a dialect sends: what it begins every message of a document with, the type, for sync the step, and the content.
 *
 * @param {Uint8Array} prefix
 * @param {readonly number[]} types
 * @param {Uint8Array} content
 */
export function message(prefix, types, content) {
  const encoder = encoding.createEncoder();
  encoding.writeUint8Array(encoder, prefix);
  for (const type of types) encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, content);
  return encoding.toUint8Array(encoder);
}

/** An update as y-websocket's dialect has it. @type {(content: Uint8Array) => Uint8Array} */
export const updateMessage = (content) => message(new Uint8Array(0), [syncMessage, update], content);

/** A reader of varuints that allocates nothing. */
export class Reader {
  at = 0;
  /** @type {Uint8Array} */
  #bytes = emptyUpdate;

  /** @param {Uint8Array} bytes @param {number} at */
  begin(bytes, at) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.#bytes[this.at++];
  }

  varUint() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.at];
      this.at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
}
