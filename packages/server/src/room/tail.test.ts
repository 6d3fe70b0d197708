import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Tail } from "./tail.js";

const record = (seq: number, sizes: readonly number[]) => ({
  seq,
  updates: sizes.map((size, index) => new Uint8Array(size).fill((seq * 7 + index) % 256)),
});

test("a tail gives back the records it holds, whatever was pushed and dropped before", () => {
  const step = fc.oneof(
    fc.record({ push: fc.array(fc.nat(300), { maxLength: 5 }) }),
    fc.record({ dropThrough: fc.nat(60) }),
    fc.record({ keepAtMost: fc.nat(2000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tail = new Tail();
      let last = 0;
      const held = new Map<number, ReturnType<typeof record>>();
      const views: { view: Uint8Array; copy: Uint8Array }[] = [];
      for (const action of steps) {
        if ("push" in action) {
          const next = record(++last, action.push);
          tail.push(next);
          held.set(last, next);
          for (const view of tail.get(last)?.updates ?? []) views.push({ view, copy: view.slice() });
        } else if ("dropThrough" in action) {
          tail.dropThrough(action.dropThrough);
          for (const seq of [...held.keys()]) if (seq <= action.dropThrough) held.delete(seq);
        } else {
          tail.keepAtMost(action.keepAtMost);
          for (const seq of [...held.keys()]) if (!tail.has(seq)) held.delete(seq);
          // What is kept is the end of the log, and the newest record in any case.
          if (held.size > 0) expect(tail.has(last)).toBe(true);
        }
        for (let seq = 0; seq <= last + 1; seq++) expect(tail.get(seq)).toEqual(held.get(seq));
      }
      // A view that was handed out never changes, whatever the tail did since.
      for (const { view, copy } of views) expect(view).toEqual(copy);
    }),
  );
});

test("a tail that is kept small stays small", () => {
  const tail = new Tail();
  for (let seq = 1; seq <= 10_000; seq++) {
    tail.push(record(seq, [25]));
    tail.keepAtMost(4096);
    expect(tail.byteLength).toBeLessThanOrEqual(4096);
  }
});
