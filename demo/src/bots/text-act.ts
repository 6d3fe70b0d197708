/** A bot at the rich text: writes sentences into a paragraph of its own, and removes its oldest. */
import * as Y from "yjs";
import { pageOf } from "../document.js";
import type { Act, Stage } from "./act.js";
import { sentences } from "./phrases.js";
import { endOfOwn, type } from "./typing.js";

const mostSentences = 2;

export const actInText: Act = function* (stage) {
  const { doc, chance, work } = stage;
  if (work.pieceCount >= mostSentences) {
    work.removeOldest();
    const left = ownTextIn(doc);
    if (left) showCaret(stage, left, 0);
    yield;
  }
  work.begin();
  const text = ownTextIn(doc) ?? newParagraph(doc);
  showCaret(stage, text, text.length);
  yield;
  const desk = { text, showCaret: (index: number) => showCaret(stage, text, index) };
  yield* type(
    stage,
    desk,
    endOfOwn(text, doc.clientID) ?? text.length,
    chance.another(sentences, pageOf(doc).toString()),
  );
};

/** In the last paragraph that the bot made. */
function ownTextIn(doc: Y.Doc): Y.XmlText | undefined {
  const own = pageOf(doc)
    .toArray()
    .findLast((child) => child instanceof Y.XmlElement && child._item?.id.client === doc.clientID);
  const text = own instanceof Y.XmlElement ? own.toArray().find((child) => child instanceof Y.XmlText) : undefined;
  return text instanceof Y.XmlText ? text : undefined;
}

/** Below all others. */
function newParagraph(doc: Y.Doc): Y.XmlText {
  const page = pageOf(doc);
  const paragraph = new Y.XmlElement("paragraph");
  const text = new Y.XmlText();
  paragraph.insert(0, [text]);
  page.insert(page.length, [paragraph]);
  return text;
}

/** As y-prosemirror writes it: behind the letter before. */
function showCaret({ show }: Stage, text: Y.XmlText, index: number): void {
  const position = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index, -1));
  show({ cursor: { anchor: position, head: position } });
}
