/**
 * Removes what one client wrote and leaves what anybody else wrote into it, or around it. Who wrote what is known by the ids
 * of Yjs's items: nothing else tells a bot's letter from a visitor's in the middle of it.
 */
import * as Y from "yjs";

/** What a client made, from one clock of its own up to another, without it. */
export interface Span {
  readonly clientId: number;
  readonly fromClock: number;
  readonly toClock: number;
}

/** Any of Yjs's types, as far as it matters here. */
export type SharedType = Pick<Y.AbstractType<unknown>, "_start" | "_map">;

interface Part {
  readonly item: Y.Item;
  /** Of the item, in the type. */
  readonly index: number;
  /** Of what is in the span; 0: nothing. */
  readonly offset: number;
  readonly length: number;
}

export function takeBack(type: SharedType, span: Span): void {
  // From the end: what is removed does not move what is still to be.
  for (const { item, index, offset, length } of partsOf(type, span).reverse()) {
    const nested = nestedIn(item);
    if (nested && (length === 0 || holdsOthers(nested, span))) takeBack(nested, span);
    else if (length > 0) deleteFrom(type, index + offset, length);
  }
  for (const value of valuesOf(type)) {
    const nested = nestedIn(value);
    if (nested) takeBack(nested, span);
  }
}

/** Whether someone has written something into it. A value that was set, such as a tick, does not count. */
function holdsOthers(type: SharedType, span: Span): boolean {
  const parts = partsOf(type, span);
  const nested = [...parts.map(({ item }) => item), ...valuesOf(type)].flatMap((item) => nestedIn(item) ?? []);
  return parts.some(({ item, length }) => length < item.length) || nested.some((each) => holdsOthers(each, span));
}

/** Of a map, or the attributes of an element. */
function valuesOf(type: SharedType): Y.Item[] {
  return [...type._map.values()].filter(({ deleted }) => !deleted);
}

function partsOf(type: SharedType, { clientId, fromClock, toClock }: Span): Part[] {
  const parts: Part[] = [];
  let index = 0;
  for (let item = type._start; item; item = item.right) {
    if (item.deleted || !item.countable) continue;
    const { client, clock } = item.id;
    const offset = Math.max(0, fromClock - clock);
    const end = Math.min(item.length, toClock - clock);
    parts.push({ item, index, offset, length: client === clientId ? Math.max(0, end - offset) : 0 });
    index += item.length;
  }
  return parts;
}

function nestedIn({ content }: Y.Item): SharedType | undefined {
  return content instanceof Y.ContentType ? content.type : undefined;
}

function deleteFrom(type: SharedType, index: number, length: number): void {
  if (type instanceof Y.Text || type instanceof Y.Array || type instanceof Y.XmlFragment) type.delete(index, length);
}
