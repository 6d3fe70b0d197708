/** Everyone else in the room, as discs to click: whoever is followed, the pane goes where they go. */
import { viewNames, type ViewName } from "./document.js";
import { disc, nameOf, personIn, type Awareness, type Person } from "./people.js";

export interface Followed {
  readonly clientId: number;
  readonly person: Person;
  /** What they look at; `undefined` when they do not say. */
  readonly view: ViewName | undefined;
}

export interface FollowListOptions {
  readonly list: HTMLElement;
  readonly awareness: Awareness;
  /** Somebody is followed, or nobody any more, or whoever is followed did something. */
  readonly onChange: (followed: Followed | undefined) => void;
}

const shownAtMost = 4;

export class FollowList {
  readonly #options: FollowListOptions;
  readonly #discs = new Map<number, PersonDisc>();
  #followed: number | undefined;
  #wasFollowing = false;

  constructor(options: FollowListOptions) {
    this.#options = options;
    options.awareness.on("change", this.#render);
    this.#render();
  }

  get followed(): Followed | undefined {
    const clientId = this.#followed;
    if (clientId === undefined) return undefined;
    const state = this.#options.awareness.getStates().get(clientId);
    return { clientId, person: personIn(state), view: viewNames.find((name) => name === state?.["view"]) };
  }

  follow(clientId: number | undefined): void {
    if (clientId === this.#followed) return;
    this.#followed = clientId;
    this.#render();
  }

  destroy(): void {
    this.#options.awareness.off("change", this.#render);
  }

  /** Discs stay the same elements: one that has the keyboard keeps it. */
  readonly #render = (): void => {
    const { awareness, list } = this.#options;
    const states = awareness.getStates();
    const others = [...states.keys()].filter((clientId) => clientId !== awareness.clientID);
    for (const clientId of this.#discs.keys()) if (!states.has(clientId)) this.#discs.delete(clientId);
    if (this.#followed !== undefined && !states.has(this.#followed)) this.#followed = undefined;
    const shown = others.slice(0, shownAtMost);
    if (this.#followed !== undefined && !shown.includes(this.#followed)) shown[shownAtMost - 1] = this.#followed;
    const items = shown.map((clientId) => this.#discOf(clientId).show(personIn(states.get(clientId)), this.#followed));
    if (others.length > shownAtMost) items.push(moreItem(others.length - shownAtMost));
    replaceWhatDiffers(list, items);
    if (this.#followed !== undefined || this.#wasFollowing) this.#options.onChange(this.followed);
    this.#wasFollowing = this.#followed !== undefined;
  };

  #discOf(clientId: number): PersonDisc {
    const known = this.#discs.get(clientId);
    if (known) return known;
    const made = new PersonDisc(clientId, () => this.follow(this.#followed === clientId ? undefined : clientId));
    this.#discs.set(clientId, made);
    return made;
  }
}

class PersonDisc {
  readonly #clientId: number;
  readonly #item = document.createElement("li");
  readonly #button = document.createElement("button");
  #shown = "";

  constructor(clientId: number, onClick: () => void) {
    this.#clientId = clientId;
    this.#button.type = "button";
    this.#button.addEventListener("click", onClick);
    this.#item.append(this.#button);
  }

  show(person: Person, followed: number | undefined): HTMLLIElement {
    const isFollowed = followed === this.#clientId;
    this.#button.setAttribute("aria-pressed", String(isFollowed));
    this.#button.title = isFollowed ? `Following ${person.name}` : `Follow ${person.name}`;
    const shown = `${person.name} ${person.color}`;
    if (shown !== this.#shown) this.#button.replaceChildren(disc(person), nameOf(person));
    this.#shown = shown;
    return this.#item;
  }
}

function moreItem(count: number): HTMLLIElement {
  const item = document.createElement("li");
  item.className = "more";
  item.textContent = `+${count}`;
  item.title = `${count} more ${count === 1 ? "person" : "people"}`;
  return item;
}

function replaceWhatDiffers(list: HTMLElement, items: readonly HTMLElement[]): void {
  items.forEach((item, index) => {
    const there = list.children[index];
    if (there !== item) list.insertBefore(item, there ?? null);
  });
  while (list.children.length > items.length) list.lastElementChild?.remove();
}
