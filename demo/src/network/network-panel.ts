/** "Network" in a pane's head: two sliders that make its connection as bad as the visitor likes. */
import { largestLossPercent, NetworkConditions } from "./conditions.js";
import "./network-panel.css";
import { lastStep, roundTripAt, stepOf } from "./round-trip-scale.js";

interface SliderOptions {
  readonly label: string;
  readonly max: number;
  readonly onInput: (step: number) => void;
}

/** What a keyboard's arrow moves by is one step. */
class Slider {
  readonly element = document.createElement("label");
  readonly #input = document.createElement("input");
  readonly #value = document.createElement("span");

  constructor({ label, max, onInput }: SliderOptions) {
    const name = document.createElement("span");
    name.textContent = label;
    this.#input.type = "range";
    this.#input.max = String(max);
    this.#input.addEventListener("input", () => onInput(this.#input.valueAsNumber));
    // The label is the name; the value is said by the slider itself.
    this.#value.className = "network-value";
    this.#value.ariaHidden = "true";
    this.element.append(name, this.#value, this.#input);
  }

  show(step: number, text: string): void {
    this.#input.value = String(step);
    this.#input.ariaValueText = text;
    this.#value.textContent = text;
  }
}

export class NetworkPanel {
  readonly conditions = new NetworkConditions();
  readonly #details = document.createElement("details");
  readonly #summary = document.createElement("summary");
  readonly #state = document.createElement("span");
  readonly #reset = document.createElement("button");
  readonly #roundTrip: Slider;
  readonly #loss: Slider;
  readonly #unsubscribe: () => void;

  /** @param parent in the pane's head; what opens hangs from it */
  constructor(parent: HTMLElement) {
    this.#roundTrip = new Slider({
      label: "Round trip",
      max: lastStep,
      onInput: (step) => this.conditions.change({ roundTripMs: roundTripAt(step) }),
    });
    this.#loss = new Slider({
      label: "Packets lost",
      max: largestLossPercent,
      onInput: (lossPercent) => this.conditions.change({ lossPercent }),
    });
    this.#build();
    parent.append(this.#details);
    this.#unsubscribe = this.conditions.subscribe(() => this.#show());
    this.#details.addEventListener("keydown", this.#onKey);
    this.#details.addEventListener("focusout", ({ relatedTarget }) => this.#closeBefore(relatedTarget));
    document.addEventListener("pointerdown", this.#onPointerElsewhere);
    this.#show();
  }

  destroy(): void {
    this.#unsubscribe();
    document.removeEventListener("pointerdown", this.#onPointerElsewhere);
    this.#details.remove();
  }

  #build(): void {
    this.#details.className = "network-panel";
    const name = document.createElement("span");
    name.className = "network-name";
    name.textContent = "Network";
    this.#state.className = "network-state";
    this.#summary.append(name, this.#state);

    const hint = document.createElement("p");
    hint.textContent = "What is lost is sent again after a while, and all that follows waits for it: TCP.";
    this.#reset.type = "button";
    this.#reset.className = "button";
    this.#reset.textContent = "Reset";
    this.#reset.addEventListener("click", () => this.conditions.reset());

    const sheet = document.createElement("div");
    sheet.className = "network-sheet";
    sheet.append(this.#roundTrip.element, this.#loss.element, hint, this.#reset);
    this.#details.append(this.#summary, sheet);
  }

  #show(): void {
    const { roundTripMs, lossPercent, isAtRest, summary } = this.conditions;
    this.#roundTrip.show(stepOf(roundTripMs), roundTripMs === 0 ? "as it is" : `+${roundTripMs} ms`);
    this.#loss.show(lossPercent, lossPercent === 0 ? "none" : `${lossPercent} %`);
    this.#state.textContent = summary;
    this.#details.dataset["state"] = isAtRest ? "rest" : "bad";
    this.#reset.ariaDisabled = String(isAtRest);
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !this.#details.open) return;
    this.#details.open = false;
    this.#summary.focus();
    event.stopPropagation();
  };

  readonly #onPointerElsewhere = ({ target }: Event): void => this.#closeBefore(target);

  /** Whatever is done next is done elsewhere: the sheet must not lie over it. */
  #closeBefore(target: EventTarget | null): void {
    if (target instanceof Node && !this.#details.contains(target)) this.#details.open = false;
  }
}
