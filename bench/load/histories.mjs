/** What is typed: updates of a real Y.Doc, one an edit, built before the clock starts. The same ones on every run. */
import * as Y from "yjs";

/** @typedef {{ clientID: number, updates: Uint8Array[], text: string }} History */

export const textName = "text";

/** Large, as Yjs draws them: five bytes on the wire. */
const firstClientId = 3_100_000_007;

/** One author appends a character an edit. @type {(authorIndex: number, editCount: number) => History} */
export function appending(authorIndex, editCount) {
  return record(authorIndex, (text) => {
    for (let edit = 0; edit < editCount; edit += 1) text.insert(text.length, letter(edit + authorIndex * 7));
  });
}

/** One author types single characters, jumps elsewhere every 20 or so, and takes one in ten back. @type {(editCount: number) => History} */
export function typing(editCount) {
  const random = randomFrom(editCount);
  return record(0, (text) => {
    let cursor = 0;
    for (let edit = 0; edit < editCount; edit += 1) {
      if (random() < 0.05) cursor = Math.floor(random() * (text.length + 1));
      if (cursor > 0 && random() < 0.1) text.delete((cursor -= 1), 1);
      else text.insert(cursor++, letter(edit));
    }
  });
}

/** One author inserts `characters` at random places. @type {(editCount: number, characters: number) => History} */
export function inserting(editCount, characters) {
  const random = randomFrom(editCount);
  return record(0, (text) => {
    for (let edit = 0; edit < editCount; edit += 1) {
      text.insert(Math.floor(random() * (text.length + 1)), letter(edit).repeat(characters));
    }
  });
}

/** What a document holds in which all of these were applied. @type {(histories: readonly History[]) => string} */
export function mergedText(histories) {
  const doc = new Y.Doc();
  for (const { updates } of histories) for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText(textName).toString();
}

/**
 * Says how a history is sent to a document: one frame an edit. Where a frame holds no name, all documents share the same ones.
 *
 * @param {History} history
 * @param {import("../client/dialects.mjs").Dialect} dialect
 * @returns {(name: string) => Buffer[]}
 */
export function framesOf({ updates }, dialect) {
  const build = (/** @type {string} */ name) => updates.map((update) => dialect.updateFrame(name, update));
  if (dialect.namesDocument) return build;
  const shared = build("");
  return () => shared;
}

/** @type {(authorIndex: number, write: (text: Y.Text) => void) => History} */
function record(authorIndex, write) {
  const doc = new Y.Doc();
  doc.clientID = firstClientId + authorIndex * 104_729;
  /** @type {Uint8Array[]} */
  const updates = [];
  doc.on("update", (update) => updates.push(update));
  const text = doc.getText(textName);
  write(text);
  return { clientID: doc.clientID, updates, text: text.toString() };
}

const letter = (/** @type {number} */ at) => String.fromCharCode(97 + (at % 26));

/** Numerical Recipes' generator: the same sequence everywhere. @type {(seed: number) => () => number} */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
