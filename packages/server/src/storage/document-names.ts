/** Which documents there are: those with a pointer, and those that have lost it. */
import { isStoredDamage } from "../error.js";
import type { GuardedStore } from "./guarded-store.js";
import type { KeyRange } from "./key-value.js";
import { documentNameOfKey, nextDocumentKey, pointerKey, pointerKeys, recordKeys, segmentKeys } from "./layout.js";

type Reader = Pick<GuardedStore, "get" | "keys">;

/** @param isThere whether a document without a pointer is one all the same */
export async function* documentNames(
  store: Reader,
  isThere: (documentName: string) => Promise<boolean>,
): AsyncIterable<string> {
  for await (const key of store.keys(pointerKeys)) yield documentNameOfKey(key);
  const withoutPointer = new Set<string>();
  for (const range of [recordKeys, segmentKeys]) {
    for await (const name of namesIn(store, range)) {
      const isKnown = withoutPointer.has(name) || (await store.get(pointerKey(name)).catch(thereIfDamaged));
      if (!isKnown && (await isThere(name))) withoutPointer.add(name);
    }
  }
  yield* withoutPointer;
}

/** From one document to the next, however many keys each has in `range`. */
async function* namesIn(store: Reader, range: KeyRange): AsyncGenerator<string> {
  let rest: KeyRange | undefined = range;
  while (rest) {
    const from: KeyRange = rest;
    rest = undefined;
    for await (const key of store.keys(from)) {
      yield documentNameOfKey(key);
      rest = { ...range, gte: nextDocumentKey(key) };
      break;
    }
  }
}

function thereIfDamaged(thrown: unknown): true {
  if (isStoredDamage(thrown)) return true;
  throw thrown;
}
