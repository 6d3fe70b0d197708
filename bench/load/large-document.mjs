/**
 * A large document of three people: words typed letter by letter at random places, pastes of up to 1 MB, images of 0.5 MB, and some of
 * it deleted again. The same one on every run.
 */
import * as Y from "yjs";
import { randomFrom } from "./histories.mjs";

const authorCount = 3;
const wordsPerTurn = 400;
const sentence = "What somebody pasted: prose of some length. ";
/** Of `firstClientId` in histories.mjs and of whoever else writes here none is. */
const firstClientId = 3_500_000_011;

/**
 * The updates, in the order of their making, a turn of one author after the other: at least `byteCount` in all.
 *
 * @param {number} byteCount
 * @returns {Uint8Array[][]}
 */
export function largeHistory(byteCount) {
  const docs = Array.from({ length: authorCount }, (_, index) =>
    Object.assign(new Y.Doc(), { clientID: firstClientId + index }),
  );
  /** @type {Uint8Array[][]} */
  const turns = [];
  let written = 0;
  for (const doc of docs) {
    doc.on("update", (/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => {
      if (origin === "pull") return;
      turns.at(-1)?.push(update);
      written += update.length;
    });
  }
  const random = randomFrom(byteCount);
  const below = (/** @type {number} */ bound) => Math.floor(random() * bound);
  while (written < byteCount) {
    const author = docs[turns.length % authorCount];
    pull(author, docs);
    turns.push([]);
    editMuch(author, below, byteCount);
  }
  return turns;
}

/** All there is in such a document, to be compared: its words, and its images by name and size. @param {Y.Doc} doc */
export function largeContent(doc) {
  const images = [...doc.getMap("images").entries()].map(
    ([name, image]) => `${name}: ${/** @type {Uint8Array} */ (image).length}`,
  );
  return [doc.getText("words").toString(), doc.getText("text").toString(), ...images.sort()].join("\n");
}

/** @param {Y.Doc} author @param {readonly Y.Doc[]} docs */
function pull(author, docs) {
  for (const doc of docs) {
    if (doc !== author) Y.applyUpdate(author, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(author)), "pull");
  }
}

/** @param {Y.Doc} doc @param {(bound: number) => number} below @param {number} byteCount */
function editMuch(doc, below, byteCount) {
  const text = doc.getText("words");
  for (let word = 0; word < wordsPerTurn; word += 1) {
    const at = below(text.length + 1);
    for (let letter = 0; letter < 5; letter += 1) text.insert(at + letter, "letters"[letter]);
  }
  const pasteLength = Math.min(1_000_000, byteCount / 10);
  for (const share of [0.002, 0.05, 1]) {
    text.insert(below(text.length + 1), sentence.repeat((share * pasteLength) / sentence.length));
  }
  text.delete(below(text.length / 2), Math.floor(pasteLength / 10));
  const image = Uint8Array.from({ length: pasteLength / 2 }, () => below(256));
  doc.getMap("images").set(`image ${below(1e9)}`, image);
}
