/** A bot at the code: types a line of its own, selects an old one of its own, and removes it. */
import * as Y from "yjs";
import { codeOf } from "../document.js";
import type { Act, Stage } from "./act.js";
import { codeLines } from "./phrases.js";
import { endOfOwn, type, type Desk } from "./typing.js";

const mostLines = 2;

export const actInCode: Act = function* (stage) {
  const { doc, chance, work } = stage;
  const text = codeOf(doc);
  const desk = { text, showCaret: (index: number, anchor = index) => showSelection(stage, anchor, index) };
  if (work.pieceCount >= mostLines) yield* removeOldLine(stage, desk);
  const place = () => endOfLine(text, endOfOwn(text, doc.clientID));
  desk.showCaret(place());
  yield;
  work.begin();
  // The line break before a line is part of it: whoever leaves takes both, and no empty line stays.
  yield* type(stage, desk, place(), `${text.length > 0 ? "\n" : ""}${chance.another(codeLines, text.toString())}`);
};

function* removeOldLine({ doc, work }: Stage, { text, showCaret }: Desk): Generator<void, void, void> {
  const end = endOfOwn(text, doc.clientID);
  if (end !== undefined) {
    showCaret(end, startOfLine(text, end));
    yield;
  }
  work.removeOldest();
  showCaret(Math.min(end ?? text.length, text.length));
  yield;
}

function startOfLine(text: Y.Text, index: number): number {
  return text.toString().lastIndexOf("\n", index - 1) + 1;
}

/** Never into a line: somebody may have gone on where the bot stopped. */
function endOfLine(text: Y.Text, index = text.length): number {
  const end = text.toString().indexOf("\n", index);
  return end < 0 ? text.length : end;
}

/** As y-codemirror.next writes it, but behind the letter before: who types below does not take the caret along. */
function showSelection({ doc, show }: Stage, anchor: number, head: number): void {
  const positionAt = (index: number) =>
    Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(codeOf(doc), index, -1));
  show({ cursor: { anchor: positionAt(anchor), head: positionAt(head) } });
}
