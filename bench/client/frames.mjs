/** WebSocket frames (RFC 6455, 5.2), by hand: a client's are built once and written many times; a server's are split. */

export const opcodes = { binary: 2, close: 8, ping: 9, pong: 10 };

/**
 * A frame as a client sends it. The mask is 0, so that masking changes nothing.
 *
 * @param {Uint8Array} payload
 * @param {number} [opcode]
 */
export function clientFrame(payload, opcode = opcodes.binary) {
  return frame(payload, opcode, 4);
}

/** A frame as a server sends it. @param {Uint8Array} payload */
export function serverFrame(payload) {
  return frame(payload, opcodes.binary, 0);
}

/** @type {(payload: Uint8Array, opcode: number, maskBytes: 0 | 4) => Buffer} */
function frame(payload, opcode, maskBytes) {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 2 ** 16 ? 2 : 8;
  const built = Buffer.alloc(2 + extended + maskBytes + length);
  built[0] = 0x80 | opcode;
  built[1] = (maskBytes === 0 ? 0 : 0x80) | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) built.writeUInt16BE(length, 2);
  if (extended === 8) built.writeBigUInt64BE(BigInt(length), 2);
  built.set(payload, 2 + extended + maskBytes);
  return built;
}

/**
 * Splits what a server sends. A payload is handed out as a range of a buffer, valid during the call only: nothing is copied
 * unless a frame came in several pieces.
 */
export class FrameReader {
  #onFrame;
  /** @type {Buffer[]} */
  #pieces = [];
  #byteCount = 0;
  #neededBytes = 2;

  /** @param {(opcode: number, buffer: Buffer, start: number, end: number) => void} onFrame */
  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  /** @param {Buffer} chunk */
  read(chunk) {
    this.#pieces.push(chunk);
    this.#byteCount += chunk.length;
    if (this.#byteCount < this.#neededBytes) return;
    const buffer = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces);
    const rest = this.#split(buffer);
    this.#byteCount = buffer.length - rest;
    this.#pieces = this.#byteCount === 0 ? [] : [buffer.subarray(rest)];
  }

  /** Returns where the first incomplete frame begins. @param {Buffer} buffer */
  #split(buffer) {
    let at = 0;
    for (;;) {
      const available = buffer.length - at;
      this.#neededBytes = 2;
      if (available < 2) return at;
      const short = buffer[at + 1];
      const headerBytes = short === 127 ? 10 : short === 126 ? 4 : 2;
      this.#neededBytes = headerBytes;
      if (available < headerBytes) return at;
      const length =
        short === 127 ? Number(buffer.readBigUInt64BE(at + 2)) : short === 126 ? buffer.readUInt16BE(at + 2) : short;
      this.#neededBytes = headerBytes + length;
      if (available < this.#neededBytes) return at;
      if ((buffer[at] & 0x80) === 0) throw new Error("a fragmented frame; no server here sends any");
      this.#onFrame(buffer[at] & 0x0f, buffer, at + headerBytes, at + headerBytes + length);
      at += headerBytes + length;
    }
  }
}
