/** Frames down by long polling: an answer that waits until there is something to say, says it, and ends. */
import type { ServerResponse } from "node:http";
import type { Timers } from "../timers.js";
import type { HttpSession, Outlet } from "./http-session.js";
import { answerBytes, answerFarewell, answerNothing } from "./session-answer.js";

export interface PollOptions {
  readonly session: HttpSession;
  /** The last frame the client has. */
  readonly after: number;
  readonly timers: Timers;
  /** How long it waits for something to say. */
  readonly waitMs: number;
}

/** Of one answer, unless a single frame is larger. */
const maxAnswerBytes = 1024 * 1024;

/** What comes within this time goes into one answer: each costs the client a request. */
const gatherMs = 5;

export class Poll implements Outlet {
  readonly #response: ServerResponse;
  readonly #options: PollOptions;
  readonly #cancelWait: () => void;
  #cancelGathering: (() => void) | undefined;

  constructor(response: ServerResponse, options: PollOptions) {
    this.#response = response;
    this.#options = options;
    this.#cancelWait = options.timers.after(options.waitMs, () => this.superseded());
    response.on("close", () => this.#ended());
  }

  news(): void {
    const { session, after, timers } = this.#options;
    if (this.#response.headersSent) return;
    if (session.framesAfter(after, 0)) this.#cancelGathering ??= timers.after(gatherMs, () => this.#answer());
    else if (session.farewell) this.#answer();
  }

  superseded(): void {
    if (!this.#response.headersSent) answerNothing(this.#response);
  }

  cut(): void {
    if (!this.#response.headersSent) this.#response.destroy();
  }

  #answer(): void {
    const { session, after } = this.#options;
    if (this.#response.headersSent) return;
    const batch = session.framesAfter(after, maxAnswerBytes);
    if (batch) return answerBytes(this.#response, batch.bytes);
    if (!session.farewell) return;
    this.#response.once("finish", () => session.terminate());
    answerFarewell(this.#response, session.farewell);
  }

  #ended(): void {
    this.#cancelWait();
    this.#cancelGathering?.();
    this.#options.session.detach(this);
  }
}
