/** A reader of a room who is compared with the others as long as it is sent the same, and is followed by itself when it is not. */
import { ChunkClient } from "../client/chunk-client.mjs";
import { Follower } from "./follower.mjs";

export class BulkReader {
  client;
  follower;
  #transcript;
  /** How much of the transcript it was sent, while it agrees. */
  #offset = 0;
  /** Since when it has agreed: what was before is in the follower's counts. */
  #agreedFrom = 0;

  /**
   * @param {Omit<import("../client/chunk-client.mjs").ChunkClientOptions, "onUpdate">} address
   * @param {import("./transcript.mjs").Transcript} transcript
   * @param {readonly import("./histories.mjs").History[]} histories
   */
  constructor(address, transcript, histories) {
    this.#transcript = transcript;
    this.follower = new Follower(histories);
    this.client = new ChunkClient({ ...address, onUpdate: this.follower.take });
  }

  /** From now on what it is sent should be what all are sent. To be called when it has got everything. */
  compare() {
    if (!this.isAlone) return;
    this.#agreedFrom = this.#offset = this.#transcript.byteCount;
    this.client.onChunk = (bytes, byteCount) => this.#compare(bytes, byteCount);
  }

  /** Whether it is sent something else, or the same in another order; a ping is enough. */
  get isAlone() {
    return this.client.onChunk === undefined;
  }

  /** Whether it has got all: while it agrees, what the transcript has, of which `transcriptTotal` edits are known. @param {number} total @param {number} transcriptTotal */
  has(total, transcriptTotal) {
    if (this.isAlone) return this.follower.total === total;
    return transcriptTotal === total && this.#offset === this.#transcript.byteCount;
  }

  /** @type {(bytes: Buffer, byteCount: number) => void} */
  #compare(bytes, byteCount) {
    if (this.#transcript.agreesWith(this.#offset, bytes, byteCount)) {
      this.#offset += byteCount;
      return;
    }
    this.client.onChunk = undefined;
    this.client.read(this.#transcript.part(this.#agreedFrom, this.#offset));
    this.client.read(Buffer.from(bytes.subarray(0, byteCount)));
  }
}
