/** What somebody did to a text in a field, as the smallest change of the text before: what others wrote around it stays theirs. */

export interface TextChange {
  readonly index: number;
  readonly deleteCount: number;
  readonly insert: string;
}

/**
 * @param caret where it is in `after`: in "aaa", it alone tells which "a" is new
 * @returns undefined when there was none
 */
export function changeBetween(before: string, after: string, caret: number): TextChange | undefined {
  if (before === after) return undefined;
  const kept = Math.min(before.length, after.length);
  const behind = sameAtEnd(before, after, Math.min(kept, after.length - caret));
  const ahead = sameAtStart(before, after, kept - behind);
  return {
    index: ahead,
    deleteCount: before.length - behind - ahead,
    insert: after.slice(ahead, after.length - behind),
  };
}

/** Half a character, of those that take two units, is not the same. */
function sameAtStart(one: string, other: string, most: number): number {
  let count = 0;
  while (count < most && one[count] === other[count]) count += 1;
  return count > 0 && isFirstHalf(one.charCodeAt(count - 1)) ? count - 1 : count;
}

function sameAtEnd(one: string, other: string, most: number): number {
  let count = 0;
  while (count < most && one.at(-1 - count) === other.at(-1 - count)) count += 1;
  return count > 0 && isSecondHalf(one.charCodeAt(one.length - count)) ? count - 1 : count;
}

function isFirstHalf(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isSecondHalf(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** As Yjs says what happened to a text. */
export type Delta = readonly DeltaStep[];

interface DeltaStep {
  readonly retain?: number | undefined;
  readonly delete?: number | undefined;
  readonly insert?: unknown;
}

/** Where a place in the text before is after it. What was inserted just there is behind it. */
export function indexAfter(index: number, delta: Delta): number {
  let [at, moved] = [0, index];
  for (const { retain = 0, delete: deleteCount = 0, insert } of delta) {
    at += retain;
    if (at >= moved) return moved;
    moved -= Math.min(deleteCount, moved - at);
    const length = typeof insert === "string" ? insert.length : Number(insert !== undefined);
    moved += length;
    at += length;
  }
  return moved;
}
