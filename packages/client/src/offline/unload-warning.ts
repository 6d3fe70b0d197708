/** The browser's question whether to leave the page, while there is something to lose. Knows no documents. */
import type { PageEventTarget } from "../page-events.js";

export class UnloadWarning {
  readonly #target: PageEventTarget | null;
  readonly #isWanted: () => boolean;

  constructor(target: PageEventTarget | null, isWanted: () => boolean) {
    this.#target = target;
    this.#isWanted = isWanted;
  }

  /** Listens only while it has to: some browsers keep a page that listens out of the back-forward cache. */
  set(hasUnstoredEdits: boolean): void {
    if (hasUnstoredEdits) this.#target?.addEventListener("beforeunload", this.#onBeforeUnload);
    else this.#target?.removeEventListener("beforeunload", this.#onBeforeUnload);
  }

  readonly #onBeforeUnload = (event: Event): void => {
    if (!this.#isWanted()) return;
    event.preventDefault();
    // Chromium before 119 asks for this.
    (event as BeforeUnloadEvent).returnValue = true;
  };
}
