/** Draws into the document: a line from where the pointer is pressed to where it is released, seen by all as it grows. */
import * as Y from "yjs";

interface PenOptions {
  strokes: Y.Array<unknown>;
  color: string;
  /** Is told where the pointer is: x, y, isDown; null when it has left. */
  onMove: (pointer: object | null) => void;
}

export function drawWith(canvas: HTMLCanvasElement, { strokes, color, onMove }: PenOptions): () => void {
  let points: Y.Array<number> | undefined;
  const heard = new AbortController();
  const draw = ({ offsetX, offsetY }: PointerEvent) => {
    const x = Math.round((offsetX * canvas.width) / canvas.clientWidth);
    const y = Math.round((offsetY * canvas.height) / canvas.clientHeight);
    // Half pressed: the width then follows from how fast the line was drawn.
    points?.push([x, y, 0.5]);
    onMove({ x, y, isDown: points !== undefined });
  };
  const press = (event: PointerEvent) => {
    canvas.setPointerCapture(event.pointerId);
    points = new Y.Array<number>();
    strokes.push([new Y.Map<unknown>(Object.entries({ color, size: 10, points }))]);
    draw(event);
  };
  canvas.addEventListener("pointerdown", press, heard);
  canvas.addEventListener("pointermove", draw, heard);
  canvas.addEventListener("lostpointercapture", () => (points = undefined), heard);
  canvas.addEventListener("pointerleave", () => onMove(null), heard);
  return () => heard.abort();
}
