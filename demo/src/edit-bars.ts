/** The bars of the edit trail: how high, and where. Whole pixels, so that they are sharp. */
import { stageOf, type EditStage, type TracedEdit } from "./edit-timeline.js";

export interface Bar {
  readonly edit: TracedEdit;
  readonly stage: EditStage;
  readonly x: number;
  readonly width: number;
  readonly height: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
}

export const mostBars = 48;
/** What is quicker is no lower, what is slower no higher. */
const scaleMs = { from: 1, to: 5_000 } as const;
const narrowest = 4;
const gap = 1;
const lowest = 3;
/** Of an edit that waits, where nothing may grow. */
const waitingShare = 0.3;

/** How many there is room for. */
export function barCount(width: number): number {
  return Math.max(1, Math.min(mostBars, Math.floor(width / narrowest)));
}

/** From 0 to 1, logarithmically. */
export function heightShare(ms: number): number {
  const within = Math.min(scaleMs.to, Math.max(scaleMs.from, ms));
  return Math.log(within / scaleMs.from) / Math.log(scaleMs.to / scaleMs.from);
}

/** The newest at the right edge. */
export function barsOf(edits: readonly TracedEdit[], frame: Frame, nowMs: number | undefined): readonly Bar[] {
  const count = barCount(frame.width);
  const pitch = Math.floor(frame.width / count);
  const shown = edits.slice(-count);
  return shown.map((edit, index) => ({
    edit,
    stage: stageOf(edit),
    x: frame.width - (shown.length - index) * pitch,
    width: pitch - gap,
    height: Math.round(lowest + (frame.height - lowest) * shareOf(edit, nowMs)),
  }));
}

/** @param nowMs `undefined`: what waits does not grow */
function shareOf({ madeAtMs, durableAtMs }: TracedEdit, nowMs: number | undefined): number {
  const untilMs = durableAtMs ?? nowMs;
  return untilMs === undefined ? waitingShare : heightShare(untilMs - madeAtMs);
}

/** Whether a bar will be higher if one waits. */
export function isGrowing({ madeAtMs, durableAtMs }: TracedEdit, nowMs: number): boolean {
  return durableAtMs === undefined && nowMs - madeAtMs < scaleMs.to;
}
