/** The others' pointers over the board, with their names. What others say is not trusted. */
import { boardSize, type Pointer } from "../../document.js";
import { nameOf, personIn, type Awareness, type Person } from "../../people.js";
import { icon } from "../icon.js";
import { between } from "./ink.js";

/** More could not be told from each other. */
const shownAtMost = 60;

export class OtherPointers {
  readonly #awareness: Awareness;
  readonly #layer = document.createElement("div");
  readonly #shown = new Map<number, OtherPointer>();
  #followed: number | undefined;

  constructor(parent: HTMLElement, awareness: Awareness) {
    this.#awareness = awareness;
    this.#layer.className = "board-pointers";
    this.#layer.setAttribute("aria-hidden", "true");
    parent.append(this.#layer);
    awareness.on("change", this.#render);
    this.#render();
  }

  /** Stands out from now on. */
  set followed(clientId: number | undefined) {
    this.#followed = clientId;
    this.#render();
  }

  destroy(): void {
    this.#awareness.off("change", this.#render);
    this.#layer.remove();
  }

  readonly #render = (): void => {
    const states = [...this.#awareness.getStates()].filter(([clientId]) => clientId !== this.#awareness.clientID);
    const here = new Map(
      states
        .map(([clientId, state]) => [clientId, { person: personIn(state), place: pointerIn(state) }] as const)
        .filter(([, { place }]) => place !== undefined)
        .slice(0, shownAtMost),
    );
    for (const [clientId, pointer] of this.#shown) if (!here.has(clientId)) this.#remove(clientId, pointer);
    for (const [clientId, { person, place }] of here) if (place) this.#pointerOf(clientId).show(person, place);
    this.#layer.classList.toggle("has-followed", this.#followed !== undefined && here.has(this.#followed));
    for (const [clientId, { element }] of this.#shown) {
      element.classList.toggle("is-followed", clientId === this.#followed);
    }
  };

  #pointerOf(clientId: number): OtherPointer {
    const known = this.#shown.get(clientId);
    if (known) return known;
    const pointer = new OtherPointer();
    this.#shown.set(clientId, pointer);
    this.#layer.append(pointer.element);
    return pointer;
  }

  #remove(clientId: number, { element }: OtherPointer): void {
    element.remove();
    this.#shown.delete(clientId);
  }
}

class OtherPointer {
  readonly element = document.createElement("div");
  #person: Person | undefined;

  constructor() {
    this.element.className = "board-pointer";
  }

  show(person: Person, { x, y, isDown }: Pointer): void {
    if (person.name !== this.#person?.name || person.color !== this.#person.color) this.#introduce(person);
    this.#person = person;
    this.element.classList.toggle("is-down", isDown);
    // Where there is no room for the name on its usual side.
    this.element.classList.toggle("is-at-right", x > 0.72 * boardSize.width);
    this.element.classList.toggle("is-at-bottom", y > 0.9 * boardSize.height);
    this.element.style.transform = `translate(${(100 * x) / boardSize.width}cqw, ${(100 * y) / boardSize.height}cqh)`;
  }

  #introduce(person: Person): void {
    this.element.style.setProperty("--person", person.color);
    this.element.replaceChildren(icon("pointer"), nameOf(person));
  }
}

function pointerIn(state: { readonly [field: string]: unknown }): Pointer | undefined {
  const pointer = state["pointer"];
  if (typeof pointer !== "object" || pointer === null) return undefined;
  const { x, y, isDown } = pointer as Partial<Record<string, unknown>>;
  if (!Number.isFinite(x) || !Number.isFinite(y)) return undefined;
  return {
    x: between(0, Number(x), boardSize.width),
    y: between(0, Number(y), boardSize.height),
    isDown: isDown === true,
  };
}
