/**
 * What a client may take before it was let into its first document: a message that does not end would be held for nobody
 * knows whom, and so would the connection itself.
 */
import { closeCodes } from "@syncline/protocol";
import type { Farewell } from "./session-answer.js";
import type { Stranger } from "./strangers.js";

export interface ProbationLimits {
  readonly helloTimeoutMs: number;
  readonly authorizeTimeoutMs: number;
}

/**
 * Of a message that is not all there yet. Strangers send a hello and which documents they want, each with how much they have
 * of it: 256 KiB name 35,000 clients of Yjs.
 */
export const maxStrangerMessageBytes = 256 * 1024;

/** Who was refused a document may ask for another one for so long. */
const secondThoughtsMs = 45_000;

export class Probation {
  readonly #limits: ProbationLimits;
  readonly #sinceMs: number;
  #stranger: Stranger | undefined;

  constructor(stranger: Stranger, limits: ProbationLimits, nowMs: number) {
    this.#stranger = stranger;
    this.#limits = limits;
    this.#sinceMs = nowMs;
  }

  /** Whether the client was let in, or has left. */
  get isOver(): boolean {
    return this.#stranger === undefined;
  }

  end(): void {
    this.#stranger?.leave();
    this.#stranger = undefined;
  }

  /**
   * Why the client is to go; `undefined` while it may stay.
   *
   * @param unfinishedBytes how much has come of a message that is not all there
   */
  whyGo(nowMs: number, unfinishedBytes: number): Farewell | undefined {
    if (this.isOver) return undefined;
    if (unfinishedBytes > maxStrangerMessageBytes) {
      const reason = `more than ${maxStrangerMessageBytes / 1024} KiB of a message, and no document was opened yet`;
      return { code: closeCodes.rateLimited, reason };
    }
    const { helloTimeoutMs, authorizeTimeoutMs } = this.#limits;
    const timeoutMs = helloTimeoutMs + authorizeTimeoutMs + secondThoughtsMs;
    if (nowMs - this.#sinceMs <= timeoutMs) return undefined;
    return {
      code: closeCodes.tooSlow,
      reason: `no document was opened within ${timeoutMs / 1000} s; come back when there is one`,
    };
  }
}
