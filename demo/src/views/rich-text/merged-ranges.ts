/** Marks what arrives while the pane catches up, for a moment. Positions follow later edits; what is deleted needs no mark. */
import { Extension } from "@tiptap/core";
import { Plugin, PluginKey, type EditorState, type PluginView, type Transaction } from "@tiptap/pm/state";
import { Mapping, StepMap } from "@tiptap/pm/transform";
import { Decoration, DecorationSet, type EditorView } from "@tiptap/pm/view";
import { ySyncPluginKey } from "@tiptap/y-tiptap";
import { mergedClass, mergedForMs } from "../merged-text.js";
import { changesBetween, triple } from "./changes.js";

interface Marks {
  readonly decorations: DecorationSet;
  /** Each arrival fades in its own time. */
  readonly arrivals: number;
}

const key = new PluginKey<Marks>("merged-ranges");

/** @param isMerging asked when text arrives from the document */
export function mergedRanges(isMerging: () => boolean): Extension {
  return Extension.create({ name: "mergedRanges", addProseMirrorPlugins: () => [mergedRangesPlugin(isMerging)] });
}

export function mergedRangesPlugin(isMerging: () => boolean): Plugin<Marks> {
  return new Plugin<Marks>({
    key,
    state: {
      init: () => ({ decorations: DecorationSet.empty, arrivals: 0 }),
      apply: (transaction, marks) => {
        const faded: unknown = transaction.getMeta(key);
        if (typeof faded === "number") return withoutArrival(marks, faded);
        if (!transaction.docChanged) return marks;
        return isFromDocument(transaction) ? merge(marks, transaction, isMerging()) : follow(marks, transaction);
      },
    },
    props: { decorations: (state) => key.getState(state)?.decorations },
    view: (view) => new Fading(view),
  });
}

export function fade(transaction: Transaction, arrival: number): Transaction {
  return transaction.setMeta(key, arrival);
}

/** What is undone comes back by way of the document, too. */
function isFromDocument(transaction: Transaction): boolean {
  const origin: unknown = transaction.getMeta(ySyncPluginKey);
  if (typeof origin !== "object" || origin === null) return false;
  return "isChangeOrigin" in origin && origin.isChangeOrigin === true;
}

function isUndo(transaction: Transaction): boolean {
  const origin: unknown = transaction.getMeta(ySyncPluginKey);
  return (
    typeof origin === "object" &&
    origin !== null &&
    "isUndoRedoOperation" in origin &&
    origin.isUndoRedoOperation === true
  );
}

function follow(marks: Marks, { mapping, doc }: Transaction): Marks {
  return { ...marks, decorations: marks.decorations.map(mapping, doc) };
}

/** The transaction itself replaces everything, and does not tell where things went. */
function merge(marks: Marks, transaction: Transaction, isMerging: boolean): Marks {
  if (!isMerging && marks.decorations === DecorationSet.empty) return marks;
  const { before, doc } = transaction;
  const changes = changesBetween(before, doc);
  const mapping = new Mapping([new StepMap(changes.flatMap(triple))]);
  const decorations = marks.decorations.map(mapping, doc);
  const inserted = changes.filter(({ fromB, toB }) => fromB < toB);
  if (!isMerging || isUndo(transaction) || inserted.length === 0) return { ...marks, decorations };
  const arrival = marks.arrivals + 1;
  const added = inserted.map(({ fromB, toB }) => Decoration.inline(fromB, toB, { class: mergedClass }, { arrival }));
  return { decorations: decorations.add(doc, added), arrivals: arrival };
}

function withoutArrival(marks: Marks, arrival: number): Marks {
  const gone = marks.decorations.find(undefined, undefined, (spec) => spec["arrival"] === arrival);
  return { ...marks, decorations: marks.decorations.remove(gone) };
}

class Fading implements PluginView {
  readonly #view: EditorView;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(view: EditorView) {
    this.#view = view;
  }

  update({ state }: EditorView, before: EditorState): void {
    const [arrivals, arrivalsBefore] = [key.getState(state)?.arrivals ?? 0, key.getState(before)?.arrivals ?? 0];
    if (arrivals > arrivalsBefore) this.#fade(arrivals);
  }

  destroy(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #fade(arrival: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#view.dispatch(fade(this.#view.state.tr, arrival));
    }, mergedForMs);
    this.#timers.add(timer);
  }
}
