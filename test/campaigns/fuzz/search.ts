/**
 * Looks for what breaks a target: inputs from nothing, from the corpus, and children of others; where it is guided, of those that
 * have reached code which none before had. Ends with the first failure, which is made simpler and told.
 */
import { Random } from "../../fixtures/random.js";
import type { Coverage, Ground } from "./coverage.js";
import { type Lineage, parentOf, tapeOf, textOf } from "./lineage.js";
import { simpler } from "./mutation.js";
import type { Player } from "./player.js";
import { blank, type Recording, Tape } from "./tape.js";
import { Outcomes } from "./target.js";

export interface SearchOptions {
  readonly player: Player;
  readonly coverage: Coverage | undefined;
  readonly seed: number;
  readonly spanMs: number;
  readonly corpus: readonly Lineage[];
  /** Takes coverage. */
  readonly isGuided: boolean;
}

export interface Known extends Recording {
  readonly lineage: Lineage;
}

export interface Kept extends Known {
  /** How many blocks it was the first to reach. */
  gain: number;
}

export interface Failure {
  readonly lineage: Lineage;
  readonly error: Error;
  /** What the simplest tape that still fails does, step by step. */
  readonly story: readonly string[];
}

/** Looking costs some milliseconds: at most this part of the time. */
const lookShare = 0.1;
const childChance = 0.65;
/** How long a failing input is made simpler. */
const simplifyMs = 15_000;
/** Not guided: how many inputs, whichever, are changed further. */
const anyCount = 300;

export class Search {
  readonly #options: SearchOptions;
  readonly #random: Random;
  readonly kept: Kept[] = [];
  #batch: Known[] = [];
  #nextSeed: number;
  #lookedAtMs = 0;
  failure: Failure | undefined;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#nextSeed = options.seed;
  }

  async run(): Promise<void> {
    const untilMs = performance.now() + this.#options.spanMs;
    for (const lineage of this.#options.corpus) {
      if (this.failure) return;
      await this.#try(
        lineage,
        await parentOf(lineage, (tape) => this.#options.player.play(tape, textOf(lineage), new Outcomes())),
      );
    }
    while (!this.failure && performance.now() < untilMs) {
      const parent = this.kept.length > 0 && this.#random.chance(childChance) ? this.#pickParent() : undefined;
      const seed = this.#nextSeed++;
      await this.#try(parent ? [...parent.lineage, seed] : [seed], parent ?? blank);
      if (this.#isTimeToLook) await this.#look();
    }
    await this.#look();
  }

  async #try(lineage: Lineage, parent: Recording): Promise<void> {
    const tape = tapeOf(lineage, parent);
    const error = await this.#options.player.play(tape, textOf(lineage));
    const { words, steps } = tape;
    if (error) this.failure = { lineage, error, story: await this.#simplify({ words, steps }) };
    else this.#remember({ lineage, words, steps });
  }

  #remember(known: Known): void {
    if (this.#options.isGuided) return void this.#batch.push(known);
    if (this.kept.length < anyCount) this.kept.push({ ...known, gain: 0 });
    else if (this.#random.chance(0.05)) this.kept[this.#random.int(anyCount)] = { ...known, gain: 0 };
  }

  /** Rather one of the latest: it is where the search has got to. */
  #pickParent(): Kept | undefined {
    const { kept } = this;
    return kept[
      this.#random.chance(0.5)
        ? kept.length - 1 - this.#random.int(Math.min(20, kept.length))
        : this.#random.int(kept.length)
    ];
  }

  get #isTimeToLook(): boolean {
    const { coverage, isGuided } = this.#options;
    return isGuided && performance.now() - this.#lookedAtMs > (coverage?.lookMs ?? 0) / lookShare;
  }

  async #look(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    const { coverage, isGuided } = this.#options;
    const ground = await coverage?.look();
    if (coverage && ground && isGuided) await this.#attribute(ground, batch, coverage);
    this.#lookedAtMs = performance.now();
  }

  /** Who of the batch was there: all are played again, one by one, the shortest first, whose children will be fast. */
  async #attribute(ground: Ground, batch: readonly Known[], coverage: Coverage): Promise<void> {
    const { player } = this.#options;
    for (const known of batch.toSorted((a, b) => a.words.length - b.words.length)) {
      const before = sizeOf(ground);
      if (before === 0) return;
      await player.play(new Tape(known.lineage.at(-1) ?? 0, known.words), textOf(known.lineage), new Outcomes());
      if (await coverage.claim(ground)) this.kept.push({ ...known, gain: before - sizeOf(ground) });
    }
  }

  async #simplify(failing: Recording): Promise<string[]> {
    const { player } = this.#options;
    const untilMs = performance.now() + simplifyMs;
    let simplest = failing;
    for (let isSimpler = true; isSimpler;) {
      isSimpler = false;
      for (const words of simpler(simplest)) {
        if (performance.now() > untilMs) return this.#storyOf(simplest);
        const tape = new Tape(0, words);
        const fails = await player.play(tape, "while making it simpler", new Outcomes());
        if (!fails || weightOf(tape) >= weightOf(simplest)) continue;
        simplest = { words: tape.words, steps: tape.steps };
        isSimpler = true;
        break;
      }
    }
    return this.#storyOf(simplest);
  }

  async #storyOf({ words }: Recording): Promise<string[]> {
    const story: string[] = [];
    const error = await this.#options.player.play(
      new Tape(0, words, (line) => story.push(line)),
      "simplest",
      new Outcomes(),
    );
    return [...story, `→ ${error?.message ?? "nothing: it fails no more"}`];
  }
}

function sizeOf(ground: Ground): number {
  return [...ground.values()].reduce((sum, { size }) => sum + size, 0);
}

/** Shorter is simpler, then lower. */
function weightOf({ words }: Recording): number {
  return words.length + words.reduce((sum, word) => sum + (word > 0 ? 1 : 0), 0);
}
