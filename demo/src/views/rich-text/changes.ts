/**
 * What really changed between two versions of a page. y-tiptap replaces all of it with each edit of others. Paragraphs that
 * stayed as they are come first; only what lies between them is compared letter by letter.
 */
import { ChangeSet } from "@tiptap/pm/changeset";
import type { Node } from "@tiptap/pm/model";
import { StepMap } from "@tiptap/pm/transform";

/** `before` positions fromA to toA have become `after` positions fromB to toB. */
export interface Change {
  readonly fromA: number;
  readonly toA: number;
  readonly fromB: number;
  readonly toB: number;
}

export function changesBetween(before: Node, after: Node): readonly Change[] {
  const replaced = replacedBlocks({ node: before, start: 0 }, { node: after, start: 0 });
  // One after the other: of several in one map, the library puts the third at a wrong place.
  const maps = replaced.map(({ fromA, toA, fromB, toB }) => new StepMap([fromB, toA - fromA, toB - fromB]));
  const { changes } = ChangeSet.create(before).addSteps(after, maps, null);
  const settled: Change[] = [];
  for (const [index, change] of changes.entries()) {
    const room = { from: settled.at(-1)?.toB ?? 0, to: changes[index + 1]?.fromB ?? after.content.size };
    settled.push(asWritten(change, after, room));
  }
  return settled;
}

/** As a step of ProseMirror says it. */
export function triple({ fromA, toA, fromB, toB }: Change): readonly number[] {
  return [fromA, toA - fromA, toB - fromB];
}

interface Placed {
  readonly node: Node;
  /** Of its content. */
  readonly start: number;
}

/** One block that became one of the same kind, a list say, is looked into. */
function replacedBlocks(before: Placed, after: Placed): readonly Change[] {
  const [oldBlocks, newBlocks] = [blocksOf(before), blocksOf(after)];
  const kept = [...keptBlocks(oldBlocks, newBlocks), { old: oldBlocks.length, new: newBlocks.length }];
  return kept.flatMap((next, index) => {
    const previous = kept[index - 1] ?? { old: -1, new: -1 };
    const [gone, come] = [oldBlocks.slice(previous.old + 1, next.old), newBlocks.slice(previous.new + 1, next.new)];
    const [was, is] = [gone[0], come[0]];
    if (!was && !is) return [];
    if (was && is && gone.length === 1 && come.length === 1 && mayLookInto(was.node, is.node))
      return replacedBlocks(was, is);
    return [
      {
        fromA: was ? was.start - 1 : edgeOf(oldBlocks, next.old, before),
        toA: edgeOf(oldBlocks, next.old, before),
        fromB: is ? is.start - 1 : edgeOf(newBlocks, next.new, after),
        toB: edgeOf(newBlocks, next.new, after),
      },
    ];
  });
}

function mayLookInto(was: Node, is: Node): boolean {
  return was.type === is.type && !was.isTextblock && !was.isLeaf;
}

function blocksOf({ node, start }: Placed): readonly Placed[] {
  const blocks: Placed[] = [];
  node.forEach((child, offset) => blocks.push({ node: child, start: start + offset + 1 }));
  return blocks;
}

/** Where a block begins; behind the last one, where the content of all of them ends. */
function edgeOf(blocks: readonly Placed[], index: number, { node, start }: Placed): number {
  const block = blocks[index];
  return block ? block.start - 1 : start + node.content.size;
}

interface Pair {
  readonly old: number;
  readonly new: number;
}

