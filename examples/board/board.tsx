/** The board as a component: React has the state, the canvas is painted when it changes. */
import { useArray, useAwareness, useProvider } from "@syncline/client/react";
import { useEffect, useRef } from "react";
import { nameIn, paint } from "./paint.js";
import { drawWith } from "./pen.js";
import { undoByKeys } from "./undo-keys.js";

export function Board({ name, color }: { name: string; color: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { awareness } = useProvider();
  const strokes = useArray("strokes");
  const lines = useArray("strokes", (array) => array.toJSON());
  const others = useAwareness((states, clientId) =>
    [...states].filter(([id]) => id !== clientId).map(([, state]) => state),
  );
  useEffect(() => awareness.setLocalStateField("user", { name, color }), [awareness, name, color]);
  useEffect(() => undoByKeys(strokes), [strokes]);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, lines, others);
  }, [lines, others]);
  useEffect(() => {
    const onMove = (pointer: object | null) => awareness.setLocalStateField("board", { pointer });
    return canvas.current ? drawWith(canvas.current, { strokes, color, onMove }) : undefined;
  }, [awareness, strokes, color]);
  return (
    <>
      <canvas
        id="board"
        ref={canvas}
        width={1600}
        height={1000}
        aria-label={`Lines on the board: ${lines.length}`}
      />
      <p id="people">{others.map(nameIn).join(", ")}</p>
    </>
  );
}
