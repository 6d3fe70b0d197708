import fc from "fast-check";
import { expect, test } from "vitest";
import { LazyMap } from "./lazy-map.js";

test("it is a Map, whatever is done to it", () => {
  const step = fc.record({ does: fc.constantFrom("set", "delete", "clear"), key: fc.nat(5), value: fc.nat() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const [lazy, map] = [new LazyMap<number, number>(), new Map<number, number>()];
      for (const { does, key, value } of steps) {
        if (does === "set") for (const each of [lazy, map]) each.set(key, value);
        else if (does === "delete") expect(lazy.delete(key)).toBe(map.delete(key));
        else for (const each of [lazy, map]) each.clear();
        expect(lazy.size).toBe(map.size);
        expect([lazy.has(key), lazy.get(key)]).toEqual([map.has(key), map.get(key)]);
        expect([...lazy]).toEqual([...map]);
        expect([...lazy.values()]).toEqual([...map.values()]);
      }
    }),
  );
});
