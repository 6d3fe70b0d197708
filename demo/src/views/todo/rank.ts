/** Numbers that say where something is in a list: another one fits between any two, until digits run out. */

/**
 * @param before of what is to come before it; undefined when nothing does
 * @param after of what is to come after it; undefined when nothing does
 * @returns undefined where there is no number between them
 */
export function rankBetween(before: number | undefined, after: number | undefined): number | undefined {
  const rank = middle(before, after);
  const isBetween = (before === undefined || before < rank) && (after === undefined || rank < after);
  return isBetween && Number.isFinite(rank) ? rank : undefined;
}

function middle(before: number | undefined, after: number | undefined): number {
  if (before === undefined) return after === undefined ? 1 : after - 1;
  return after === undefined ? before + 1 : before / 2 + after / 2;
}
