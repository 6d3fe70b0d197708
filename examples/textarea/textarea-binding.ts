/** A Y.Text in a textarea, both ways, for plain text. Selection and undo are each person's own; the others are listed by line. */
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

type Delta = Y.YTextEvent["delta"];

/** `start` to `end` of the text as it was became `inserted`. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly inserted: string;
}

export class TextareaBinding {
  readonly #text: Y.Text;
  readonly #textarea: HTMLTextAreaElement;
  readonly #awareness: Awareness;
  readonly #undoManager: Y.UndoManager;
  readonly #listening = new AbortController();
  /** The text that the textarea shows, but for what was just typed. */
  #shown: string;
  /** What others write while an input method composes waits: to change the textarea then would break that off. */
  #waiting: Delta[] = [];
  #isComposing = false;

  constructor(text: Y.Text, textarea: HTMLTextAreaElement, awareness: Awareness) {
    this.#text = text;
    this.#textarea = textarea;
    this.#awareness = awareness;
    this.#undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([textarea]) });
    this.#shown = text.toString();
    textarea.value = this.#shown;
    const { signal } = this.#listening;
    textarea.addEventListener("compositionstart", () => this.#compose(true), { signal });
    textarea.addEventListener("compositionend", () => this.#compose(false), { signal });
    textarea.addEventListener("input", () => this.#takeInput(), { signal });
    textarea.addEventListener("keydown", this.#onKey, { signal });
    textarea.addEventListener("beforeinput", this.#onMenu, { signal });
    textarea.addEventListener("blur", this.#tellCursor, { signal });
    document.addEventListener("selectionchange", this.#tellCursor, { signal });
    text.observe(this.#onChange);
  }

  destroy(): void {
    this.#listening.abort();
    this.#text.unobserve(this.#onChange);
    this.#undoManager.destroy();
    this.#awareness.setLocalStateField("cursor", null);
  }

  #compose(isComposing: boolean): void {
    this.#isComposing = isComposing;
    this.#takeInput();
  }

  #takeInput(): void {
    if (this.#isComposing) return;
    const change = changeBetween(this.#shown, this.#textarea.value, this.#textarea.selectionEnd);
    const start = indexAfter(this.#waiting, change.start, "before");
    this.#text.doc?.transact(() => {
      for (const [from, to] of piecesLeft(change, this.#waiting)) this.#text.delete(from, to - from);
      if (change.inserted !== "") this.#text.insert(start, change.inserted);
    }, this.#textarea);
    this.#shown = this.#text.toString();
    if (this.#waiting.length === 0) return;
    this.#waiting = [];
    this.#textarea.value = this.#shown;
    this.#putCaret(start + change.inserted.length);
  }

  readonly #onChange = ({ delta, transaction }: Y.YTextEvent): void => {
    if (transaction.origin === this.#textarea) return;
    if (this.#isComposing) {
      this.#waiting.push(delta);
      return;
    }
    const end = this.#show(delta);
    if (transaction.origin === this.#undoManager) this.#putCaret(end);
  };

  /** Returns where the last of it ends. */
  #show(delta: Delta): number {
    const textarea = this.#textarea;
    const direction = textarea.selectionDirection;
    let index = 0;
    for (const { retain = 0, insert = "", delete: deleted = 0 } of delta) {
      index += retain;
      // "preserve": the selection stays around the same letters. Nor does it scroll, as setting the value may.
      textarea.setRangeText(String(insert), index, index + deleted, "preserve");
      index += String(insert).length;
    }
    this.#shown = this.#text.toString();
    // A textarea has no carriage returns: where the text has, indexes differ.
    if (textarea.value.length !== this.#shown.length) textarea.value = this.#shown;
    if (direction === "backward") {
      textarea.setSelectionRange(textarea.selectionStart, textarea.selectionEnd, direction);
    }
    return index;
  }

  #putCaret(index: number): void {
    this.#textarea.setSelectionRange(index, index);
  }

  /** As y-codemirror.next has it: people in a textarea and in CodeMirror see each other. */
  readonly #tellCursor = (): void => {
    if (this.#isComposing) return;
    const { selectionStart, selectionEnd, selectionDirection } = this.#textarea;
    const start = Y.createRelativePositionFromTypeIndex(this.#text, selectionStart);
    const end = Y.createRelativePositionFromTypeIndex(this.#text, selectionEnd);
    const [anchor, head] = selectionDirection === "backward" ? [end, start] : [start, end];
    const isHere = document.activeElement === this.#textarea;
    this.#awareness.setLocalStateField("cursor", isHere ? { anchor, head } : null);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const key = (event.ctrlKey || event.metaKey) && !event.altKey ? event.key.toLowerCase() : "";
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.#undoManager.redo();
    else this.#undoManager.undo();
  };

  /** Undo from the browser's menu. Its own undo knows nothing of what others wrote. */
  readonly #onMenu = (event: InputEvent): void => {
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return;
    event.preventDefault();
    if (event.inputType === "historyUndo") this.#undoManager.undo();
    else this.#undoManager.redo();
  };
}

/** What was typed ends at the caret: among equal letters, that says which one is new. */
function changeBetween(before: string, after: string, caret: number): Change {
  const shorter = Math.min(before.length, after.length);
  const suffixLimit = Math.min(shorter, after.length - caret);
  let suffix = 0;
  while (suffix < suffixLimit && before.at(-suffix - 1) === after.at(-suffix - 1)) suffix++;
  let prefix = 0;
  while (prefix < shorter - suffix && before[prefix] === after[prefix]) prefix++;
  // Two emoji may share one half of their code. Yjs cannot keep halves.
  if (suffix > 0 && /[\ud800-\udbff]/.test(before.at(-suffix - 1) ?? "")) suffix--;
  if (prefix > 0 && /[\ud800-\udbff]/.test(before[prefix - 1] ?? "")) prefix--;
  return { start: prefix, end: before.length - suffix, inserted: after.slice(prefix, after.length - suffix) };
}

/** Where `index` is after `deltas`: before or after what they inserted right there. */
function indexAfter(deltas: readonly Delta[], index: number, side: "before" | "after"): number {
  let moved = index;
  for (const delta of deltas) {
    let at = 0;
    for (const { retain = 0, insert = "", delete: deleted = 0 } of delta) {
      at += retain;
      if (at > moved || (at === moved && side === "before")) break;
      moved += String(insert).length - Math.min(deleted, moved - at);
      at += String(insert).length;
    }
  }
  return moved;
}

/** Of what `change` replaces, all that is still there after `deltas`, last first. What these put in its midst stays. */
function piecesLeft({ start, end }: Change, deltas: readonly Delta[]): [from: number, to: number][] {
  if (deltas.length === 0) return start < end ? [[start, end]] : [];
  return Array.from({ length: end - start }, (_, offset) => end - 1 - offset)
    .map((index): [number, number] => [
      indexAfter(deltas, index, "after"),
      indexAfter(deltas, index + 1, "before"),
    ])
    .filter(([from, to]) => from < to);
}
