/**
 * When to ask a y-websocket server for what it has: to learn what it holds of what was sent, and whether the link lives.
 * One question at a time. Knows no messages.
 */
import type { Timing } from "../timing.js";

export interface QuestionsOptions {
  readonly timing: Timing;
  readonly ask: () => void;
  /** Also asks this often, in milliseconds; 0 or less: it does not. */
  readonly intervalMs: number;
}

/**
 * The least time between an answer and the next question, unless somebody waits for a sign of life. An answer tells all
 * deletions ever made, so the pause grows with it: no more than 32 kB/s are spent on answers.
 */
const leastPauseMs = 1_000;
const answerBytesPerMs = 32;
/** The pause doubles up to this while answers are fruitless. */
const longestPauseMs = 30_000;

export class Questions {
  readonly #options: QuestionsOptions;
  /** The first question is that of whoever made this. */
  #state: "asked" | "quiet" | "due" | "stopped" = "asked";
  #notBeforeMs = 0;
  #fruitlessCount = 0;
  #cancelTimer: () => void = () => {};
  #cancelInterval: () => void = () => {};

  constructor(options: QuestionsOptions) {
    this.#options = options;
    this.#startInterval();
  }

  /** How many of the last answers, in a row, were fruitless. */
  get fruitlessCount(): number {
    return this.#fruitlessCount;
  }

  /** Asks when `delayMs` are over and the pause is, if no question is on its way or due. */
  askLater(delayMs: number): void {
    if (this.#state !== "quiet") return;
    const { timing } = this.#options;
    this.#state = "due";
    this.#cancelTimer = timing.setTimer(() => this.askNow(), Math.max(delayMs, this.#notBeforeMs - timing.now()));
  }

  /** Asks, unless an answer is awaited. */
  askNow(): void {
    if (this.#state === "asked" || this.#state === "stopped") return;
    this.#cancelTimer();
    this.#state = "asked";
    this.#options.ask();
  }

  /** What was to be asked is known. */
  forgo(): void {
    if (this.#state !== "due") return;
    this.#cancelTimer();
    this.#state = "quiet";
  }

  /** @param isFruitless something was to be learned, and was not */
  answered(byteCount: number, isFruitless: boolean): void {
    if (this.#state !== "asked") return;
    this.#state = "quiet";
    this.#fruitlessCount = isFruitless ? this.#fruitlessCount + 1 : 0;
    const pauseMs = Math.max(leastPauseMs * 2 ** this.#fruitlessCount, byteCount / answerBytesPerMs);
    this.#notBeforeMs = this.#options.timing.now() + Math.min(pauseMs, longestPauseMs);
  }

  stop(): void {
    this.#state = "stopped";
    this.#cancelTimer();
    this.#cancelInterval();
  }

  #startInterval(): void {
    const { timing, intervalMs } = this.#options;
    if (!(intervalMs > 0)) return;
    this.#cancelInterval = timing.setTimer(() => {
      this.#startInterval();
      this.askNow();
    }, intervalMs);
  }
}
