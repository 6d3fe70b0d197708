/** What a component selects of something that changes outside of React. Knows neither documents nor providers. */
import { equalityDeep } from "lib0/function";
import { useEffect, useMemo, useRef, useSyncExternalStore } from "react";

export interface Store<Source extends readonly unknown[]> {
  /** Calls back when it may be another. Returns what ends that. */
  readonly subscribe: (onChange: () => void) => () => void;
  /** Another value, by identity, whenever `read` may give another. */
  readonly version: () => unknown;
  /** What the selector is called with. */
  readonly read: () => Source;
  /** The same where a page is rendered on a server, and in the browser while that page comes alive. */
  readonly readAtFirst: () => Source;
}

/**
 * The component renders again when the selected value is deeply different. While it is not, the value stays the same object:
 * a selector may be an inline function, and may build arrays and objects.
 */
export function useSelected<Source extends readonly unknown[], Value>(
  store: Store<Source>,
  select: (...source: Source) => Value,
): Value {
  /** Rendered last. */
  const shown = useRef<{ readonly value: Value } | undefined>(undefined);
  const [read, readAtFirst] = useMemo(() => {
    const keepingIdentity = (value: Value): Value =>
      shown.current && equalityDeep(shown.current.value, value) ? shown.current.value : value;
    const selected = (source: Source): Value => keepingIdentity(select(...source));
    return [
      onceForEach(store.version, () => selected(store.read())),
      onceForEach(noVersion, () => selected(store.readAtFirst())),
    ];
  }, [store, select]);
  const value = useSyncExternalStore(store.subscribe, read, readAtFirst);
  useEffect(() => {
    shown.current = { value };
  }, [value]);
  return value;
}

const noVersion = (): unknown => undefined;

/** Calls `make` again for another version only, and gives the former value where the new one is equal. */
function onceForEach<Value>(version: () => unknown, make: () => Value): () => Value {
  let last: { readonly version: unknown; readonly value: Value } | undefined;
  return () => {
    const now = version();
    if (!last || !Object.is(last.version, now)) {
      const value = make();
      last = { version: now, value: last && equalityDeep(last.value, value) ? last.value : value };
    }
    return last.value;
  };
}
