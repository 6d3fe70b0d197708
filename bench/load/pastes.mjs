/** What people paste: large updates of a real Y.Doc, one a paste, built before the clock starts. The same ones on every run. */
import * as Y from "yjs";

/** Large, as Yjs draws them: five bytes on the wire. */
const clientId = 3_300_000_017;
const sentence = "What somebody pasted: prose of some length, as a page of a book is. ";

/** Plain text: one struct a paste. @type {(count: number, byteCount: number) => Uint8Array[]} */
export function textPastes(count, byteCount) {
  const pasted = sentence.repeat(byteCount / sentence.length);
  return record(count, (doc) => {
    const text = doc.getText("text");
    text.insert(text.length, pasted);
  });
}

/** Formatted text, as an editor makes it of a page: eight structs and 240 bytes a paragraph. @type {(count: number, paragraphCount: number) => Uint8Array[]} */
export function paragraphPastes(count, paragraphCount) {
  return record(count, (doc, paste) => {
    const paragraphs = Array.from({ length: paragraphCount }, (_, line) => paragraph(`${paste}.${line}`));
    const page = doc.getXmlFragment("page");
    page.insert(page.length, paragraphs);
  });
}

/** All that was pasted, of either kind. @param {Y.Doc} doc */
export function pastedContent(doc) {
  return doc.getText("text").toString() + doc.getXmlFragment("page").toString();
}

/** @param {string} number */
function paragraph(number) {
  const text = new Y.XmlText();
  text.applyDelta([
    { insert: `${number} ${sentence}` },
    { insert: "in bold", attributes: { bold: true } },
    { insert: sentence.slice(0, 30) },
  ]);
  const element = new Y.XmlElement("paragraph");
  element.setAttribute("textAlign", "left");
  element.insert(0, [text]);
  return element;
}

/** @type {(count: number, paste: (doc: Y.Doc, index: number) => void) => Uint8Array[]} */
function record(count, paste) {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  /** @type {Uint8Array[]} */
  const updates = [];
  doc.on("update", (update) => updates.push(update));
  for (let index = 0; index < count; index += 1) doc.transact(() => paste(doc, index));
  return updates;
}
