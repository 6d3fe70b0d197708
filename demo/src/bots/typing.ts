/** How a bot types: a few letters at a time, where its last one is, and now and then the wrong ones first. */
import * as Y from "yjs";
import type { Stage } from "./act.js";

export interface Desk {
  readonly text: Y.Text;
  /** Shows the caret; `anchor` is where a selection began. */
  readonly showCaret: (index: number, anchor?: number) => void;
}

const slipShare = 0.15;

/** Types it behind `index`, over several steps. */
export function* type(stage: Stage, desk: Desk, index: number, phrase: string): Generator<void, void, void> {
  const { chance } = stage;
  let caret = caretAt(desk.text, index);
  for (let written = 0; written < phrase.length;) {
    const letters = phrase.slice(written, written + chance.between(3, 6));
    const isSlip = written > 0 && letters.length > 2 && chance.happens(slipShare);
    if (isSlip) yield* slip(stage, desk, caret, letters);
    const at = indexOf(caret, stage.doc, desk.text);
    if (at === undefined) return;
    desk.text.insert(at, letters);
    written += letters.length;
    caret = caretAt(desk.text, at + letters.length);
    desk.showCaret(at + letters.length);
    yield;
  }
}

/** Writes letters in the wrong order, sees it, and removes them. */
function* slip(
  { doc, work }: Stage,
  desk: Desk,
  caret: Y.RelativePosition,
  letters: string,
): Generator<void, void, void> {
  const at = indexOf(caret, doc, desk.text);
  if (at === undefined) return;
  const before = work.clock;
  desk.text.insert(at, [...letters].reverse().join(""));
  const after = work.clock;
  desk.showCaret(at + letters.length);
  yield;
  work.removeBetween(before, after);
  desk.showCaret(indexOf(caret, doc, desk.text) ?? at);
  yield;
}

/** Behind the letter before it, whatever others write there. */
function caretAt(text: Y.Text, index: number): Y.RelativePosition {
  return Y.createRelativePositionFromTypeIndex(text, index, -1);
}

/** `undefined`: the text is no longer there. */
function indexOf(caret: Y.RelativePosition, doc: Y.Doc, text: Y.Text): number | undefined {
  const position = Y.createAbsolutePositionFromRelativePosition(caret, doc);
  return position?.type === text ? position.index : undefined;
}

/** Where the last letter that `clientId` wrote into it ends; `undefined` when there is none. */
export function endOfOwn(text: Y.Text, clientId: number): number | undefined {
  let index = 0;
  let end: number | undefined;
  for (let item = text._start; item; item = item.right) {
    if (item.deleted || !item.countable) continue;
    index += item.length;
    if (item.id.client === clientId) end = index;
  }
  return end;
}
