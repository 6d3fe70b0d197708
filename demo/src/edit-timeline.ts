/**
 * What became of the latest edits, and when: from counts alone, because edits arrive and are stored in the order in which
 * they were made. Knows no page and no clock.
 */
import type { SaveState } from "@syncline/client";

/** Times are in milliseconds, on whatever clock is passed in. */
export interface TracedEdit {
  /** The first is 1. */
  readonly number: number;
  readonly madeAtMs: number;
  /** `undefined`: not known to be there. What the server may have lost again is no longer known to be there. */
  readonly receivedAtMs: number | undefined;
  readonly durableAtMs: number | undefined;
}

export type EditStage = keyof SaveState;

export function stageOf({ receivedAtMs, durableAtMs }: TracedEdit): EditStage {
  if (durableAtMs !== undefined) return "durable";
  return receivedAtMs === undefined ? "inThisBrowser" : "received";
}

export interface WaitingTimes {
  readonly medianMs: number;
  /** 95 of a hundred edits took no longer. */
  readonly slowMs: number;
}

export class EditTimeline {
  readonly #capacity: number;
  #edits: TracedEdit[] = [];
  #madeCount: number;

  /**
   * @param capacity the older edits are forgotten
   * @param start what there is already is not traced: nobody knows when it was made
   */
  constructor(capacity: number, start: SaveState) {
    this.#capacity = capacity;
    this.#madeCount = start.inThisBrowser;
  }

  /** The oldest first. */
  get edits(): readonly TracedEdit[] {
    return this.#edits;
  }

  get isWaiting(): boolean {
    return this.#edits.some(({ durableAtMs }) => durableAtMs === undefined);
  }

  /** Returns whether anything is another than before. */
  observe({ inThisBrowser, received, durable }: SaveState, nowMs: number): boolean {
    const before = this.#edits;
    const newCount = Math.min(this.#capacity, inThisBrowser - this.#madeCount);
    const made = Array.from({ length: Math.max(0, newCount) }, (_, index) =>
      newEdit(inThisBrowser - newCount + 1 + index, nowMs),
    );
    this.#madeCount = Math.max(this.#madeCount, inThisBrowser);
    this.#edits = [...before, ...made]
      .slice(-this.#capacity)
      .map((edit) => advanced(edit, { isReceived: edit.number <= received, isDurable: edit.number <= durable, nowMs }));
    return made.length > 0 || this.#edits.some((edit, index) => edit !== before[index]);
  }

  /** Of the edits that are on disk; `undefined` while there is none. */
  get waitingTimes(): WaitingTimes | undefined {
    const times = this.#edits
      .flatMap(({ madeAtMs, durableAtMs }) => (durableAtMs === undefined ? [] : [durableAtMs - madeAtMs]))
      .sort((a, b) => a - b);
    const at = (share: number) => times[Math.ceil(share * times.length) - 1];
    const [medianMs, slowMs] = [at(0.5), at(0.95)];
    return medianMs === undefined || slowMs === undefined ? undefined : { medianMs, slowMs };
  }
}

function newEdit(number: number, madeAtMs: number): TracedEdit {
  return { number, madeAtMs, receivedAtMs: undefined, durableAtMs: undefined };
}

interface News {
  readonly isReceived: boolean;
  readonly isDurable: boolean;
  readonly nowMs: number;
}

/** The same object where there is no news. */
function advanced(edit: TracedEdit, { isReceived, isDurable, nowMs }: News): TracedEdit {
  if (edit.durableAtMs !== undefined) return edit;
  // What is on disk has been received, whether or not that was said.
  const receivedAtMs = isReceived || isDurable ? (edit.receivedAtMs ?? nowMs) : undefined;
  const durableAtMs = isDurable ? nowMs : undefined;
  const isSame = receivedAtMs === edit.receivedAtMs && durableAtMs === edit.durableAtMs;
  return isSame ? edit : { ...edit, receivedAtMs, durableAtMs };
}
