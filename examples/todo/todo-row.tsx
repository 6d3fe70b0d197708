/** One item: a box to tick, its text, and a button that removes it. */
import { useEffect, useRef } from "react";
import type * as Y from "yjs";
import type { Todo } from "./order.js";
import { bindInput } from "./text-input.js";

export interface RowProps {
  item: Todo;
  isDone: boolean;
  onRemove: () => void;
}

export function Row({ item, isDone, onRemove }: RowProps) {
  const input = useRef<HTMLInputElement>(null);
  const text = item.get("text") as Y.Text;
  useEffect(() => (input.current ? bindInput(input.current, text) : undefined), [text]);
  return (
    <li>
      <input type="checkbox" aria-label="Done" checked={isDone} onChange={() => item.set("done", !isDone)} />
      <input type="text" aria-label="To do" ref={input} />
      <button aria-label="Delete" onClick={onRemove}>
        ✕
      </button>
    </li>
  );
}
