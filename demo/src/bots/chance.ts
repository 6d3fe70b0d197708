/** Decisions left to chance, which tests repeat. */
export class Chance {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** A whole number from `least` up to, and with, `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1));
  }

  oneOf<Thing>(things: readonly [Thing, ...Thing[]]): Thing {
    return things[this.between(0, things.length - 1)] ?? things[0];
  }

  /** One that is not among what there is, if it comes up soon. */
  another(phrases: readonly [string, ...string[]], present: string): string {
    let phrase = this.oneOf(phrases);
    for (let draw = 0; draw < 5 && present.includes(phrase.trim()); draw += 1) phrase = this.oneOf(phrases);
    return phrase;
  }

  /** @param share of all times, 0 to 1 */
  happens(share: number): boolean {
    return this.#random() < share;
  }
}
