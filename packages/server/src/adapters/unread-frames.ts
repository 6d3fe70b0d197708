/** Frames on their way down, numbered from 1, kept until the client says that it has them. */
import { splitFrames } from "./session-frames.js";

export interface FrameBatch {
  /** One or more, each after its length. */
  readonly bytes: Uint8Array;
  readonly lastNumber: number;
}

/** What keeping a frame costs besides its bytes, roughly: many tiny ones count, too. */
const frameOverheadBytes = 64;

export class UnreadFrames {
  /** Each with its length before it; the first is number `#readNumber + 1`. */
  #frames: Uint8Array[] = [];
  #readNumber = 0;
  #byteCount = 0;

  get byteCount(): number {
    return this.#byteCount;
  }

  /** @param frames made by `frameWithLengths`; may be shared with others */
  push(frames: Uint8Array): void {
    for (const frame of splitFrames(frames)) {
      this.#frames.push(frame);
      this.#byteCount += costOf(frame);
    }
  }

  /** Whether there is anything that comes after frame `number` and nothing missing between: then all before it is let go. */
  acknowledge(number: number): boolean {
    const count = number - this.#readNumber;
    if (count < 0 || count > this.#frames.length) return false;
    for (const frame of this.#frames.splice(0, count)) this.#byteCount -= costOf(frame);
    this.#readNumber = number;
    return true;
  }

  /** What follows frame `number`: as many as `maxBytes` holds, but one at least. `undefined` when there is none. */
  after(number: number, maxBytes: number): FrameBatch | undefined {
    const start = Math.max(0, number - this.#readNumber);
    let end = start;
    let byteCount = 0;
    for (let frame = this.#frames[end]; frame; frame = this.#frames[end]) {
      if (end > start && byteCount + frame.length > maxBytes) break;
      byteCount += frame.length;
      end += 1;
    }
    if (end === start) return undefined;
    const frames = this.#frames.slice(start, end);
    const [only] = frames;
    // One is given as it is.
    const bytes = only && frames.length === 1 ? only : Buffer.concat(frames, byteCount);
    return { bytes, lastNumber: this.#readNumber + end };
  }

  /** Lets everything go: nobody is going to read it. */
  clear(): void {
    this.acknowledge(this.#readNumber + this.#frames.length);
  }
}

function costOf(frame: Uint8Array): number {
  return frame.length + frameOverheadBytes;
}
