/**
 * Virtual time. Events fall due in order; those that fall due together, in an order that the seed decides. Between two events
 * all promises that can settle have settled, so that an event never sees another half done.
 */
import type { Random } from "../fixtures/random.js";
import type { Trace } from "./trace.js";

interface Event {
  readonly dueMs: number;
  readonly rank: number;
  readonly label: string;
  run: (() => void) | undefined;
}

/** The runtime's own, whatever a test puts in their place. */
const { nextTick } = process;
const realSetImmediate = setImmediate;

/** The runtime's timers and messages get a turn after so many events. */
const eventsPerTurn = 2_000;

export class Scheduler {
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #heap: Event[] = [];
  #nowMs = 0;
  eventCount = 0;

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    this.#trace = trace;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `run` after `delayMs`; the returned function cancels. An empty label keeps the event out of the trace. */
  after(delayMs: number, label: string, run: () => void): () => void {
    const event: Event = { dueMs: this.#nowMs + Math.max(0, delayMs), rank: this.#random.int(2 ** 30), label, run };
    this.#push(event);
    return () => (event.run = undefined);
  }

  note(text: string): void {
    this.#trace.note(this.#nowMs, text);
  }

  /** Runs what falls due in the next `ms`, or until `isOver`, or until a rule was broken. */
  async advance(ms: number, isOver: () => boolean = () => false): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (let event = this.#heap[0]; event && event.dueMs <= untilMs; event = this.#heap[0]) {
      if (this.#trace.violation !== undefined || isOver()) return;
      this.#pop();
      if (!event.run) continue;
      this.#nowMs = Math.max(this.#nowMs, event.dueMs);
      if (event.label !== "") this.note(event.label);
      event.run();
      this.eventCount += 1;
      await promisesSettled();
      if (this.eventCount % eventsPerTurn === 0) await anotherTurn();
    }
    this.#nowMs = untilMs;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above] as Event)) break;
      heap[at] = heap[above] as Event;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Event, heap[below] as Event)) below += 1;
      if (!isBefore(heap[below] as Event, last)) break;
      heap[at] = heap[below] as Event;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(left: Event, right: Event): boolean {
  return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.rank < right.rank);
}

/** Node empties the queue of promises before it looks at the next tick. */
export function promisesSettled(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve));
}

/** Everything that waits has its turn, and rejections that nobody heard are reported. */
export function anotherTurn(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}
