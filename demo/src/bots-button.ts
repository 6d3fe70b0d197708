/** "+20 bots": asks simulated people in, and sends them home. Their code is loaded when they are first asked for. */
import type { Bots } from "./bots/bots.js";
import type { ViewName } from "./document.js";

export interface BotsButtonOptions {
  readonly button: HTMLButtonElement;
  readonly serverUrl: string;
  readonly room: string;
  readonly view: ViewName;
  /** Their code could not be fetched. */
  readonly onNotLoaded: () => void;
}

const botCount = 20;

type State =
  | { readonly kind: "away" }
  | { readonly kind: "coming" }
  | { readonly kind: "here"; readonly bots: Bots }
  | { readonly kind: "leaving"; readonly bots: Bots };

const labels: Readonly<Record<State["kind"], string>> = {
  away: `+${botCount} bots`,
  coming: "Bots are coming…",
  here: "Send the bots home",
  leaving: "Bots are leaving…",
};

export class BotsButton {
  readonly #options: BotsButtonOptions;
  #state: State = { kind: "away" };
  #view: ViewName;
  #isDestroyed = false;

  constructor(options: BotsButtonOptions) {
    this.#options = options;
    this.#view = options.view;
    options.button.addEventListener("click", this.#onClick);
    this.#enter({ kind: "away" });
  }

  set view(view: ViewName) {
    this.#view = view;
    if (this.#state.kind === "here") this.#state.bots.view = view;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#options.button.removeEventListener("click", this.#onClick);
    if ("bots" in this.#state) this.#state.bots.destroy();
  }

  readonly #onClick = (): void => {
    if (this.#state.kind === "away") void this.#invite();
    if (this.#state.kind === "here") void this.#sendHome(this.#state.bots);
  };

  async #invite(): Promise<void> {
    this.#enter({ kind: "coming" });
    const { serverUrl, room } = this.#options;
    const loaded = await import("./bots/bots.js").catch(() => undefined);
    if (this.#isDestroyed) return;
    if (!loaded) return this.#giveUp();
    const bots = new loaded.Bots({ serverUrl, room, view: this.#view, onFailure: () => this.#giveUp() });
    bots.start(botCount);
    this.#enter({ kind: "here", bots });
  }

  #giveUp(): void {
    if (this.#isDestroyed) return;
    this.#options.onNotLoaded();
    this.#enter({ kind: "away" });
  }

  async #sendHome(bots: Bots): Promise<void> {
    this.#enter({ kind: "leaving", bots });
    await bots.stop();
    bots.destroy();
    if (!this.#isDestroyed) this.#enter({ kind: "away" });
  }

  #enter(state: State): void {
    this.#state = state;
    const { button } = this.#options;
    button.textContent = labels[state.kind];
    button.dataset["state"] = state.kind;
    button.ariaDisabled = String(state.kind === "coming" || state.kind === "leaving");
  }
}
