/** What has to be drawn, and no more, when the document changes. */
import * as Y from "yjs";
import { expect, test } from "vitest";
import { strokeOf, strokesOf, type Stroke } from "../../document.js";
import { pointsOf } from "./ink.js";
import { Sheet } from "./sheet.js";

const dot = (color = "#20798a"): Stroke => strokeOf(color, 8, [10, 10, 0.5]);

function open(doc = new Y.Doc()) {
  let isCatchingUp = false;
  let changeCount = 0;
  const sheet = new Sheet({ doc, isCatchingUp: () => isCatchingUp, onChange: () => (changeCount += 1) });
  return {
    doc,
    sheet,
    strokes: strokesOf(doc),
    changes: () => changeCount,
    catchUp: () => (isCatchingUp = true),
  };
}

/** As somebody else would: by an update. */
function elsewhere(doc: Y.Doc, change: (strokes: Y.Array<Stroke>) => void): void {
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  change(strokesOf(other));
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)));
}

test("what is there at first is drawn, in order", () => {
  const doc = new Y.Doc();
  strokesOf(doc).push([dot("#111111"), dot("#222222")]);
  const { sheet } = open(doc);
  expect(sheet.take().drawn.map(({ ink }) => ink.color)).toEqual(["#111111", "#222222"]);
  expect(sheet.take()).toEqual({ drawn: [], removed: [], caughtUp: [] });
});

test("a line that has grown is drawn anew, alone", () => {
  const { sheet, strokes, changes } = open();
  strokes.push([dot(), dot()]);
  const [first] = sheet.take().drawn;
  pointsOf(strokes.get(0))?.push([90, 90, 0.5]);
  expect(changes()).toBe(2);
  const { drawn, removed } = sheet.take();
  expect(drawn.map(({ ink }) => ink.points.length)).toEqual([2]);
  expect(removed).toEqual([first]);
  expect(sheet.lines).toHaveLength(2);
});

test("a line that is gone is removed", () => {
  const { sheet, strokes } = open();
  strokes.push([dot(), dot()]);
  const [first] = sheet.take().drawn;
  strokes.delete(0);
  expect(sheet.take()).toEqual({ drawn: [], removed: [first], caughtUp: [] });
});

test("a line that becomes damaged goes, and one that is mended comes", () => {
  const { sheet, strokes } = open();
  strokes.push([dot()]);
  sheet.take();
  strokes.get(0).set("color", "none");
  expect(sheet.take().removed).toHaveLength(1);
  expect(sheet.lines).toEqual([]);
  strokes.get(0).set("color", "#123456");
  expect(sheet.take().drawn).toHaveLength(1);
});

test("what is no line is passed over, and nested things do no harm", () => {
  const { doc, sheet } = open();
  const anything: Y.Array<unknown> = doc.getArray("strokes");
  anything.push([5, null, "line", new Y.Text("line"), new Y.Array(), new Y.Map([["deep", new Y.Map()]]), dot()]);
  expect(sheet.take().drawn).toHaveLength(1);
  const deep = (anything.get(5) as Y.Map<Y.Map<unknown>>).get("deep");
  deep?.set("deeper", new Y.Map());
  expect(sheet.take()).toEqual({ drawn: [], removed: [], caughtUp: [] });
});

test("what others drew while this pane was away is told apart from what it drew itself", () => {
  const { doc, sheet, strokes, catchUp } = open();
  strokes.push([dot("#111111")]);
  sheet.take();
  catchUp();
  strokes.push([dot("#222222")]);
  elsewhere(doc, (others) => {
    others.push([dot("#333333")]);
    pointsOf(others.get(0))?.push([90, 90, 0.5]);
  });
  const { drawn, caughtUp } = sheet.take();
  expect(drawn.map(({ ink }) => ink.color).sort()).toEqual(["#111111", "#222222", "#333333"]);
  expect(caughtUp.map(({ ink }) => ink.color).sort()).toEqual(["#111111", "#333333"]);
});

test("of a board that is filled up, the newest lines are drawn", () => {
  const { sheet, strokes } = open();
  strokes.push(Array.from({ length: 3_001 }, (_, at) => dot(at === 0 ? "#111111" : "#222222")));
  const { drawn } = sheet.take();
  expect(drawn).toHaveLength(3_000);
  expect(drawn.some(({ ink }) => ink.color === "#111111")).toBe(false);
});
