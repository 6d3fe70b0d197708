/** Which of a list's items an event is about, however deep inside of them it happened. */
import * as Y from "yjs";

export type DeepEvent = Y.YEvent<Y.AbstractType<unknown>>;

/** @returns those that are new, and those with something new in them; of any type, as others have put them there */
export function touchedIn<Item>(list: Y.Array<Item>, events: readonly DeepEvent[]): ReadonlySet<unknown> {
  return new Set(events.flatMap((event) => (isAbout(list, event) ? addedBy(event) : [itemAround(list, event.target)])));
}

function isAbout<Item>(list: Y.Array<Item>, { target }: DeepEvent): boolean {
  const type: unknown = target;
  return type === list;
}

function addedBy({ changes }: DeepEvent): readonly unknown[] {
  return changes.delta.flatMap(({ insert }): readonly unknown[] => (Array.isArray(insert) ? insert : []));
}

function itemAround<Item>(list: Y.Array<Item>, inner: Y.AbstractType<unknown>): unknown {
  let type = inner;
  while (type.parent instanceof Y.AbstractType && type.parent !== list) type = type.parent;
  return type;
}
