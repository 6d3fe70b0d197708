/** Counts the edits that one reader was sent: of each author all, in order, once. */
import * as Y from "yjs";
import { EditReader } from "../client/edit-reader.mjs";
import { textName } from "./histories.mjs";

/** @typedef {import("./histories.mjs").History} History */

export class Follower {
  /** By author: how many have come. */
  counts;
  total = 0;
  /** @type {string | undefined} */
  trouble;
  #indexById;
  #own;
  #onEdit;
  /** @type {Uint8Array[] | undefined} */
  #kept;
  #edits = new EditReader((/** @type {Follower} */ follower, clientID, clock, length) =>
    follower.#arrived(clientID, clock, length),
  );

  /**
   * @param {readonly History[]} histories One an author.
   * @param {object} [options]
   * @param {number} [options.own] Which of them it is itself; servers may or may not send those back.
   * @param {boolean} [options.keeps] Keeps what it gets, for `holds`.
   * @param {(author: number, edit: number) => void} [options.onEdit]
   */
  constructor(histories, { own, keeps = false, onEdit } = {}) {
    this.counts = new Uint32Array(histories.length);
    this.#indexById = new Map(histories.map(({ clientID }, index) => [clientID, index]));
    this.#own = own;
    this.#kept = keeps ? [] : undefined;
    this.#onEdit = onEdit;
  }

  /** @type {import("../client/light-client.mjs").OnContent} */
  take = (bytes, start, end) => {
    this.#edits.read(bytes, start, this);
    this.#kept?.push(Uint8Array.prototype.slice.call(bytes, start, end));
  };

  /** Whether what it got makes exactly `text` of a real Y.Doc. @param {string} text */
  holds(text) {
    const doc = new Y.Doc();
    for (const update of this.#kept ?? []) Y.applyUpdate(doc, update);
    return doc.getText(textName).toString() === text;
  }

  /** @type {(clientID: number, clock: number, length: number) => void} */
  #arrived(clientID, clock, length) {
    const author = this.#indexById.get(clientID);
    if (author === undefined || author === this.#own) return;
    if (clock !== this.counts[author])
      this.trouble ??= `an edit came out of order: clock ${clock} instead of ${this.counts[author]}`;
    this.counts[author] += length;
    this.total += length;
    if (this.#onEdit) for (let edit = clock; edit < clock + length; edit += 1) this.#onEdit(author, edit);
  }
}
