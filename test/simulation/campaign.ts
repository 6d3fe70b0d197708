/** Many seeds, one after the other: what they found, and what they got to see. */
import { runSeed, type Outcome } from "./run.js";
import type { CampaignSettings } from "./settings.js";

/** Between two lines about how far it has come. */
const progressMs = 10_000;
/** Enough to see what is wrong. */
const maxFailures = 20;

export class Campaign {
  readonly failures: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #settings: CampaignSettings;
  readonly #say: (text: string) => void;
  #seedCount = 0;
  #eventCount = 0;

  constructor(settings: CampaignSettings, say: (text: string) => void) {
    this.#settings = settings;
    this.#say = say;
  }

  async run(): Promise<void> {
    const { first, count, isReplay } = this.#settings;
    let saidAtMs = performance.now();
    for (let seed = first; seed < first + count && this.failures.length < maxFailures; seed++) {
      this.#take(await runSeed(seed, isReplay ? { onLine: this.#say } : {}));
      if (performance.now() - saidAtMs < progressMs) continue;
      saidAtMs = performance.now();
      this.#say(`${this.#seedCount} of ${count} seeds, ${this.failures.length} failed`);
    }
  }

  /** One line, then what was reached. */
  get report(): string {
    const { first } = this.#settings;
    const seeds = `seeds ${first} to ${first + this.#seedCount - 1}`;
    const reached = [...this.counts]
      .filter(([name]) => !name.startsWith("log: "))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${count} ${name}`);
    return `${reached.join(", ")}\nfound ${this.failures.length} failures in ${this.#seedCount} seeds (${seeds}), ${this.#eventCount} events`;
  }

  #take({ seed, violation, end, eventCount, counts }: Outcome): void {
    this.#seedCount += 1;
    this.#eventCount += eventCount;
    for (const [name, count] of counts) this.counts.set(name, (this.counts.get(name) ?? 0) + count);
    if (violation === undefined) return;
    this.failures.push(`seed ${seed}: ${violation}`);
    const replay = `SYNCLINE_CAMPAIGN_SEED=${seed} npx vitest run --project simulation`;
    this.#say([...end, `seed ${seed} failed: ${violation}`, `again: ${replay}`].join("\n"));
  }
}
