/**
 * The latest edits of a pane as bars, the newest at the right: how long each took to the server's disk, and how far it is.
 * Draws once in a frame at most, and only while something changes: in a tab that nobody sees, never.
 */
import type { SynclineProvider } from "@syncline/client";
import { barsOf, isGrowing, mostBars, type Bar } from "./edit-bars.js";
import { EditTimeline } from "./edit-timeline.js";
import { TrailView } from "./edit-trail-view.js";
import { editStory, trailStory } from "./edit-words.js";

export interface EditTrailOptions {
  /** Milliseconds that only grow. @default the page's */
  readonly now?: () => number;
}

/** A screen reader is not told of each edit. */
const calmMs = 2_000;

/** Which edit somebody asks about: the one below the pointer, or one that was chosen with the keyboard. */
type Question = { readonly kind: "at"; readonly x: number } | { readonly kind: "edit"; readonly number: number };

export class EditTrail {
  readonly #provider: Pick<SynclineProvider, "status">;
  readonly #now: () => number;
  readonly #timeline: EditTimeline;
  readonly #view = new TrailView();
  readonly #unsubscribe: () => void;
  readonly #sizes = new ResizeObserver(() => this.#request());
  readonly #motion = matchMedia("(prefers-reduced-motion: reduce)");
  #bars: readonly Bar[] = [];
  #question: Question | undefined;
  #frame: number | undefined;
  #calmTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param parent has nothing else in it */
  constructor(
    parent: HTMLElement,
    provider: Pick<SynclineProvider, "status" | "subscribe">,
    { now = () => performance.now() }: EditTrailOptions = {},
  ) {
    this.#provider = provider;
    this.#now = now;
    this.#timeline = new EditTimeline(mostBars, provider.status);
    parent.append(this.#view.element);
    this.#unsubscribe = provider.subscribe(() => this.#observe());
    this.#listen();
    this.#sizes.observe(this.#view.picture);
    this.#describe();
  }

  destroy(): void {
    this.#unsubscribe();
    this.#sizes.disconnect();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#calmTimer);
    this.#view.element.remove();
  }

  #observe(): void {
    if (this.#timeline.observe(this.#provider.status, this.#now())) this.#request();
  }

  #request(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#draw();
    });
  }

  #draw(): void {
    const now = this.#now();
    const { edits, waitingTimes } = this.#timeline;
    this.#bars = barsOf(edits, this.#view.frame, this.#motion.matches ? undefined : now);
    const asked = this.#asked();
    this.#view.draw(this.#bars, asked);
    this.#view.tell(asked && editStory(asked.edit));
    if (waitingTimes) this.#view.showTimes(waitingTimes);
    this.#calmTimer ??= setTimeout(() => this.#describe(), calmMs);
    if (!this.#motion.matches && edits.some((edit) => isGrowing(edit, now))) this.#request();
  }

  #describe(): void {
    this.#calmTimer = undefined;
    this.#view.picture.ariaLabel = trailStory(this.#timeline.edits, this.#timeline.waitingTimes);
  }

  #listen(): void {
    const { picture } = this.#view;
    picture.addEventListener("pointermove", ({ clientX }) =>
      this.#ask({ kind: "at", x: clientX - picture.getBoundingClientRect().left }),
    );
    picture.addEventListener("pointerleave", () => this.#ask(undefined));
    picture.addEventListener("blur", () => this.#ask(undefined));
    picture.addEventListener("focus", () => {
      if (picture.matches(":focus-visible")) this.#choose(Infinity);
    });
    picture.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#bars.length - 1;
    const chosen = this.#bars.findIndex((bar) => bar === this.#asked());
    const targets: Readonly<Record<string, number>> = {
      ArrowLeft: (chosen < 0 ? last + 1 : chosen) - 1,
      ArrowRight: (chosen < 0 ? last : chosen) + 1,
      Home: 0,
      End: last,
    };
    if (event.key === "Escape") return this.#ask(undefined);
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.#choose(target);
  }

  /** @param index of a bar; the first or the last, when it is beyond them */
  #choose(index: number): void {
    const bar = this.#bars[Math.max(0, Math.min(this.#bars.length - 1, index))];
    this.#ask(bar && { kind: "edit", number: bar.edit.number });
  }

  #ask(question: Question | undefined): void {
    if (!question && !this.#question) return;
    this.#question = question;
    this.#request();
  }

  #asked(): Bar | undefined {
    const question = this.#question;
    if (!question) return undefined;
    return this.#bars.find((bar) =>
      question.kind === "edit"
        ? bar.edit.number === question.number
        : question.x >= bar.x && question.x < bar.x + bar.width + 1,
    );
  }
}
