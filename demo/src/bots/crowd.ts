/**
 * Simulated people who come one after the other, take turns, and leave together. However many they are, all of them together
 * do one small thing at a time: a page that shows them has as much to do as with three fast typists.
 */
import type { Timing } from "@syncline/client";
import type { ViewName } from "../document.js";
import type { Person } from "../people.js";
import { Bot, type Membership } from "./bot.js";
import { botAt } from "./bot-people.js";
import { Chance } from "./chance.js";

export interface CrowdOptions {
  readonly count: number;
  readonly view: ViewName;
  readonly join: (person: Person) => Membership;
  readonly timing: Timing;
}

/** Seven steps a second, each one edit and one presence message at most. */
const stepMs = { least: 100, most: 185 } as const;
/** The rest looks at what they do. */
const mostBusy = 3;
/** Then what was not saved is not: the server is away, and they cannot wait for it. */
const farewellMs = 2_000;

type State = "coming and going" | "left";

export class Crowd {
  readonly #options: CrowdOptions;
  readonly #chance: Chance;
  readonly #bots: Bot[] = [];
  readonly #busy = new Set<Bot>();
  #view: ViewName;
  #state: State = "coming and going";
  #isTidy = false;
  #cancelTimer: () => void = () => {};

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#chance = new Chance(options.timing.random);
    this.#view = options.view;
    this.#schedule();
  }

  set view(view: ViewName) {
    this.#view = view;
    for (const bot of this.#bots) bot.moveTo(view);
  }

  /** They are no longer seen at once. Resolves when their traces are gone from the server's disk, or after two seconds. */
  async leave(): Promise<void> {
    if (this.#state === "left") return;
    this.#state = "left";
    this.#cancelTimer();
    const memberships = this.#bots.map(({ membership }) => membership);
    for (const bot of this.#bots) bot.vanish();
    await this.#atMost(farewellMs, Promise.allSettled(memberships.map((membership) => membership.whenDurable())));
    for (const membership of memberships) membership.leave();
  }

  #schedule(): void {
    const delayMs = this.#chance.between(stepMs.least, stepMs.most);
    this.#cancelTimer = this.#options.timing.setTimer(() => this.#step(), delayMs);
  }

  #step(): void {
    this.#schedule();
    if (this.#bots.length < this.#options.count) this.#welcome();
    else this.#tidyUpOnce();
    this.#engage();
    const [bot] = this.#drawn([...this.#busy]);
    if (bot && (!bot.membership.isSynced || !bot.step())) this.#busy.delete(bot);
  }

  #welcome(): void {
    const person = botAt(this.#bots.length);
    const membership = this.#options.join(person);
    this.#bots.push(new Bot({ person, membership, chance: this.#chance, view: this.#view }));
  }

  /** By now they know who else is here. */
  #tidyUpOnce(): void {
    const [first] = this.#bots;
    if (this.#isTidy || !first?.membership.isSynced) return;
    this.#isTidy = true;
    first.tidyUp();
  }

  #engage(): void {
    if (this.#busy.size >= mostBusy) return;
    const idle = this.#bots.filter((bot) => !this.#busy.has(bot) && bot.membership.isSynced);
    for (const bot of this.#drawn(idle)) this.#busy.add(bot);
  }

  /** One of them, or none where there is none. */
  #drawn(bots: readonly Bot[]): readonly Bot[] {
    const bot = bots[this.#chance.between(0, bots.length - 1)];
    return bot ? [bot] : [];
  }

  async #atMost(ms: number, done: Promise<unknown>): Promise<void> {
    let cancel = () => {};
    const over = new Promise<void>((resolve) => (cancel = this.#options.timing.setTimer(resolve, ms)));
    await Promise.race([done, over]);
    cancel();
  }
}
