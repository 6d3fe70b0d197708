/** A long text that several people wrote, a word at a time, here and there, and took some of it back. The same one on every run. */
import * as Y from "yjs";
import { randomFrom, textName } from "./histories.mjs";

const authorCount = 5;
/** Large, as Yjs draws them: five bytes on the wire. */
const firstClientId = 3_200_000_009;
/** Edits by one author before another goes on. */
const turnEdits = 20;
const longestWord = 6;
const jumpShare = 0.2;
/** With it the document's deletions are to it as those of a paper that somebody wrote (test/traces): 3 %. */
const deletionShare = 0.15;

/**
 * @typedef {object} SharedText
 * @property {Uint8Array[]} updates One an edit.
 * @property {Uint8Array} whole Of a document in which all are applied.
 * @property {string} text
 */

/**
 * One document in which authors take turns: nobody ever lags behind, so it needs no other.
 *
 * @type {(editCount: number) => SharedText}
 */
export function sharedText(editCount) {
  const random = randomFrom(editCount);
  const doc = new Y.Doc();
  const text = doc.getText(textName);
  const cursors = Array.from({ length: authorCount }, () => 0);
  /** @type {Uint8Array[]} */
  const updates = [];
  doc.on("update", (update) => updates.push(update));
  for (let edit = 0; edit < editCount; edit += 1) {
    const author = Math.floor(edit / turnEdits) % authorCount;
    doc.clientID = firstClientId + author * 104_729;
    const isAstray = cursors[author] > text.length || random() < jumpShare;
    const cursor = isAstray ? Math.floor(random() * (text.length + 1)) : cursors[author];
    cursors[author] = editAt(text, cursor, random);
  }
  return { updates, whole: Y.encodeStateAsUpdate(doc), text: text.toString() };
}

/** Returns where the cursor is afterwards. @type {(text: Y.Text, cursor: number, random: () => number) => number} */
function editAt(text, cursor, random) {
  const length = 1 + Math.floor(random() * longestWord);
  if (cursor > 0 && random() < deletionShare) {
    const start = Math.max(0, cursor - length);
    text.delete(start, cursor - start);
    return start;
  }
  const word = "etaoinshrdlu ".slice(-length);
  text.insert(cursor, word);
  return cursor + word.length;
}
