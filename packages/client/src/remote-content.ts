/** Puts the server's updates into the document, and tells what became of it. Knows no protocol. */
import * as Y from "yjs";
import { holds } from "./content.js";

export type Applied =
  /** The document has them; an observer of the application may have thrown. */
  | { readonly kind: "applied"; readonly thrown?: unknown }
  /** Edits that came from elsewhere, a tab say, and were set aside by Yjs until now, came in with them. */
  | { readonly kind: "brought-others" }
  | { readonly kind: "failed"; readonly thrown: unknown };

export class RemoteContent {
  readonly #doc: Y.Doc;
  readonly #origin: object;
  #isApplying = false;

  /** @param origin of the transactions */
  constructor(doc: Y.Doc, origin: object) {
    this.#doc = doc;
    this.#origin = origin;
  }

  /** What is written meanwhile is Yjs's tidying of formatting, or an observer's answer: nobody has typed it. */
  get isApplying(): boolean {
    return this.#isApplying;
  }

  /**
   * In one transaction: after each, Yjs removes formatting that seems to say nothing, and of a document that comes in parts it
   * would remove some that does.
   */
  apply(updates: readonly Uint8Array[]): Applied {
    const { store } = this.#doc;
    const setAside = store.pendingStructs;
    this.#isApplying = true;
    try {
      const applyAll = () => updates.forEach((update) => Y.applyUpdate(this.#doc, update, this.#origin));
      Y.transact(this.#doc, applyAll, this.#origin, false);
      return { kind: setAside && setAside !== store.pendingStructs ? "brought-others" : "applied" };
    } catch (thrown) {
      // Yjs applies first and calls observers then: when the content is here it was an observer that threw.
      const isHere = updates.every((update) => holds(this.#doc, update));
      return { kind: isHere ? "applied" : "failed", thrown };
    } finally {
      this.#isApplying = false;
    }
  }
}
