/** Which clients of a document are bots. Who is on the roll and not in the room went without leaving. */
import type * as Y from "yjs";
import { botsOf, codeOf, pageOf, strokesOf, todosOf, viewNames, type ViewName } from "../document.js";
import { takeBack, type SharedType } from "./take-back.js";

/** What there is to write into, in each view. */
export const rootOf: Readonly<Record<ViewName, (doc: Y.Doc) => SharedType>> = {
  code: codeOf,
  text: pageOf,
  board: strokesOf,
  todo: todosOf,
};

export class Roll {
  readonly #doc: Y.Doc;
  readonly #entries: Y.Map<true>;

  /** @param doc a bot's own */
  constructor(doc: Y.Doc) {
    this.#doc = doc;
    this.#entries = botsOf(doc);
  }

  /** Before it writes anything. False: it is on the roll already. */
  enter(): boolean {
    if (this.#entries.has(this.#own)) return false;
    this.#entries.set(this.#own, true);
    return true;
  }

  leave(): void {
    this.#entries.delete(this.#own);
  }

  /** @param present everybody who is in the room, by client id */
  removeAbsent(present: ReadonlyMap<number, unknown>): void {
    const absent = [...this.#entries.keys()].filter((entry) => !present.has(Number(entry)));
    this.#doc.transact(() => {
      for (const entry of absent) {
        const span = { clientId: Number(entry), fromClock: 0, toClock: Infinity };
        for (const name of viewNames) takeBack(rootOf[name](this.#doc), span);
        this.#entries.delete(entry);
      }
    });
  }

  get #own(): string {
    return String(this.#doc.clientID);
  }
}
