/**
 * A text of the document in a field. Each edits the other by the least there is to change: the caret stays where it is among
 * the letters, two people write in one text, and what an input method is composing is not torn from it.
 */
import type * as Y from "yjs";
import type { History } from "../history.js";
import { changeBetween, indexAfter, type Delta, type TextChange } from "./text-change.js";

const longestText = 2_000;
/** Whether the style sheet makes the field as high as its text: not all browsers can. */
const isFitted = globalThis.CSS?.supports("field-sizing", "content") ?? true;

type FieldState =
  | { readonly kind: "still" }
  /** What is heard of the document is this field's own doing. */
  | { readonly kind: "writing" }
  /** What others wrote meanwhile is in the document, and not yet in the field. */
  | { readonly kind: "composing"; missed: readonly Delta[] };

export class TextField {
  readonly element = document.createElement("textarea");
  readonly #text: Y.Text;
  readonly #history: History;
  readonly #onShow: (text: string) => void;
  #state: FieldState = { kind: "still" };
  /** What the field held when it was the document's text the last time. */
  #shown = "";
  /** How high a text is depends on how wide it is. */
  readonly #resizes = new ResizeObserver(() => this.#fit());
  #isReadOnly = false;

  /** @param onShow is told the text, at first and whenever it is another one */
  constructor(text: Y.Text, history: History, onShow: (text: string) => void) {
    this.#text = text;
    this.#history = history;
    this.#onShow = onShow;
    this.element.rows = 1;
    this.element.maxLength = longestText;
    this.element.autocapitalize = "sentences";
    this.#listen();
    this.#show([]);
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
    this.#lock();
  }

  destroy(): void {
    this.#resizes.disconnect();
    this.#text.unobserve(this.#observe);
  }

  #listen(): void {
    this.#text.observe(this.#observe);
    if (!isFitted) this.#resizes.observe(this.element);
    this.element.addEventListener("input", () => {
      if (this.#state.kind === "still") this.#write([]);
    });
    this.element.addEventListener("compositionstart", () => {
      if (this.#state.kind === "still") this.#state = { kind: "composing", missed: [] };
    });
    for (const end of ["compositionend", "blur"]) this.element.addEventListener(end, () => this.#endComposing());
  }

  #endComposing(): void {
    const state = this.#state;
    this.#state = { kind: "still" };
    if (state.kind === "composing") this.#write(state.missed);
  }

  readonly #observe = ({ delta }: Y.YTextEvent): void => {
    if (this.#state.kind === "composing") this.#state = { ...this.#state, missed: [...this.#state.missed, delta] };
    else if (this.#state.kind === "still") this.#show([delta]);
  };

  /** @param missed what the document's text has become since the field last showed it */
  #write(missed: readonly Delta[]): void {
    const change = changeBetween(this.#shown, this.element.value, this.element.selectionEnd);
    this.#state = { kind: "writing" };
    if (change) this.#history.change(() => this.#apply(change, missed));
    this.#state = { kind: "still" };
    this.#show(missed);
  }

  #apply({ index, deleteCount, insert }: TextChange, missed: readonly Delta[]): void {
    const from = throughAll(index, missed);
    const to = throughAll(index + deleteCount, missed);
    this.#text.delete(from, to - from);
    // An item is one paragraph, also when several were pasted.
    this.#text.insert(from, insert.replace(/\s*[\r\n]+\s*/g, " "));
  }

  /** @param deltas what it has become since the field last showed it */
  #show(deltas: readonly Delta[]): void {
    const text = this.#text.toString();
    if (this.element.value !== text) this.#put(text, deltas);
    this.#shown = this.element.value;
    this.#lock();
    this.#fit();
    this.#onShow(text);
  }

  #put(text: string, deltas: readonly Delta[]): void {
    const { selectionStart, selectionEnd, selectionDirection } = this.element;
    this.element.value = text;
    // Elsewhere it would take the keyboard, in some browsers.
    if (document.activeElement !== this.element) return;
    const [start, end] = [throughAll(selectionStart, deltas), throughAll(selectionEnd, deltas)];
    this.element.setSelectionRange(start, end, selectionDirection);
  }

  /** As high as its text. */
  readonly #fit = (): void => {
    if (isFitted) return;
    this.element.style.height = "auto";
    this.element.style.height = `${this.element.scrollHeight}px`;
  };

  /** A text with more in it than a field can show, pictures say, cannot be edited in one. */
  #lock(): void {
    this.element.readOnly = this.#isReadOnly || this.#text.length !== this.element.value.length;
  }
}

function throughAll(index: number, deltas: readonly Delta[]): number {
  return deltas.reduce(indexAfter, index);
}
