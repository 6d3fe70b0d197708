/** One POST with frames: its body, and its answer. Knows no session. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerFarewell, answerNothing, answerWords, type Farewell } from "./session-answer.js";

export interface UploadOptions {
  /** The number of the first frame in it, also when there is none. */
  readonly firstNumber: number;
  /** The client leaves with it. */
  readonly isLast: boolean;
}

export class UploadTooLarge extends Error {}

export class Upload {
  readonly firstNumber: number;
  readonly isLast: boolean;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #state: "waiting" | "reading" | "complete" | "given-up" = "waiting";

  constructor(request: IncomingMessage, response: ServerResponse, { firstNumber, isLast }: UploadOptions) {
    this.#request = request;
    this.#response = response;
    this.firstNumber = firstNumber;
    this.isLast = isLast;
  }

  get isGivenUp(): boolean {
    return this.#state === "given-up";
  }

  /**
   * The whole body.
   *
   * @param heard called for each part that arrives
   * @throws {UploadTooLarge}, or what says that the client went away meanwhile
   */
  async read(maxBytes: number, heard: () => void): Promise<Uint8Array> {
    this.#state = "reading";
    const parts: Uint8Array[] = [];
    let byteCount = Number(this.#request.headers["content-length"] ?? 0);
    if (byteCount > maxBytes) throw new UploadTooLarge();
    byteCount = 0;
    for await (const part of this.#request as AsyncIterable<Uint8Array>) {
      heard();
      byteCount += part.length;
      if (byteCount > maxBytes) throw new UploadTooLarge();
      parts.push(part);
    }
    // Given up while the last part was on its way: who sent it has sent it again.
    if (!this.isGivenUp) this.#state = "complete";
    return Buffer.concat(parts, byteCount);
  }

  accept(): void {
    answerNothing(this.#response);
  }

  refuse(status: number, words: string): void {
    if (!this.#response.headersSent) answerWords(this.#response, status, words);
  }

  /** @param told called once it was said */
  sayFarewell(farewell: Farewell, told: () => void): void {
    this.#response.once("finish", told);
    answerFarewell(this.#response, farewell);
  }

  /** The client has sent another in its place. One that has arrived as a whole is used all the same. */
  giveUp(): void {
    if (this.#state === "complete") return;
    const wasReading = this.#state === "reading";
    this.#state = "given-up";
    if (wasReading) this.#request.destroy();
    else this.refuse(409, "another upload came in the place of this one");
  }
}
