/** The elements of an edit trail: bars, two times, and the story of a bar that somebody asks about. Decides nothing. */
import type { Bar, Frame } from "./edit-bars.js";
import type { WaitingTimes } from "./edit-timeline.js";
import "./edit-trail.css";
import { shortDuration } from "./edit-words.js";

export class TrailView {
  readonly element = document.createElement("div");
  readonly picture = document.createElement("div");
  readonly #svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  readonly #times = document.createElement("p");
  readonly #median = document.createElement("b");
  readonly #slow = document.createElement("span");
  readonly #story = document.createElement("p");
  readonly #rects: SVGRectElement[] = [];

  constructor() {
    this.element.className = "edit-trail";
    this.picture.className = "edit-bars";
    this.picture.role = "img";
    this.#svg.ariaHidden = "true";
    this.picture.append(this.#svg);
    this.#times.className = "edit-times";
    this.#times.title = "Until an edit is on the server’s disk: half of them took no longer, 95 of a hundred no longer";
    this.#times.append(this.#median, this.#slow);
    this.#story.className = "edit-story";
    this.#story.ariaLive = "polite";
    this.element.append(this.picture, this.#times, this.#story);
  }

  get frame(): Frame {
    return { width: this.picture.clientWidth, height: this.picture.clientHeight };
  }

  draw(bars: readonly Bar[], asked: Bar | undefined): void {
    const { height } = this.frame;
    // There is something to ask about.
    if (bars.length > 0) this.picture.tabIndex = 0;
    while (this.#rects.length < bars.length) this.#rects.push(this.#newRect());
    for (const [index, rect] of this.#rects.entries()) drawBar(rect, bars[index], { height, asked });
  }

  /** Of the bar that somebody asks about; `undefined` when nobody does. */
  tell(story: string | undefined): void {
    this.#story.hidden = story === undefined;
    if (story !== undefined && this.#story.textContent !== story) this.#story.textContent = story;
  }

  showTimes({ medianMs, slowMs }: WaitingTimes): void {
    this.#median.textContent = `median ${shortDuration(medianMs)}`;
    this.#slow.textContent = `95 % in ${shortDuration(slowMs)}`;
  }

  #newRect(): SVGRectElement {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    this.#svg.append(rect);
    return rect;
  }
}

interface Around {
  readonly height: number;
  readonly asked: Bar | undefined;
}

function drawBar(rect: SVGRectElement, bar: Bar | undefined, { height, asked }: Around): void {
  setAttribute(rect, "visibility", bar ? "visible" : "hidden");
  if (!bar) return;
  // The line around a hollow bar lies in the middle of its pixels.
  const inset = bar.stage === "inThisBrowser" ? 0.5 : 0;
  setAttribute(rect, "data-stage", bar.stage);
  setAttribute(rect, "data-asked", String(bar === asked));
  setAttribute(rect, "x", String(bar.x + inset));
  setAttribute(rect, "y", String(height - bar.height + inset));
  setAttribute(rect, "width", String(Math.max(0, bar.width - 2 * inset)));
  setAttribute(rect, "height", String(Math.max(0, bar.height - 2 * inset)));
}

/** What has not changed need not be drawn again. */
function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
