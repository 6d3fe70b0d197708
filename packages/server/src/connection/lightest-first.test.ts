import fc from "fast-check";
import { expect, test } from "vitest";
import { LightestFirst } from "./lightest-first.js";

interface Item {
  readonly name: number;
  readonly weight: number;
}

test("whatever is put in and taken out in between, what comes out is the lightest, and of those the first", () => {
  const steps = fc.array(fc.option(fc.constantFrom(-Infinity, -1, 0, 0.5, 2, 7), { freq: 2 }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (list) => {
      const waiting = new LightestFirst<Item>();
      const model: Item[] = [];
      const takeBoth = () => {
        const leastWeight = Math.min(...model.map(({ weight }) => weight));
        const index = model.findIndex(({ weight }) => weight === leastWeight);
        const [expected] = index < 0 ? [] : model.splice(index, 1);
        expect(waiting.first).toBe(expected);
        expect(waiting.takeFirst()).toBe(expected);
        expect(waiting.size).toBe(model.length);
      };
      list.forEach((weight, name) => {
        if (weight === null) return takeBoth();
        const item = { name, weight };
        model.push(item);
        waiting.put(item, weight);
      });
      while (model.length > 0) takeBoth();
      takeBoth();
    }),
  );
});

test("of many waiting, each put in and taken out is compared with few", () => {
  const count = 10_000;
  const waiting = new LightestFirst<number>();
  // As they come, and the worst way round.
  for (let item = 0; item < count; item++) waiting.put(item, item % 2 === 0 ? (item * 7_919) % count : -item);
  while (waiting.size > 0) waiting.takeFirst();
  expect(waiting.comparedCount).toBeGreaterThan(count);
  expect(waiting.comparedCount).toBeLessThan(count * 3 * Math.log2(count));
});
