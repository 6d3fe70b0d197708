/** Below the list: a field for what is to be done next, how much of it is, and undo and redo. */

export class AddForm {
  readonly element = document.createElement("form");
  readonly #input = document.createElement("input");
  readonly #count = document.createElement("p");
  readonly #news = document.createElement("p");

  /** @param onAdd is told what was typed; never nothing */
  constructor(historyButtons: readonly HTMLElement[], onAdd: (text: string) => void) {
    this.#input.className = "todo-new";
    this.#input.placeholder = "Add something to do";
    this.#input.setAttribute("aria-label", "Add something to do");
    this.#input.enterKeyHint = "done";
    this.#input.maxLength = 2_000;
    this.#input.autocomplete = "off";
    this.#count.className = "todo-count";
    this.#news.className = "visually-hidden";
    this.#news.setAttribute("role", "status");
    this.element.className = "todo-bar";
    this.element.append(this.#input, this.#count, ...historyButtons, this.#news);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      this.#input.value = "";
      if (text !== "") onAdd(text);
    });
  }

  /** Whether there is something in the field that is not in the document. */
  get isTyping(): boolean {
    return document.activeElement === this.#input && this.#input.value !== "";
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#input.disabled = isReadOnly;
    this.#input.placeholder = isReadOnly ? "Nothing can be added now" : "Add something to do";
  }

  showCounts(doneCount: number, count: number): void {
    this.#count.textContent = count === 0 ? "" : `${doneCount} of ${count} done`;
  }

  /** To who cannot see it. */
  announce(news: string): void {
    this.#news.textContent = news;
  }

  focus(): void {
    this.#input.focus();
  }
}
