/** Simulated people for a room, as the page has them: they come, move to another view, and leave with all they did. */
import type { ViewName } from "../document.js";
import type { FromBots, Invitation, ToBots } from "./messages.js";

export interface BotsOptions extends Omit<Invitation, "count"> {
  /** They cannot come, or cannot go on: there are none any more. */
  readonly onFailure: () => void;
}

/** Longer than they take, even without a server. */
const patienceMs = 4_000;

type State =
  | { readonly kind: "away" }
  | { readonly kind: "here"; readonly worker: Worker }
  | { readonly kind: "leaving"; readonly worker: Worker; readonly left: Promise<void> };

export class Bots {
  readonly #options: BotsOptions;
  #state: State = { kind: "away" };
  #view: ViewName;

  constructor(options: BotsOptions) {
    this.#options = options;
    this.#view = options.view;
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
    // Its code could not be fetched, or has a fault.
    worker.addEventListener("error", () => {
      this.#state = { kind: "away" };
      worker.terminate();
      this.#options.onFailure();
    });
    this.#state = { kind: "here", worker };
    const { serverUrl, room } = this.#options;
    say(worker, { kind: "come", serverUrl, room, view: this.#view, count });
  }

  /** They are gone from the list of people at once. Resolves when their work is gone, too. */
  async stop(): Promise<void> {
    if (this.#state.kind === "here") {
      const { worker } = this.#state;
      const left = farewell(worker);
      this.#state = { kind: "leaving", worker, left };
      await left;
      worker.terminate();
      if (this.#state.kind === "leaving" && this.#state.worker === worker) this.#state = { kind: "away" };
    } else if (this.#state.kind === "leaving") {
      await this.#state.left;
    }
  }

  /** Those that are here leave, and tell nobody. */
  destroy(): void {
    void this.stop();
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
