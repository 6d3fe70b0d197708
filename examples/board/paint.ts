/** Shows the board: lines as a pen would have left them, and where the others are. What others sent may be anything. */
import { getStroke } from "perfect-freehand";

type State = { readonly [field: string]: unknown };
type Line = { readonly color: string; readonly size: number; readonly points: readonly number[] };

export function paint(canvas: HTMLCanvasElement, lines: readonly unknown[], others: readonly State[]): void {
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  for (const { color, size, points } of lines.filter(isLine)) {
    const inThrees = points.flatMap((_, at) => (at % 3 ? [] : [points.slice(at, at + 3)]));
    pen.fillStyle = color;
    pen.fill(new Path2D(`M${getStroke(inThrees, { size }).join("L")}Z`));
  }
  pen.font = "600 28px system-ui, sans-serif";
  for (const state of others) {
    const { x, y } = Object(Object(state["board"]).pointer);
    pen.fillStyle = String(Object(state["user"]).color);
    if (Number.isFinite(x) && Number.isFinite(y)) pen.fillText(`● ${nameIn(state)}`, x, y);
  }
}

export function nameIn(state: State): string {
  return String(Object(state["user"]).name);
}

function isLine(value: unknown): value is Line {
  const { color, size, points } = Object(value);
  const isDrawn = Array.isArray(points) && points.length > 2 && points.every(Number.isFinite);
  return isDrawn && typeof color === "string" && Number.isFinite(size);
}
