/** What components ask of the document they are about. Each hook works on a server, too, where nothing is ever connected. */
import { useMemo, useSyncExternalStore } from "react";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { SynclineProvider } from "../provider.js";
import type { ProviderStatus } from "../status.js";
import type { Room } from "./room.js";
import { useRoom } from "./room-context.js";
import { useSelected, type Store } from "./selected.js";

/** What y-protocols says a state is; what is in it is as its client sent it. */
export type AwarenessState = NonNullable<ReturnType<Awareness["getLocalState"]>>;

/** By client. */
export type AwarenessStates = ReadonlyMap<number, AwarenessState>;

/** The provider of the nearest `<SynclineProvider>`: for editors, and for all that has no hook. Not connected at first. */
export function useProvider(): SynclineProvider {
  return useProviderOf(useRoom("useProvider"));
}

/** Its Y.Doc. */
export function useDocument(): Y.Doc {
  return useProviderOf(useRoom("useDocument")).doc;
}

/**
 * How the document stands: `provider.status`, or what `selector` makes of it. Renders again when that changes. On a server
 * and before it is mounted: `connecting`, and nothing edited.
 */
export function useStatus(): ProviderStatus;
export function useStatus<Value>(selector: (status: ProviderStatus) => Value): Value;
export function useStatus(selector: (status: ProviderStatus) => unknown = (status) => status): unknown {
  const room = useRoom("useStatus");
  const store = useMemo(() => statusOf(room), [room]);
  return useSelected(store, selector);
}

/**
 * What `selector` makes of the presence of everyone, this client included. What others sent may be of any type. Renders again
 * when it is deeply different. On a server nobody is there, and the client's id is 0.
 */
export function useAwareness<Value>(selector: (states: AwarenessStates, clientId: number) => Value): Value {
  const room = useRoom("useAwareness");
  const store = useMemo(() => presenceOf(room), [room]);
  return useSelected(store, selector);
}

/**
 * `doc.getText(name)`; the component renders again on each change of it. Or what `selector` makes of it: then when that is
 * deeply different only. A shared type in a selected value is compared by identity: select what it holds.
 */
export function useText(name: string): Y.Text;
export function useText<Value>(name: string, selector: (text: Y.Text) => Value): Value;
export function useText<Value>(name: string, selector?: (text: Y.Text) => Value): Y.Text | Value {
  return useContent(useRoom("useText"), getText, name, selector);
}

/** `doc.getMap(name)`, or what `selector` makes of it; see {@link useText}. Changes of what it holds, at any depth, count. */
export function useMap<Item = unknown>(name: string): Y.Map<Item>;
export function useMap<Item, Value>(name: string, selector: (map: Y.Map<Item>) => Value): Value;
export function useMap<Item, Value>(name: string, selector?: (map: Y.Map<Item>) => Value): Y.Map<Item> | Value {
  return useContent(useRoom("useMap"), getMap<Item>, name, selector);
}

/** `doc.getArray(name)`, or what `selector` makes of it; see {@link useText}. Changes of what it holds, at any depth, count. */
export function useArray<Item = unknown>(name: string): Y.Array<Item>;
export function useArray<Item, Value>(name: string, selector: (array: Y.Array<Item>) => Value): Value;
export function useArray<Item, Value>(name: string, selector?: (array: Y.Array<Item>) => Value): Y.Array<Item> | Value {
  return useContent(useRoom("useArray"), getArray<Item>, name, selector);
}

type Get<Type> = (doc: Y.Doc, name: string) => Type;
const getText: Get<Y.Text> = (doc, name) => doc.getText(name);
const getMap = <Item>(doc: Y.Doc, name: string): Y.Map<Item> => doc.getMap(name);
const getArray = <Item>(doc: Y.Doc, name: string): Y.Array<Item> => doc.getArray(name);

/** The room's at this moment: if it was closed before its component was mounted, another one is made. */
function useProviderOf(room: Room): SynclineProvider {
  const [subscribe, read] = useMemo(() => {
    const onlyAll = (): undefined => undefined;
    return [(onChange: () => void) => room.changes.subscribe(onlyAll, onChange), () => room.provider] as const;
  }, [room]);
  return useSyncExternalStore(subscribe, read, read);
}

/** With a selector what it makes of the type, without one the type; its version is what makes the component render again. */
function useContent<Type extends object, Value>(
  room: Room,
  get: Get<Type>,
  name: string,
  selector: ((type: Type) => Value) | undefined,
): Type | Value {
  const store = useMemo(() => contentOf(room, get, name), [room, get, name]);
  const value = useSelected<[Type], unknown>(store, selector ?? store.version);
  return selector ? (value as Value) : get(room.provider.doc, name);
}

function statusOf(room: Room): Store<[ProviderStatus]> {
  return {
    subscribe: (onChange) => room.changes.subscribe(() => room.provider, onChange),
    version: () => room.status,
    read: () => [room.status],
    readAtFirst: () => [room.statusAtFirst],
  };
}

function presenceOf(room: Room): Store<[AwarenessStates, number]> {
  return {
    subscribe: (onChange) => room.changes.subscribe(() => room.provider.awareness, onChange),
    version: () => room.changes.versionOf(room.provider.awareness),
    // A copy: the map itself is the same one after a change, and so would be what a selector passes on of it.
    read: () => [new Map(room.provider.awareness.getStates()), room.provider.awareness.clientID],
    readAtFirst: () => [new Map(), 0],
  };
}

function contentOf<Type extends object>(room: Room, get: Get<Type>, name: string): Store<[Type]> {
  const read = (): Type => get(room.provider.doc, name);
  return {
    subscribe: (onChange) => room.changes.subscribe(read, onChange),
    version: () => room.changes.versionOf(read()),
    read: () => [read()],
    readAtFirst: () => [get(room.docAtFirst, name)],
  };
}
