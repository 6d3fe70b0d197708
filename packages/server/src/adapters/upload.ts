/** One POST with frames: its body, and its answer. Knows no session. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerFarewell, answerNothing, answerWords, type Farewell } from "./session-answer.js";

export interface UploadOptions {
  /** The number of the first frame in it, also when there is none. */
  readonly firstNumber: number;
  /** The client leaves with it. */
  readonly isLast: boolean;
}

export interface Reading {
  /** May grow while it is read. */
  readonly maxBytes: () => number;
  /** When it begins. */
  readonly nowMs: number;
  /** Called for each part that arrives. */
  readonly heard: () => void;
}

export interface UploadProgress {
  readonly startedAtMs: number;
  /** Bytes that have arrived. */
  byteCount: number;
}

export class UploadTooLarge extends Error {}

export class Upload {
  readonly firstNumber: number;
  readonly isLast: boolean;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #progress: UploadProgress | undefined;
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

  /** While the body is being read. */
  get progress(): UploadProgress | undefined {
    return this.#state === "reading" ? this.#progress : undefined;
  }

  /**
   * The whole body.
   *
   * @throws {UploadTooLarge}, or what says that the client went away meanwhile
   */
  async read({ maxBytes, nowMs, heard }: Reading): Promise<Uint8Array> {
    this.#state = "reading";
    const parts: Uint8Array[] = [];
    const progress = (this.#progress = { startedAtMs: nowMs, byteCount: 0 });
    if (Number(this.#request.headers["content-length"] ?? 0) > maxBytes()) throw new UploadTooLarge();
    for await (const part of this.#request as AsyncIterable<Uint8Array>) {
      heard();
      progress.byteCount += part.length;
      if (progress.byteCount > maxBytes()) throw new UploadTooLarge();
      parts.push(part);
    }
    // Given up while the last part was on its way: who sent it has sent it again.
    if (!this.isGivenUp) this.#state = "complete";
    return Buffer.concat(parts, progress.byteCount);
  }

  /** The client takes too long for it, and is told so; it may send it again. */
  tooSlow(): void {
    if (this.#state !== "reading") return;
    this.#state = "given-up";
    this.#response.once("finish", () => this.#request.destroy());
    this.refuse(408, "the upload came too slowly; send it again");
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

  /** Its session is over. One that has arrived as a whole is answered all the same. */
  end(farewell: Farewell): void {
    this.#stop((response) => answerFarewell(response, farewell));
  }

  /** The client has sent another in its place. One that has arrived as a whole is used all the same. */
  giveUp(): void {
    this.#stop((response) => answerWords(response, 409, "another upload came in the place of this one"));
  }

  /** @param answer one that is not being read yet; the others end with their connection, and what has come of them is let go */
  #stop(answer: (response: ServerResponse) => void): void {
    if (this.#state === "complete") return;
    const wasReading = this.#state === "reading";
    this.#state = "given-up";
    if (wasReading) this.#request.destroy();
    else if (!this.#response.headersSent) answer(this.#response);
  }
}
