/** Which view the panes show: a row of tabs, of which the arrow keys choose one, as in any other program. */
import { viewNames, type ViewName } from "./document.js";
import { loadView } from "./views/catalogue.js";

export interface ViewTabsOptions {
  readonly list: HTMLElement;
  /** What the tabs choose for. */
  readonly panel: HTMLElement;
  readonly onChoice: (view: ViewName) => void;
}

const steps: Readonly<Record<string, (at: number) => number>> = {
  ArrowLeft: (at) => at - 1,
  ArrowRight: (at) => at + 1,
  Home: () => 0,
  End: () => -1,
};

export class ViewTabs {
  readonly #options: ViewTabsOptions;
  readonly #tabs: ReadonlyMap<ViewName, HTMLElement>;

  constructor(options: ViewTabsOptions) {
    this.#options = options;
    this.#tabs = new Map(viewNames.map((view) => [view, this.#tab(view)]));
    options.list.addEventListener("keydown", (event) => this.#step(event));
  }

  show(shown: ViewName): void {
    for (const [view, tab] of this.#tabs) {
      const isShown = view === shown;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      if (isShown) this.#options.panel.setAttribute("aria-labelledby", tab.id);
    }
  }

  #tab(view: ViewName): HTMLElement {
    const tab = this.#options.list.querySelector<HTMLElement>(`#tab-${view}`);
    if (!tab) throw new Error(`index.html has no tab for the view "${view}"`);
    tab.addEventListener("click", () => this.#options.onChoice(view));
    // By the time of the click its editor is here. What fails now is said then.
    tab.addEventListener("pointerenter", () => void loadView(view).catch(() => undefined), { once: true });
    return tab;
  }

  #step(event: KeyboardEvent): void {
    const step = steps[event.key];
    const at = [...this.#tabs.values()].findIndex((tab) => tab === document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    const view = viewNames.at(step(at) % viewNames.length);
    if (view === undefined) return;
    this.#tabs.get(view)?.focus();
    this.#options.onChoice(view);
  }
}
