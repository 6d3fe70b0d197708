/** Edits at random moments, also while there is no server: what is typed offline is sent at the return. */
import type { Random } from "../fixtures/random.js";
import type { CampaignDocument } from "./campaign-document.js";

const longestPauseMs = 5;

export class Typing {
  readonly #random: Random;
  readonly #documents: () => readonly CampaignDocument[];
  #timer: NodeJS.Timeout | undefined;
  /** Gets half of all edits for a while, so that it is compacted often. */
  #busiest: CampaignDocument | undefined;

  constructor(random: Random, documents: () => readonly CampaignDocument[]) {
    this.#random = random;
    this.#documents = documents;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#type();
      this.start();
    }, this.#random.int(longestPauseMs));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #type(): void {
    const random = this.#random;
    const documents = this.#documents();
    if (!this.#busiest || random.chance(0.01)) this.#busiest = random.pick(documents);
    const document = random.chance(0.5) && documents.includes(this.#busiest) ? this.#busiest : random.pick(documents);
    document.edit();
    if (random.chance(0.006)) this.#goAndReturn(random.pick(documents));
  }

  /** Everybody leaves a document, for long enough that it is let go, or not quite. */
  #goAndReturn(document: CampaignDocument): void {
    document.disconnectAll();
    setTimeout(() => document.connectAll(), this.#random.int(100));
  }
}
