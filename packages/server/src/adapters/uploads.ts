/**
 * Frames on their way up, numbered from 1: one upload at a time, each frame once however often it is sent. A client that
 * did not hear whether an upload arrived sends it again; that ends the one before, unless it has arrived as a whole.
 */
import { ProtocolError, readFrames } from "@syncline/protocol";
import { messageOf } from "../error.js";
import type { Refusals } from "../refusals.js";
import type { Timers } from "../timers.js";
import type { Farewell } from "./session-answer.js";
import { maxLengthBytes } from "./session-frames.js";
import { type Upload, UploadTooLarge } from "./upload.js";

export interface UploadsOptions {
  /** Of one upload, while it is read. */
  readonly maxBodyBytes: () => number;
  readonly timers: Pick<Timers, "now">;
  readonly refusals: Pick<Refusals, "note">;
  /** How long an upload may take, besides the time that a slow link needs for it. */
  readonly uploadAllowanceMs: number;
  readonly slowestBytesPerSecond: number;
  readonly heard: () => void;
  /** Resolves once frames may be received, at once if they may already. */
  readonly released: () => Promise<void>;
  readonly receive: (frame: Uint8Array) => void;
  /** The client left. */
  readonly left: () => void;
  /** `undefined` while the session is open. */
  readonly farewell: () => Farewell | undefined;
  /** Something between client and server loses frames. */
  readonly lost: (reason: string) => void;
  readonly tooLarge: (reason: string) => void;
}

export class Uploads {
  readonly #options: UploadsOptions;
  #receivedNumber = 0;
  #active: Upload | undefined;
  #next: Upload | undefined;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Whether a request is under way. */
  get isActive(): boolean {
    return this.#active !== undefined;
  }

  begin(upload: Upload): void {
    this.#next?.giveUp();
    this.#next = upload;
    if (this.#active) this.#active.giveUp();
    else void this.#run();
  }

  /** The session is over: what is under way, or waits, is for nobody. */
  end(farewell: Farewell): void {
    this.#next?.end(farewell);
    this.#active?.end(farewell);
  }

  /** Gives up an upload that trickles: it would hold its session, and what has come of it, for as long as it likes. */
  tick(nowMs: number): void {
    const { uploadAllowanceMs, slowestBytesPerSecond } = this.#options;
    const progress = this.#active?.progress;
    if (!progress) return;
    const allowedMs = uploadAllowanceMs + (progress.byteCount / slowestBytesPerSecond) * 1000;
    if (nowMs - progress.startedAtMs <= allowedMs) return;
    this.#options.refusals.note("slow", "an upload came too slowly");
    this.#active?.tooSlow();
  }

  async #run(): Promise<void> {
    for (this.#takeNext(); this.#active; this.#takeNext()) {
      try {
        await this.#handle(this.#active);
      } catch (thrown) {
        this.#refuse(this.#active, thrown);
      }
    }
  }

  #takeNext(): void {
    this.#active = this.#next;
    this.#next = undefined;
  }

  async #handle(upload: Upload): Promise<void> {
    const { released, heard, maxBodyBytes, timers } = this.#options;
    await released();
    if (upload.isGivenUp) return;
    const body = await upload.read({ maxBytes: () => maxBodyBytes() + maxLengthBytes, nowMs: timers.now(), heard });
    if (!upload.isGivenUp) await this.#receive(upload, readFrames(body));
  }

  async #receive(upload: Upload, frames: readonly Uint8Array[]): Promise<void> {
    const { released, receive, farewell, lost, left } = this.#options;
    if (upload.firstNumber > this.#receivedNumber + 1) lost("frames of this client were lost on the way");
    let number = upload.firstNumber;
    for (const frame of frames) {
      if (number++ <= this.#receivedNumber) continue;
      await released();
      if (farewell()) break;
      this.#receivedNumber += 1;
      // A copy, so that a small update that is kept does not keep all that came with it.
      receive(frames.length === 1 ? frame : frame.slice());
    }
    const reason = farewell();
    if (reason) return upload.sayFarewell(reason, left);
    upload.accept();
    if (upload.isLast) left();
  }

  #refuse(upload: Upload, thrown: unknown): void {
    const { tooLarge, lost, maxBodyBytes, refusals } = this.#options;
    if (thrown instanceof UploadTooLarge) {
      const reason = `an upload is above ${maxBodyBytes()} bytes`;
      refusals.note("size", reason);
      tooLarge(reason);
      return upload.refuse(413, reason);
    }
    if (thrown instanceof ProtocolError) {
      lost(`an upload was damaged on the way: ${thrown.message}`);
      return upload.refuse(400, thrown.message);
    }
    // Its connection broke: the client sends it again.
    upload.refuse(400, messageOf(thrown));
  }
}
