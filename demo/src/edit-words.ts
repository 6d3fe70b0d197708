/** Edits in words: how many they are, and the edit trail for who cannot see it, or asks about one of them. */
import { stageOf, type EditStage, type TracedEdit, type WaitingTimes } from "./edit-timeline.js";

/** "1 edit", "1,234 edits" */
export function editsInWords(count: number): string {
  return count === 1 ? "1 edit" : `${count.toLocaleString("en")} edits`;
}

/** "7 ms", "1.4 s", "3 min". */
export function duration(ms: number): string {
  if (ms < 0.95) return "under 1 ms";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** As short as possible: "<1 ms". */
export function shortDuration(ms: number): string {
  return duration(ms).replace("under ", "<");
}

/** "edit 12: received after 4 ms, on disk after 7 ms" */
export function editStory({ number, madeAtMs, receivedAtMs, durableAtMs }: TracedEdit): string {
  const after = (ms: number) => duration(ms - madeAtMs);
  if (receivedAtMs === undefined) return `edit ${number}: only in this browser so far`;
  const received = `edit ${number}: received after ${after(receivedAtMs)}`;
  return durableAtMs === undefined
    ? `${received}, not on disk yet`
    : `${received}, on disk after ${after(durableAtMs)}`;
}

const stageWords: readonly (readonly [EditStage, string])[] = [
  ["durable", "on the server’s disk"],
  ["received", "received by the server, not on its disk yet"],
  ["inThisBrowser", "only in this browser"],
];

export function trailStory(edits: readonly TracedEdit[], times: WaitingTimes | undefined): string {
  if (edits.length === 0) return "No edits were made in this pane yet.";
  const stages = stageWords.flatMap(([stage, words]) => {
    const count = edits.filter((edit) => stageOf(edit) === stage).length;
    return count > 0 ? [`${count} ${words}`] : [];
  });
  const what = edits.length === 1 ? "The latest edit of this pane" : `The latest ${edits.length} edits of this pane`;
  const speed = times
    ? ` It took ${duration(times.medianMs)} at the median to get to the disk, ${duration(times.slowMs)} at the 95th percentile.`
    : "";
  return `${what}: ${stages.join("; ")}.${speed}`;
}
