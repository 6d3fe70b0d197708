/** A text of the document in an input: each edits the other by the least there is to change, and the caret stays. */
import type * as Y from "yjs";

export function bindInput(input: HTMLInputElement, text: Y.Text): () => void {
  const write = () => {
    const [before, after] = [text.toString(), input.value];
    const kept = Math.min(before.length, after.length);
    // What is behind the caret is not new: in "aaa", it alone tells which "a" is.
    const behind = Math.min(kept, after.length - (input.selectionEnd ?? after.length));
    let [start, end] = [0, 0];
    while (end < behind && before.at(-1 - end) === after.at(-1 - end)) end += 1;
    while (start < kept - end && before[start] === after[start]) start += 1;
    // No character is cut in two.
    if (/[\ud800-\udbff]/.test(before[start - 1] ?? "")) start -= 1;
    if (end > 0 && /[\udc00-\udfff]/.test(before.at(-end) ?? "")) end -= 1;
    text.doc?.transact(() => {
      text.delete(start, before.length - end - start);
      text.insert(start, after.slice(start, after.length - end));
    });
  };
  const show = (event?: Y.YTextEvent) => {
    if (input.value === text.toString()) return;
    let [at, caret] = [0, input.selectionStart ?? 0];
    for (const { retain = 0, insert = "", delete: gone = 0 } of event?.delta ?? []) {
      at += retain;
      if (at < caret) caret += String(insert).length - Math.min(gone, caret - at);
      at += String(insert).length;
    }
    input.value = text.toString();
    if (document.activeElement === input) input.setSelectionRange(caret, caret);
  };
  input.addEventListener("input", write);
  text.observe(show);
  show();
  return () => {
    input.removeEventListener("input", write);
    text.unobserve(show);
  };
}
