/** Something that inputs are played on, and what came of them. */
import type { Tape } from "./tape.js";

export interface Target {
  readonly name: string;
  /**
   * Plays one input, all of which is drawn from `tape`: the same tape is the same run. @throws when something is not as it must be
   */
  play(tape: Tape, outcomes: Outcomes): void | Promise<void>;
}

/** How many inputs there were, and of how many kinds what came of them was. */
export class Outcomes {
  readonly counts = new Map<string, number>();
  inputCount = 0;

  /** One input came to this. Numbers in it are not told apart. */
  note(outcome: string): void {
    this.inputCount += 1;
    const kind = outcome.slice(0, 160).replaceAll(/\d+(\.\d+)?/g, "N");
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

/** Something is not as it must be. */
export class Violation extends Error {
  override readonly name = "Violation";
}

export function must(isSo: boolean, otherwise: () => string): asserts isSo {
  if (!isSo) throw new Violation(otherwise());
}
