/**
 * Frames up, in POSTs: numbered from 1, one request at a time, what queues meanwhile goes together. A request whose answer
 * did not come is made again; the server takes each number once.
 */
import type { Timing } from "../timing.js";
import { joinFrames } from "./frame-list.js";

export interface UploadRequest {
  /** The number of the first frame in `body`. */
  readonly first: number;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The client leaves with it, and nobody waits for an answer. */
  readonly isLast: boolean;
}

export interface HttpUploadsOptions {
  readonly timing: Timing;
  /** One attempt. Says as well up to which frame this side has received. */
  readonly post: (request: UploadRequest) => Promise<unknown>;
  /** Calls until it succeeds; false when the session has ended instead. */
  readonly insist: (attempt: () => Promise<void>) => Promise<boolean>;
}

/** Of one request, unless a single frame is larger. Many proxies take no body above 1 MiB. */
const maxBodyBytes = 512 * 1024;

/** What was received is acknowledged when it is this much, or after this long; the server stops sending at about twice as much. */
const ackBytes = 32 * 1024;
const ackDelayMs = 1_000;

export class HttpUploads {
  readonly #options: HttpUploadsOptions;
  /** Not known to have arrived. */
  #frames: Uint8Array[] = [];
  #arrivedNumber = 0;
  #isSending = false;
  #isAckDue = false;
  #unackedBytes = 0;
  #cancelAck: (() => void) | undefined;

  constructor(options: HttpUploadsOptions) {
    this.#options = options;
  }

  send(frame: Uint8Array): void {
    this.#frames.push(frame);
    void this.#run();
  }

  /** Frames came down, of this size together: the server keeps them until it hears so. */
  received(byteCount: number): void {
    this.#unackedBytes += byteCount;
    const acknowledge = () => {
      this.#isAckDue = true;
      void this.#run();
    };
    if (this.#unackedBytes >= ackBytes) acknowledge();
    else this.#cancelAck ??= this.#options.timing.setTimer(acknowledge, ackDelayMs);
  }

  /** Sends what is left and says that it was the last. */
  async leave(): Promise<void> {
    this.stop();
    while (!(await this.#post("leaving"))) continue;
  }

  /** Nothing is acknowledged any more. */
  stop(): void {
    this.#cancelAck?.();
  }

  async #run(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    // What is sent in one go goes together.
    await Promise.resolve();
    while (this.#frames.length > 0 || this.#isAckDue) {
      const hasArrived = await this.#options.insist(async () => void (await this.#post("staying")));
      if (!hasArrived) return;
    }
    this.#isSending = false;
  }

  /** Whether nothing was left to send after it. */
  async #post(then: "staying" | "leaving"): Promise<boolean> {
    const batch = this.#batch();
    const isAll = batch.length === this.#frames.length;
    this.#isAckDue = false;
    this.#unackedBytes = 0;
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    const isLast = isAll && then === "leaving";
    const first = this.#arrivedNumber + 1;
    await this.#options.post({ first, body: joinFrames(batch), isLast });
    // Who leaves does not wait for the request before: both may have arrived.
    const arrivedCount = Math.max(0, first + batch.length - 1 - this.#arrivedNumber);
    this.#frames.splice(0, arrivedCount);
    this.#arrivedNumber += arrivedCount;
    return isAll;
  }

  #batch(): Uint8Array[] {
    let byteCount = 0;
    const end = this.#frames.findIndex((frame, index) => (byteCount += frame.length) > maxBodyBytes && index > 0);
    return end < 0 ? [...this.#frames] : this.#frames.slice(0, end);
  }
}
