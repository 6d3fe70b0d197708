/**
 * What a server sends the readers of one room, kept once: whoever is ahead adds to it, the others are compared with it. Servers
 * send all readers the same bytes, only cut in other places; what is the same need not be looked at five hundred times.
 */

const startBytes = 2 ** 20;

export class Transcript {
  byteCount = 0;
  #bytes = Buffer.allocUnsafe(startBytes);

  /**
   * Whether a reader that was sent the first `offset` bytes, and now these, was sent what the others were. What nobody was sent
   * before is added.
   *
   * @type {(offset: number, bytes: Buffer, byteCount: number) => boolean}
   */
  agreesWith(offset, bytes, byteCount) {
    const knownBytes = Math.min(this.byteCount - offset, byteCount);
    if (knownBytes > 0 && this.#bytes.compare(bytes, 0, knownBytes, offset, offset + knownBytes) !== 0) return false;
    if (knownBytes < byteCount) this.#add(bytes, knownBytes, byteCount);
    return true;
  }

  /** A copy. @type {(start: number, end: number) => Buffer} */
  part(start, end) {
    return Buffer.from(this.#bytes.subarray(start, end));
  }

  /** @type {(bytes: Buffer, start: number, end: number) => void} */
  #add(bytes, start, end) {
    const neededBytes = this.byteCount + end - start;
    if (neededBytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(neededBytes * 2);
      this.#bytes.copy(larger, 0, 0, this.byteCount);
      this.#bytes = larger;
    }
    bytes.copy(this.#bytes, this.byteCount, start, end);
    this.byteCount = neededBytes;
  }
}