/** The longest series of blocks that are in both, in the same order. */
function keptBlocks(oldBlocks: readonly Placed[], newBlocks: readonly Placed[]): readonly Pair[] {
  const isSame = (pair: Pair) => {
    const [was, is] = [oldBlocks[pair.old], newBlocks[pair.new]];
    return was !== undefined && is !== undefined && was.node.eq(is.node);
  };
  const shorter = Math.min(oldBlocks.length, newBlocks.length);
  let head = 0;
  while (head < shorter && isSame({ old: head, new: head })) head += 1;
  const fromEnd = (count: number): Pair => ({ old: oldBlocks.length - count, new: newBlocks.length - count });
  let tail = 0;
  while (tail < shorter - head && isSame(fromEnd(tail + 1))) tail += 1;
  const first = { old: head, new: head };
  return [
    ...Array.from({ length: head }, (_, index) => ({ old: index, new: index })),
    ...longestSeries(first, fromEnd(tail), isSame),
    ...Array.from({ length: tail }, (_, index) => fromEnd(tail - index)),
  ];
}

/** More comparisons than this would be felt. Then all between is taken for changed, and compared letter by letter. */
const comparisonsAtMost = 250_000;

/** @param isSame whether two blocks between `first` and `end` are */
function longestSeries(first: Pair, end: Pair, isSame: (pair: Pair) => boolean): readonly Pair[] {
  if ((end.old - first.old) * (end.new - first.new) > comparisonsAtMost) return [];
  const width = end.new - first.new + 1;
  const lengths = new Uint16Array((end.old - first.old + 1) * width);
  const at = (pair: Pair) => (pair.old - first.old) * width + pair.new - first.new;
  const lengthFrom = (pair: Pair) => lengths[at(pair)] ?? 0;
  const down = (pair: Pair): Pair => ({ old: pair.old + 1, new: pair.new });
  const right = (pair: Pair): Pair => ({ old: pair.old, new: pair.new + 1 });
  for (let old = end.old - 1; old >= first.old; old -= 1) {
    for (let next = end.new - 1; next >= first.new; next -= 1) {
      const pair = { old, new: next };
      lengths[at(pair)] = isSame(pair)
        ? lengthFrom(down(right(pair))) + 1
        : Math.max(lengthFrom(down(pair)), lengthFrom(right(pair)));
    }
  }
  const series: Pair[] = [];
  for (let pair = first; pair.old < end.old && pair.new < end.new;) {
    if (isSame(pair)) series.push(pair);
    if (isSame(pair)) pair = down(right(pair));
    else pair = lengthFrom(down(pair)) >= lengthFrom(right(pair)) ? down(pair) : right(pair);
  }
  return series;
}

/**
 * Of equal letters nobody can tell which is the new one: "second " before "slate" may be found as "econd s". It is where a word
 * begins or ends, if there is such a place.
 *
 * @param room where it may be moved to: as far as the changes beside it
 */
function asWritten(change: Change, after: Node, room: { readonly from: number; readonly to: number }): Change {
  const { fromA, toA, fromB, toB } = change;
  if (fromA !== toA) return change;
  const [from, to] = [textAround(after, fromB), textAround(after, toB)];
  let first = 0;
  while (fromB + first > room.from && isSameAt(from.before.at(first - 1), to.before.at(first - 1))) first -= 1;
  let last = 0;
  while (toB + last < room.to && isSameAt(from.after[last], to.after[last])) last += 1;
  for (let by = first; by <= last; by += 1) if (isWordEdge(after, fromB + by)) return moved(change, by);
  return change;
}

function isSameAt(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

function moved({ fromA, toA, fromB, toB }: Change, by: number): Change {
  return { fromA: fromA + by, toA: toA + by, fromB: fromB + by, toB: toB + by };
}

function isWordEdge(doc: Node, position: number): boolean {
  const { before, after } = textAround(doc, position);
  return !/[\p{L}\p{N}]$/u.test(before) || !/^[\p{L}\p{N}]/u.test(after);
}

/** In the same paragraph; one character for each position. */
function textAround(doc: Node, position: number): { readonly before: string; readonly after: string } {
  const { parent, parentOffset } = doc.resolve(position);
  if (!parent.inlineContent) return { before: "", after: "" };
  const textIn = (from: number, to: number) => parent.textBetween(from, to, null, "\ufffc");
  return { before: textIn(0, parentOffset), after: textIn(parentOffset, parent.content.size) };
}
