/**
 * A Map that takes next to nothing while it is empty. An empty Map takes 184 bytes, and a room has several that stay empty for as
 * long as it is loaded; there may be thousands of rooms.
 */
export class LazyMap<Key, Value> implements Iterable<[Key, Value]> {
  #map: Map<Key, Value> | undefined;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  get(key: Key): Value | undefined {
    return this.#map?.get(key);
  }

  has(key: Key): boolean {
    return this.#map?.has(key) ?? false;
  }

  set(key: Key, value: Value): void {
    (this.#map ??= new Map<Key, Value>()).set(key, value);
  }

  delete(key: Key): boolean {
    return this.#map?.delete(key) ?? false;
  }

  clear(): void {
    this.#map = undefined;
  }

  values(): Iterable<Value> {
    return this.#map?.values() ?? [];
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    return (this.#map ?? ([] as [Key, Value][]))[Symbol.iterator]();
  }
}
