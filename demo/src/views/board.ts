/** A board that everybody draws on: lines of the document as they grow, the others' pointers, and the tools to draw with. */
import "./tools.css";
import "./board/board.css";
import { strokesOf } from "../document.js";
import { Desk } from "./board/desk.js";
import { Hand, type HandTarget } from "./board/hand.js";
import type { InkPoint } from "./board/ink.js";
import { KeyboardHand } from "./board/keyboard-hand.js";
import { OtherPointers } from "./board/other-pointers.js";
import { OwnPointer } from "./board/own-pointer.js";
import { Painting } from "./board/painting.js";
import { Pen } from "./board/pen.js";
import { Sheet, type Line } from "./board/sheet.js";
import { Toolbox } from "./board/toolbox.js";
import { History } from "./history.js";
import type { OpenView, View, ViewOptions } from "./view.js";

export const openBoard: OpenView = (options) => new Board(options);

/** How often it is looked whether a line has settled, in ms. */
const settlePause = 200;

class Board implements View {
  readonly #clientId: number;
  readonly #sheet: Sheet;
  readonly #history: History;
  readonly #pen: Pen;
  readonly #toolbox: Toolbox;
  readonly #desk: Desk;
  readonly #painting: Painting;
  readonly #pointer: OwnPointer;
  readonly #others: OtherPointers;
  readonly #resizes = new ResizeObserver(() => this.#painting.repaint());
  readonly #darkness = matchMedia("(prefers-color-scheme: dark)");
  #frame: number | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #isReadOnly = false;

  constructor({ parent, doc, awareness, person, label, isCatchingUp }: ViewOptions) {
    this.#clientId = doc.clientID;
    this.#sheet = new Sheet({ doc, isCatchingUp, onChange: () => this.#requestFrame() });
    // What happens between two starts of a step is one step, however long it takes.
    this.#history = new History(doc, { scope: strokesOf(doc), captureTimeout: Infinity });
    this.#pen = new Pen({ doc, sheet: this.#sheet, history: this.#history });
    this.#toolbox = new Toolbox({
      person,
      historyButtons: this.#history.buttons,
      clearing: { count: () => this.#counts(), clear: (which) => this.#clear(which) },
    });
    this.#desk = new Desk(label, this.#toolbox.element);
    this.#painting = new Painting(this.#desk.paper);
    this.#desk.layOut();
    this.#pointer = new OwnPointer(awareness);
    this.#others = new OtherPointers(this.#desk.paper, awareness);
    this.#listen();
    parent.append(this.#desk.element);
    this.#resizes.observe(this.#desk.paper);
    this.#drawFrame();
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
    if (isReadOnly) this.#pen.lift();
    this.#history.isReadOnly = isReadOnly;
    this.#toolbox.isReadOnly = isReadOnly;
    this.#desk.isReadOnly = isReadOnly;
  }

  /** All of the board is always in sight: their pointer stands out among the others. */
  follow(clientId: number | undefined): void {
    this.#others.followed = clientId;
  }

  destroy(): void {
    this.#pen.lift();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#settling);
    this.#resizes.disconnect();
    this.#darkness.removeEventListener("change", this.#changeGround);
    this.#painting.destroy();
    this.#pointer.destroy();
    this.#others.destroy();
    this.#history.destroy();
    this.#sheet.destroy();
    this.#desk.element.remove();
  }

  #listen(): void {
    const { element, paper } = this.#desk;
    const byKeys = new KeyboardHand(paper, this.#handTarget({ isPenShown: true, onDown: () => {} }));
    new Hand(paper, this.#handTarget({ isPenShown: false, onDown: (point) => byKeys.yieldAt(point) }));
    this.#history.listenTo(element);
    this.#darkness.addEventListener("change", this.#changeGround);
  }

  readonly #changeGround = (): void => this.#painting.repaint();

  #handTarget({ isPenShown, onDown }: { isPenShown: boolean; onDown: (point: InkPoint) => void }): HandTarget {
    const show = (point: InkPoint) => {
      const { nib } = this.#toolbox;
      const [x, y] = point;
      this.#pointer.place = { x, y, isDown: this.#pen.isDown };
      if (isPenShown || nib.kind === "eraser") this.#desk.showPen(nib, point, this.#pen.isDown);
      else this.#desk.hidePen();
      if (this.#pen.isDown) this.#requestFrame();
    };
    let last: InkPoint = [0, 0, 0];
    return {
      putDown: (point) => {
        onDown(point);
        if (!this.#isReadOnly) this.#pen.putDown(this.#toolbox.nib, point);
        show((last = point));
      },
      moveTo: (points) => {
        for (const point of points) this.#pen.moveTo((last = point));
        show(last);
      },
      lift: () => {
        this.#pen.lift();
        show(last);
      },
      leave: () => {
        this.#desk.hidePen();
        this.#pointer.place = null;
      },
    };
  }

  #requestFrame(): void {
    this.#frame ??= requestAnimationFrame(() => this.#drawFrame());
  }

  /** What was drawn here goes into the document first: it is seen on this frame, not on the next. */
  #drawFrame(): void {
    this.#pen.write();
    this.#frame = undefined;
    const change = this.#sheet.take();
    this.#painting.show(this.#sheet.lines, change, performance.now());
    this.#desk.showCounts(this.#counts());
    this.#settleLater();
  }

  #settleLater(): void {
    if (this.#settling !== undefined || !this.#painting.isGrowing) return;
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      this.#painting.settle(performance.now());
      this.#settleLater();
    }, settlePause);
  }

  #counts(): { readonly own: number; readonly all: number } {
    return { own: this.#sheet.lines.filter(this.#isOwn).length, all: this.#sheet.lines.length };
  }

  readonly #isOwn = ({ by }: Line): boolean => by === this.#clientId;

  #clear(which: "own" | "all"): void {
    this.#history.startStep();
    this.#pen.remove(which === "all" ? this.#sheet.lines : this.#sheet.lines.filter(this.#isOwn));
  }
}
