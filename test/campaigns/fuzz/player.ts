/** Plays inputs on a target and says what is wrong, whichever way it comes to light. */
import { quietYjs } from "./quiet-yjs.js";
import { Outcomes, type Target } from "./target.js";
import type { Tape } from "./tape.js";
import { Watchdog } from "./watchdog.js";

export class Player {
  readonly target: Target;
  /** Of all that was played for its own sake. */
  readonly outcomes = new Outcomes();
  readonly #watchdog = new Watchdog();
  /** Rejections that nobody has heard. */
  #unheard: unknown[] = [];
  readonly #speakAgain = quietYjs();
  readonly #hear = (reason: unknown) => void this.#unheard.push(reason);
  /** The input that took longest, which is no error by itself. */
  slowest = { label: "", tookMs: 0 };
  playedCount = 0;

  constructor(target: Target) {
    this.target = target;
    process.on("unhandledRejection", this.#hear);
  }

  /** Resolves with what was thrown; `undefined`: nothing was. */
  async play(tape: Tape, label: string, outcomes: Outcomes = this.outcomes): Promise<Error | undefined> {
    this.#watchdog.begins(`--target ${this.target.name} --seed ${label}`);
    const startMs = performance.now();
    const thrown = await this.#play(tape, outcomes);
    const tookMs = performance.now() - startMs;
    if (tookMs > this.slowest.tookMs) this.slowest = { label, tookMs };
    this.playedCount += 1;
    return thrown;
  }

  async stop(): Promise<void> {
    process.off("unhandledRejection", this.#hear);
    this.#speakAgain();
    await this.#watchdog.stop();
  }

  async #play(tape: Tape, outcomes: Outcomes): Promise<Error | undefined> {
    try {
      const playing = this.target.play(tape, outcomes);
      if (playing) await playing;
    } catch (thrown) {
      return thrown instanceof Error ? thrown : new Error(String(thrown));
    }
    const [unheard] = this.#unheard.splice(0);
    return unheard === undefined ? undefined : new Error("a rejection that nobody heard", { cause: unheard });
  }
}
