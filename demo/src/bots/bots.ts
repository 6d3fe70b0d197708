/** Simulated people for a room, as the page has them: they come, move to another view, and leave with all they did. */
import type { ViewName } from "../document.js";
import type { FromBots, Invitation, ToBots } from "./messages.js";

export type BotsOptions = Omit<Invitation, "count">;

/** Longer than they take, even without a server. */
const patienceMs = 4_000;

type State =
  | { readonly kind: "away" }
  | { readonly kind: "here"; readonly worker: Worker }
  | { readonly kind: "leaving"; readonly worker: Worker; readonly left: Promise<void> };

export class Bots {
  readonly #options: BotsOptions;
  readonly #listeners = new Set<() => void>();
  #state: State = { kind: "away" };
  #view: ViewName;
  #count = 0;

  constructor(options: BotsOptions) {
    this.#options = options;
    this.#view = options.view;
  }

  /** How many are in the room. */
  get count(): number {
    return this.#count;
  }

  get view(): ViewName {
    return this.#view;
  }

  /** They all go there. */
  set view(view: ViewName) {
    this.#view = view;
    if (this.#state.kind === "here") say(this.#state.worker, { kind: "move", view });
  }

  /** They come one by one, over a few seconds. Does nothing while there are some. */
  start(count = 20): void {
    if (this.#state.kind === "here") return;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<FromBots>) => {
      if (data.kind === "here" && this.#isPresent(worker)) this.#setCount(data.count);
    });
    this.#state = { kind: "here", worker };
    say(worker, { kind: "come", ...this.#options, view: this.#view, count });
  }

  /** They are gone from the list of people at once. Resolves when their work is gone, too. */
  async stop(): Promise<void> {
    if (this.#state.kind === "here") {
      const { worker } = this.#state;
      const left = farewell(worker);
      this.#state = { kind: "leaving", worker, left };
      this.#setCount(0);
      await left;
      worker.terminate();
      if (this.#state.kind === "leaving" && this.#state.worker === worker) this.#state = { kind: "away" };
    } else if (this.#state.kind === "leaving") {
      await this.#state.left;
    }
  }

  /** Calls back when `count` has changed. Returns what ends that. */
  subscribe(onChange: () => void): () => void {
    this.#listeners.add(onChange);
    return () => void this.#listeners.delete(onChange);
  }

  /** Those that are here leave, and tell nobody. */
  destroy(): void {
    this.#listeners.clear();
    void this.stop();
  }

  #isPresent(worker: Worker): boolean {
    return this.#state.kind === "here" && this.#state.worker === worker;
  }

  #setCount(count: number): void {
    if (count === this.#count) return;
    this.#count = count;
    for (const listener of [...this.#listeners]) listener();
  }
}

function say(worker: Worker, message: ToBots): void {
  worker.postMessage(message);
}

/** Resolves when they have left, or their worker no longer works. */
function farewell(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs);
    const leave = () => {
      clearTimeout(timer);
      resolve();
    };
    worker.addEventListener("message", ({ data }: MessageEvent<FromBots>) => {
      if (data.kind === "left") leave();
    });
    worker.addEventListener("error", leave);
    say(worker, { kind: "leave" });
  });
}
