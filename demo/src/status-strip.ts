/** The foot of a pane: the sentence, and the three layers through which edits settle. Shows a state, decides nothing. */
import type { SaveState } from "@syncline/client";
import { part } from "./dom.js";
import { saveStory, type PaneState, type SaveStory, type Tone } from "./save-story.js";

/** While someone types, every edit is saved a few ms later: "saved" is said once they pause. The counts do not wait. */
const calmAfterMs = 350;
/** A screen reader is told how things are, not each step on the way. */
const announceAfterMs = 700;

export class StatusStrip {
  readonly #pane: HTMLElement;
  readonly #sentence: HTMLElement;
  readonly #announcement: HTMLElement;
  readonly #retry: HTMLButtonElement;
  readonly #layers: readonly Layer[];
  #tone: Tone = "loading";
  #calmTimer: ReturnType<typeof setTimeout> | undefined;
  #announceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(pane: HTMLElement, onRetry: () => void) {
    this.#pane = pane;
    this.#sentence = part(pane, "sentence", HTMLElement);
    this.#announcement = part(pane, "announcement", HTMLElement);
    this.#retry = part(pane, "retry", HTMLButtonElement);
    this.#retry.addEventListener("click", onRetry);
    this.#layers = [...pane.querySelectorAll<HTMLElement>("[data-stage]")].map((element) => new Layer(element));
  }

  show(state: PaneState): void {
    for (const layer of this.#layers) layer.show(state.saveState);
    const story = saveStory(state);
    clearTimeout(this.#calmTimer);
    if (story.tone === "saved" && this.#tone === "saving") {
      this.#calmTimer = setTimeout(() => this.#tell(story), calmAfterMs);
    } else {
      this.#tell(story);
    }
  }

  destroy(): void {
    clearTimeout(this.#calmTimer);
    clearTimeout(this.#announceTimer);
  }

  #tell({ tone, sentence }: SaveStory): void {
    this.#tone = tone;
    this.#pane.dataset["tone"] = tone;
    this.#retry.hidden = tone !== "closed";
    if (this.#sentence.textContent === sentence) return;
    this.#sentence.textContent = sentence;
    clearTimeout(this.#announceTimer);
    this.#announceTimer = setTimeout(() => (this.#announcement.textContent = sentence), announceAfterMs);
  }
}

type Stage = keyof SaveState;

function stageOf(element: HTMLElement): Stage {
  const stage = element.dataset["stage"];
  if (stage === "inThisBrowser" || stage === "received" || stage === "durable") return stage;
  throw new Error(`index.html names a stage "${stage}" that edits do not pass`);
}

class Layer {
  readonly #element: HTMLElement;
  readonly #count: HTMLElement;
  readonly #stage: Stage;

  constructor(element: HTMLElement) {
    this.#element = element;
    this.#count = part(element, "count", HTMLElement);
    this.#stage = stageOf(element);
  }

  show(saveState: SaveState): void {
    const count = saveState[this.#stage];
    this.#count.textContent = count.toLocaleString("en");
    this.#element.dataset["fill"] = fillOf(count, saveState.inThisBrowser);
  }
}

function fillOf(count: number, madeCount: number): "empty" | "partial" | "full" {
  if (madeCount === 0) return "empty";
  return count === madeCount ? "full" : "partial";
}
