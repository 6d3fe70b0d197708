/** Marks what arrives while the pane catches up, for a moment. Positions follow later edits; what is deleted needs no mark. */
import { EditorState, StateEffect, StateField, type Extension, type Transaction } from "@codemirror/state";
import { Decoration, EditorView, ViewPlugin, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import { ySyncAnnotation } from "y-codemirror.next";
import { mergedClass, mergedForMs } from "../merged-text.js";

/** By number: each arrival fades in its own time. */
const arrived = StateEffect.define<number>();
export const faded = StateEffect.define<number>();

/** @param isMerging asked when text arrives from the document */
export function mergedRanges(isMerging: () => boolean): Extension {
  let count = 0;
  const announce = EditorState.transactionExtender.of((transaction) => {
    const isFromDocument = transaction.annotation(ySyncAnnotation) !== undefined;
    return isFromDocument && isMerging() ? { effects: arrived.of((count += 1)) } : null;
  });
  return [announce, ranges, ViewPlugin.define((view) => new Fading(view))];
}

const ranges = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, transaction) => {
    let marked = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(arrived)) marked = marked.update({ add: insertedBy(transaction, effect.value) });
      if (effect.is(faded)) marked = marked.update({ filter: (_from, _to, { spec }) => spec.arrival !== effect.value });
    }
    return marked;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function insertedBy({ changes }: Transaction, arrival: number) {
  const mark = Decoration.mark({ class: mergedClass, arrival });
  const inserted: ReturnType<typeof mark.range>[] = [];
  changes.iterChangedRanges((_fromA, _toA, from, to) => {
    if (from < to) inserted.push(mark.range(from, to));
  }, true);
  return inserted;
}

class Fading {
  readonly #view: EditorView;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(view: EditorView) {
    this.#view = view;
  }

  update({ transactions }: ViewUpdate): void {
    for (const effect of transactions.flatMap(({ effects }) => effects)) {
      if (effect.is(arrived)) this.#fade(effect.value);
    }
  }

  destroy(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #fade(arrival: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#view.dispatch({ effects: faded.of(arrival) });
    }, mergedForMs);
    this.#timers.add(timer);
  }
}
