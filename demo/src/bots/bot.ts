/** One simulated person: a document of its own, and something to do in the view that is looked at. */
import type { SynclineProvider } from "@syncline/client";
import type * as Y from "yjs";
import { viewNames, type ViewName } from "../document.js";
import type { Person } from "../people.js";
import type { Act } from "./act.js";
import { actOnBoard } from "./board-act.js";
import type { Chance } from "./chance.js";
import { actInCode } from "./code-act.js";
import { Handiwork } from "./handiwork.js";
import { Roll, rootOf } from "./roll.js";
import { actInText } from "./text-act.js";
import { actInTodo } from "./todo-act.js";

/** A bot's place in the room. */
export interface Membership {
  readonly doc: Y.Doc;
  readonly awareness: Pick<SynclineProvider["awareness"], "setLocalState" | "getStates">;
  /** Whether the room's content is here: before that nobody knows what not to touch. */
  readonly isSynced: boolean;
  /** Resolves when all that the bot did is on the server's disk. */
  whenDurable(): Promise<void>;
  /** Leaves for good. */
  leave(): void;
}

const acts: Readonly<Record<ViewName, Act>> = {
  code: actInCode,
  text: actInText,
  board: actOnBoard,
  todo: actInTodo,
};

export interface BotOptions {
  readonly person: Person;
  readonly membership: Membership;
  readonly chance: Chance;
  readonly view: ViewName;
}

export class Bot {
  readonly membership: Membership;
  readonly #person: Person;
  readonly #chance: Chance;
  readonly #roll: Roll;
  readonly #works: Readonly<Record<ViewName, Handiwork>>;
  #view: ViewName;
  #script: Generator<void, void, void> | undefined;

  constructor({ person, membership, chance, view }: BotOptions) {
    this.#person = person;
    this.membership = membership;
    this.#chance = chance;
    this.#view = view;
    const { doc } = membership;
    this.#roll = new Roll(doc);
    const workIn = (name: ViewName) => new Handiwork(doc, rootOf[name](doc));
    this.#works = { code: workIn("code"), text: workIn("text"), board: workIn("board"), todo: workIn("todo") };
    this.#show({});
  }

  /** Leaves what it was doing half done; that is its own, too. */
  moveTo(view: ViewName): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#script = undefined;
    this.#show({});
  }

  /** Does the next small thing. False: there is none, it has finished what it was about; the next call begins anew. */
  step(): boolean {
    if (!this.#script && this.#roll.enter()) return true;
    this.#script ??= this.#begin();
    if (!this.#script.next().done) return true;
    this.#script = undefined;
    return false;
  }

  /** Removes what is left of bots that could not leave: their page was closed, and nobody else knows what they wrote. */
  tidyUp(): void {
    this.#roll.removeAbsent(this.membership.awareness.getStates());
  }

  /** Is no longer seen, and nothing is left of what it did. */
  vanish(): void {
    this.#script = undefined;
    this.membership.awareness.setLocalState(null);
    for (const name of viewNames) this.#works[name].removeAll();
    this.#roll.leave();
  }

  #begin(): Generator<void, void, void> {
    return acts[this.#view]({
      doc: this.membership.doc,
      chance: this.#chance,
      work: this.#works[this.#view],
      color: this.#person.color,
      show: (presence) => this.#show(presence),
    });
  }

  /** The whole state at once: `scopedAwareness` reads the part under the view's name, and `user`. */
  #show(presence: Readonly<Record<string, unknown>>): void {
    const { name, color } = this.#person;
    const user = { name, color, colorLight: `${color}38` };
    this.membership.awareness.setLocalState({ user, isBot: true, view: this.#view, [this.#view]: presence });
  }
}
