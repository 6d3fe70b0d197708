/** What a bot has made in one view, piece by piece, so that it can take away its oldest piece, or all of them. */
import * as Y from "yjs";
import { takeBack, type SharedType } from "./take-back.js";

export class Handiwork {
  readonly #doc: Y.Doc;
  readonly #root: SharedType;
  /** The bot's own clock at the start of each; a piece ends where the next begins. */
  #startClocks: number[] = [];

  /** @param root of the view in the bot's own document */
  constructor(doc: Y.Doc, root: SharedType) {
    this.#doc = doc;
    this.#root = root;
  }

  get pieceCount(): number {
    return this.#startClocks.length;
  }

  /** What the bot makes from here on is a new piece. */
  begin(): void {
    this.#startClocks.push(this.clock);
  }

  /** The bot's own, in its document: what it makes next has this. */
  get clock(): number {
    return Y.getState(this.#doc.store, this.#doc.clientID);
  }

  removeOldest(): void {
    const [from = this.clock, to = this.clock] = this.#startClocks;
    this.removeBetween(from, to);
    this.#startClocks.shift();
  }

  removeAll(): void {
    this.removeBetween(0, this.clock);
    this.#startClocks = [];
  }

  removeBetween(fromClock: number, toClock: number): void {
    this.#doc.transact(() => takeBack(this.#root, { clientId: this.#doc.clientID, fromClock, toClock }));
  }
}
