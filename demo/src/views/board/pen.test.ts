/** The pen on real documents, frame by frame. */
import * as Y from "yjs";
import { expect, test } from "vitest";
import { strokesOf } from "../../document.js";
import { Pen, type Nib, type PenHistory } from "./pen.js";
import { Sheet } from "./sheet.js";

const ink: Nib = { kind: "ink", color: "#20798a", size: 8 };

function pick() {
  const doc = new Y.Doc();
  const strokes = strokesOf(doc);
  const manager = new Y.UndoManager(strokes, { captureTimeout: Infinity });
  const history: PenHistory = { change: (change) => doc.transact(change), startStep: () => manager.stopCapturing() };
  const sheet = new Sheet({ doc, isCatchingUp: () => false, onChange: () => {} });
  const pen = new Pen({ doc, sheet, history });
  let updateCount = 0;
  doc.on("update", () => (updateCount += 1));
  const frame = () => {
    pen.write();
    sheet.take();
  };
  const pointCounts = () => strokes.toJSON().map(({ points }: { points: number[] }) => points.length / 3);
  return { doc, pen, frame, strokes, manager, pointCounts, updates: () => updateCount };
}

test("a line grows in the document with each frame, in one update each", () => {
  const { pen, frame, pointCounts, updates } = pick();
  pen.putDown(ink, [100, 100, 0.5]);
  frame();
  expect(pointCounts()).toEqual([1]);
  for (const x of [110, 120, 130]) pen.moveTo([x, 100, 0.5]);
  frame();
  expect(pointCounts()).toEqual([4]);
  expect(updates()).toBe(2);
  pen.moveTo([140, 100, 0.5]);
  pen.lift();
  expect(pointCounts()).toEqual([5]);
  pen.moveTo([150, 100, 0.5]);
  frame();
  expect(pointCounts()).toEqual([5]);
});

test("points that say nothing new are left out", () => {
  const { pen, pointCounts } = pick();
  pen.putDown(ink, [100, 100, 0.5]);
  pen.moveTo([100.5, 100.5, 0.5]);
  pen.lift();
  expect(pointCounts()).toEqual([1]);
});

test("a line that somebody takes away while it is drawn goes on as another one", () => {
  const { pen, frame, strokes, pointCounts } = pick();
  pen.putDown(ink, [100, 100, 0.5]);
  frame();
  strokes.delete(0);
  frame();
  pen.moveTo([200, 200, 0.5]);
  frame();
  expect(pointCounts()).toEqual([1]);
});

test("a line without an end goes on as another one, from where it was", () => {
  const { pen, frame, strokes, pointCounts, manager } = pick();
  pen.putDown(ink, [0, 100, 0.5]);
  for (let at = 1; at < 1_005; at += 1) {
    pen.moveTo([(at * 7) % 1_600, 100 + at / 2, 0.5]);
    if (at % 27 === 0) frame();
  }
  frame();
  expect(pointCounts()[0]).toBe(1_000);
  expect(strokes.length).toBe(2);
  const [first, second] = strokes.toJSON() as { points: number[] }[];
  expect(second?.points.slice(0, 3)).toEqual(first?.points.slice(-3));
  pen.lift();
  manager.undo();
  expect(strokes.length).toBe(0);
});

test("the eraser takes away whole lines on its way, and undo brings all of them back at once", () => {
  const { pen, frame, strokes, manager } = pick();
  for (const y of [100, 200, 900]) {
    pen.putDown(ink, [100, y, 0.5]);
    pen.moveTo([900, y, 0.5]);
    pen.lift();
  }
  frame();
  pen.putDown({ kind: "eraser" }, [500, 50, 0.5]);
  pen.moveTo([500, 150, 0.5]);
  pen.moveTo([500, 250, 0.5]);
  pen.lift();
  expect(strokes.length).toBe(1);
  manager.undo();
  expect(strokes.length).toBe(3);
  manager.undo();
  expect(strokes.length).toBe(2);
});

test("to take away what is gone already does nothing", () => {
  const { doc, pen, strokes, updates } = pick();
  pen.putDown(ink, [100, 100, 0.5]);
  pen.lift();
  const sheet = new Sheet({ doc, isCatchingUp: () => false, onChange: () => {} });
  const { drawn } = sheet.take();
  strokes.delete(0);
  const before = updates();
  pen.remove(drawn);
  expect(updates()).toBe(before);
});
