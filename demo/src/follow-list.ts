/** Everyone else in the room, as discs to click: whoever is followed, the pane goes where they go. */
import { viewNames, type ViewName } from "./document.js";
import { disc, nameOf, personIn, type Awareness, type Person } from "./people.js";

export interface Followed {
  readonly clientId: number;
  readonly person: Person;
  /** What they look at; `undefined` when they do not say. */
  readonly view: ViewName | undefined;
  /** Whoever goes offline for a moment comes back, and is followed again. */
  readonly isAway: boolean;
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
  readonly #more = this.#makeMore();
  #followed: Followed | undefined;
  #wasFollowing = false;
  #isExpanded = false;

  constructor(options: FollowListOptions) {
    this.#options = options;
    options.awareness.on("change", this.#render);
    this.#render();
  }

  get followed(): Followed | undefined {
    return this.#followed;
  }

  follow(clientId: number | undefined): void {
    if (clientId === this.#followed?.clientId) return;
    // The banner that was clicked goes away: the keyboard is not to be left nowhere.
    if (this.#followed && clientId === undefined) this.#discs.get(this.#followed.clientId)?.focusInstead();
    this.#followed = clientId === undefined ? undefined : this.#lookFor(clientId);
    this.#render();
  }

  destroy(): void {
    this.#options.awareness.off("change", this.#render);
  }

  /** Discs stay the same elements: one that has the keyboard keeps it. */
  readonly #render = (): void => {
    const { awareness, list } = this.#options;
    const states = awareness.getStates();
    const others = peopleFirst([...states].filter(([clientId]) => clientId !== awareness.clientID));
    for (const clientId of this.#discs.keys()) if (!states.has(clientId)) this.#discs.delete(clientId);
    if (this.#followed) this.#followed = this.#lookFor(this.#followed.clientId);
    const followedId = this.#followed?.clientId;
    const shown = this.#isExpanded ? others : others.slice(0, shownAtMost);
    if (followedId !== undefined && !shown.includes(followedId) && states.has(followedId)) {
      shown[shownAtMost - 1] = followedId;
    }
    const items = shown.map((clientId) => this.#discOf(clientId).show(personIn(states.get(clientId)), followedId));
    if (others.length > shownAtMost) items.push(this.#showMore(others.length - shownAtMost));
    replaceWhatDiffers(list, items);
    if (this.#followed || this.#wasFollowing) this.#options.onChange(this.#followed);
    this.#wasFollowing = this.#followed !== undefined;
  };

  #lookFor(clientId: number): Followed {
    const state = this.#options.awareness.getStates().get(clientId);
    if (!state) return { clientId, person: this.#followed?.person ?? personIn(state), view: undefined, isAway: true };
    const view = viewNames.find((name) => name === state["view"]);
    return { clientId, person: personIn(state), view, isAway: false };
  }

  #showMore(count: number): HTMLLIElement {
    const { item, button } = this.#more;
    button.textContent = this.#isExpanded ? "−" : `+${count}`;
    button.title = this.#isExpanded ? "Show fewer people" : `${count} more ${count === 1 ? "person" : "people"}`;
    button.ariaExpanded = String(this.#isExpanded);
    return item;
  }

  #makeMore(): { readonly item: HTMLLIElement; readonly button: HTMLButtonElement } {
    const item = document.createElement("li");
    item.className = "more";
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () => {
      this.#isExpanded = !this.#isExpanded;
      this.#options.list.classList.toggle("is-expanded", this.#isExpanded);
      this.#render();
    });
    item.append(button);
    return { item, button };
  }

  #discOf(clientId: number): PersonDisc {
    const known = this.#discs.get(clientId);
    if (known) return known;
    const made = new PersonDisc(clientId, () =>
      this.follow(this.#followed?.clientId === clientId ? undefined : clientId),
    );
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

  /** If the keyboard is in something that is about to go. */
  focusInstead(): void {
    if (document.activeElement?.matches(".following")) this.#button.focus();
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

/** Twenty bots do not hide a friend. */
function peopleFirst(others: readonly (readonly [number, { readonly [field: string]: unknown }])[]): number[] {
  const [people, bots] = [false, true].map((areBots) =>
    others.filter(([, state]) => (state["isBot"] === true) === areBots).map(([clientId]) => clientId),
  );
  return [...(people ?? []), ...(bots ?? [])];
}

function replaceWhatDiffers(list: HTMLElement, items: readonly HTMLElement[]): void {
  items.forEach((item, index) => {
    const there = list.children[index];
    if (there !== item) list.insertBefore(item, there ?? null);
  });
  while (list.children.length > items.length) list.lastElementChild?.remove();
}
