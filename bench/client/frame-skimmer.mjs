/**
 * Splits what a server sends, as FrameReader does, and keeps of each frame no more than its beginning: for loads that are sent
 * gigabytes, of which only kind and length matter.
 */

const longestHeaderBytes = 10;
/** All of a control frame, and of others enough to know what they are. */
const keptPayloadBytes = 125;

export class FrameSkimmer {
  #onFrame;
  /** How the frame at hand begins. */
  #head = Buffer.alloc(longestHeaderBytes + keptPayloadBytes);
  /** How much of it has arrived. */
  #seenBytes = 0;

  /**
   * @param {(opcode: number, buffer: Buffer, start: number, end: number) => void} onFrame Called when all of a frame has
   *   arrived. `end` is where the payload would end; the buffer has the first 125 bytes of it, valid during the call only.
   */
  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  /** @param {Buffer} chunk May be reused afterwards. */
  read(chunk) {
    for (let at = 0; at < chunk.length;) {
      const takenBytes = Math.min(this.#neededBytes - this.#seenBytes, chunk.length - at);
      if (this.#seenBytes < this.#head.length) chunk.copy(this.#head, this.#seenBytes, at, at + takenBytes);
      this.#seenBytes += takenBytes;
      at += takenBytes;
      if (this.#seenBytes === this.#neededBytes) this.#finish();
    }
  }

  #finish() {
    const endsAt = this.#seenBytes;
    this.#seenBytes = 0;
    this.#onFrame(this.#head[0] & 0x0f, this.#head, this.#headerBytes, endsAt);
  }

  /** Valid once two bytes have arrived. */
  get #headerBytes() {
    const short = this.#head[1];
    return short === 127 ? 10 : short === 126 ? 4 : 2;
  }

  /** Of the frame: as far as is known what it consists of. */
  get #neededBytes() {
    if (this.#seenBytes < 2) return 2;
    const headerBytes = this.#headerBytes;
    if (this.#seenBytes < headerBytes) return headerBytes;
    if (headerBytes === 2) return headerBytes + this.#head[1];
    return headerBytes + (headerBytes === 4 ? this.#head.readUInt16BE(2) : Number(this.#head.readBigUInt64BE(2)));
  }
}
