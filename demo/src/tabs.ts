/** A row of tabs, of which the arrow keys choose one, as in any other program. */

export interface TabsOptions<Name extends string> {
  /** Around all of them. */
  readonly list: HTMLElement;
  /** By what they choose, in their order. */
  readonly tabs: ReadonlyMap<Name, HTMLElement>;
  /** What they choose for. */
  readonly panel: HTMLElement;
  readonly onChoice: (name: Name) => void;
}

const steps: Readonly<Record<string, (at: number) => number>> = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: () => -1,
};

export class Tabs<Name extends string> {
  readonly #options: TabsOptions<Name>;

  constructor(options: TabsOptions<Name>) {
    this.#options = options;
    for (const [name, tab] of options.tabs) tab.addEventListener("click", () => options.onChoice(name));
    options.list.addEventListener("keydown", (event) => this.#step(event));
  }

  get list(): HTMLElement {
    return this.#options.list;
  }

  show(shown: Name): void {
    for (const [name, tab] of this.#options.tabs) {
      const isShown = name === shown;
      tab.ariaSelected = String(isShown);
      // The Tab key leads to the chosen one only.
      tab.tabIndex = isShown ? 0 : -1;
      tab.autofocus = isShown;
      if (isShown) this.#options.panel.setAttribute("aria-labelledby", tab.id);
    }
  }

  #step(event: KeyboardEvent): void {
    const step = steps[event.key];
    const tabs = [...this.#options.tabs];
    const at = tabs.findIndex(([, tab]) => tab === document.activeElement);
    if (!step || at < 0) return;
    const chosen = tabs.at(step(at) % tabs.length);
    if (!chosen) return;
    event.preventDefault();
    const [name, tab] = chosen;
    this.#options.onChoice(name);
    tab.focus();
  }
}
