/** Whether two documents are alike: the same ids, the same of them deleted, roots that say the same. */
import * as Y from "yjs";

/** In words, the first thing in which they differ; `undefined`: in nothing. */
export function differenceBetween(one: Y.Doc, other: Y.Doc): string | undefined {
  const [oneClocks, otherClocks] = [clocksOf(one), clocksOf(other)];
  if (oneClocks !== otherClocks) return difference("ids", oneClocks, otherClocks);
  const doubtful = [...deletedOnlyIn(one, other), ...deletedOnlyIn(other, one)];
  const wrong = doubtful.find(({ excuse }) => excuse === undefined);
  if (wrong) return `${wrong.name} is deleted in one of them`;
  // What leads astray is seen by some and not by others.
  if (doubtful.some(({ excuse }) => excuse === "astray")) return undefined;
  const [oneSees, otherSees] = [seenIn(one), seenIn(other)];
  return oneSees === otherSees ? undefined : difference("content", oneSees, otherSees);
}

function clocksOf(doc: Y.Doc): string {
  return JSON.stringify([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b));
}

/** An id that is deleted in one document only, and why that may be. */
interface Doubtful {
  readonly name: string;
  /**
   * `mark`: of a format; Yjs removes those that say nothing, sooner or later, by how a document was loaded. `astray`: it leans on
   * what is elsewhere, which nobody's editor does; Yjs lets it live only where that has not been collected yet.
   */
  readonly excuse: "mark" | "astray" | undefined;
}

function* deletedOnlyIn(one: Y.Doc, other: Y.Doc): Iterable<Doubtful> {
  const deletedInOther = Y.createDeleteSetFromStructStore(other.store);
  for (const [client, ranges] of Y.createDeleteSetFromStructStore(one.store).clients) {
    for (const { clock, len } of ranges) {
      for (let at = clock; at < clock + len; at++) {
        const id = Y.createID(client, at);
        if (!Y.isDeleted(deletedInOther, id)) yield { name: `${client}:${at}`, excuse: excuseOf(other, id) };
      }
    }
  }
}

function excuseOf(doc: Y.Doc, id: Y.ID): Doubtful["excuse"] {
  const item: unknown = Y.getItem(doc.store, id);
  if (!(item instanceof Y.Item)) return undefined;
  if (item.content instanceof Y.ContentFormat) return "mark";
  return isAstray(doc, item, new Set()) ? "astray" : undefined;
}

/** It, or what it leans on, or what it is in, leans on something in another place. */
function isAstray(doc: Y.Doc, item: Y.Item, visited: Set<Y.Item>): boolean {
  if (visited.has(item)) return false;
  visited.add(item);
  const { parent } = item;
  for (const id of [item.origin, item.rightOrigin]) {
    if (id === null) continue;
    const near: unknown = Y.getItem(doc.store, id);
    if (!(near instanceof Y.Item) || near.parent !== parent || isAstray(doc, near, visited)) return true;
  }
  const holder = parent instanceof Y.AbstractType ? parent._item : null;
  return holder !== null && isAstray(doc, holder, visited);
}

/** Roots are looked up as what honest editors take them for. */
function seenIn(doc: Y.Doc): string {
  return JSON.stringify({
    text: doc.getText("text").toString().length,
    map: [...doc.getMap("map").keys()].sort(),
    array: doc.getArray("array").length,
    xml: doc.getXmlFragment("xml").length,
    alive: Object.entries(doc.getMap("alive").toJSON() as Record<string, unknown>).sort(([a], [b]) => (a < b ? -1 : 1)),
  });
}

function difference(what: string, one: string, other: string): string {
  let at = 0;
  while (one[at] === other[at] && at < one.length) at += 1;
  const from = Math.max(0, at - 60);
  return `${what}: …${one.slice(from, at + 80)}… and …${other.slice(from, at + 80)}…`;
}
