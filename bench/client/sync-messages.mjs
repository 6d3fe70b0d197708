/** The few messages of the y-websocket dialect that a light client needs, and just enough of a Yjs update to know whose it is. */
import * as encoding from "lib0/encoding";

export const syncMessage = 0;
export const step1 = 0;
export const step2 = 1;
export const update = 2;

const empty = Uint8Array.of(0);
const emptyUpdate = Uint8Array.of(0, 0);

/** @type {(type: number, content: Uint8Array) => Uint8Array} */
function message(type, content) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, syncMessage);
  encoding.writeVarUint(encoder, type);
  encoding.writeVarUint8Array(encoder, content);
  return encoding.toUint8Array(encoder);
}

/** "I have nothing": as a question, and as the answer to the server's. */
export const emptyStep1 = message(step1, empty);
export const emptyStep2 = message(step2, emptyUpdate);

/** @type {(content: Uint8Array) => Uint8Array} */
export const updateMessage = (content) => message(update, content);

/** A reader of varuints that allocates nothing. */
export class Reader {
  at = 0;
  /** @type {Uint8Array} */
  #bytes = empty;

  /** @param {Uint8Array} bytes @param {number} at */
  begin(bytes, at) {
    this.#bytes = bytes;
    this.at = at;
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
