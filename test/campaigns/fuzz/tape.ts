/**
 * Chance on a tape. Whatever a target draws is noted, so that an input is a list of numbers whatever it is an input for: it can
 * be played again, changed a little and made shorter, and every tape is some input. Steps are the parts worth moving as a whole.
 */
import { Random } from "../../fixtures/random.js";

/** Each number drawn is below this. */
export const wordLimit = 2 ** 16;

export interface Recording {
  readonly words: readonly number[];
  /** Where in `words` each step began, ascending. */
  readonly steps: readonly number[];
}

export const blank: Recording = { words: [], steps: [] };

export class Tape extends Random implements Recording {
  readonly words: number[] = [];
  readonly steps: number[] = [];
  readonly #given: readonly number[];
  readonly #tell: ((text: string) => void) | undefined;

  /** Draws `given`, then goes on with what `seed` gives. @param tell is told what each step does, where somebody wants to know */
  constructor(seed: number, given: readonly number[] = [], tell?: (text: string) => void) {
    super(seed);
    this.#given = given;
    this.#tell = tell;
  }

  override int(bound: number): number {
    if (bound <= wordLimit) return Math.floor((this.#draw() * bound) / wordLimit);
    return Math.floor(((this.#draw() * wordLimit + this.#draw()) / wordLimit ** 2) * bound);
  }

  /** A low word says no: a tape of zeros is the dullest input. */
  override chance(probability: number): boolean {
    return this.#draw() >= wordLimit * (1 - probability);
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.int(256));
  }

  beginStep(): void {
    this.steps.push(this.words.length);
  }

  say(text: () => string): void {
    this.#tell?.(text());
  }

  #draw(): number {
    const word = this.#given[this.words.length] ?? super.int(wordLimit);
    this.words.push(word);
    return word;
  }
}
