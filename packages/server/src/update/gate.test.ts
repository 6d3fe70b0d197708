/** Closed or not, as Yjs itself finds: pending structs or pending deletions mean a gap. */
import { expect, test } from "vitest";
import * as Y from "yjs";
import { Random } from "../../../../test/fixtures/random.js";
import { buildUpdate, contents as content, type BlockSpec, type Id } from "../../../../test/fixtures/update-builder.js";
import { findGap } from "./gate.js";
import { scanUpdate } from "./scan.js";
import { StateVector } from "./state-vector.js";

const clientCount = 5;

/** Blocks of several clients that lean on each other at random, now in circles, now not. */
function tangle(random: Random): Uint8Array {
  const leaning = random.pick([0.1, 0.3, 0.6]);
  const blocks: BlockSpec[] = [];
  const lengths = Array.from({ length: clientCount }, () => 1 + random.int(6));
  for (let client = clientCount - 1; client >= 0; client--) {
    let clock = 0;
    const structs = Array.from({ length: lengths[client] ?? 1 }, () => {
      const id = (): Id | undefined => {
        if (!random.chance(leaning)) return undefined;
        const other = random.int(clientCount);
        const end = other === client ? clock : Math.min(2 * (lengths[other] ?? 1), clock + 1 + random.int(3));
        return end > 0 ? { client: other, clock: random.int(end) } : undefined;
      };
      const struct = { content: content.string("ab"), origin: id(), rightOrigin: id(), parent: id() ?? "text" };
      clock += 2;
      return struct;
    });
    blocks.push({ client, clock: 0, structs });
  }
  return buildUpdate(blocks);
}

test("blocks that lean on each other are closed exactly when Yjs integrates them all", () => {
  const found = { closed: 0, cycle: 0 };
  for (let seed = 0; seed < 5_000; seed++) {
    const update = tangle(new Random(seed));
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update);
    const gap = findGap(scanUpdate(update), new StateVector());
    expect(gap === undefined, `seed ${seed}`).toBe(doc.store.pendingStructs === null);
    found[gap === undefined ? "closed" : "cycle"]++;
  }
  expect(found.closed).toBeGreaterThan(500);
  expect(found.cycle).toBeGreaterThan(500);
});

test("a gap names what must come first", () => {
  const vector = new StateVector();
  vector.advance(1, 5);
  const gapOf = (update: Uint8Array): unknown => findGap(scanUpdate(update), vector);
  const letter = { content: content.string("a") };
  expect(gapOf(buildUpdate([{ client: 1, clock: 7, structs: [letter] }]))).toEqual({
    reason: "block",
    client: 1,
    clock: 7,
  });
  const leaning = { ...letter, origin: { client: 1, clock: 5 } };
  expect(gapOf(buildUpdate([{ client: 2, clock: 0, structs: [leaning] }]))).toEqual({
    reason: "dependency",
    client: 1,
    clock: 6,
  });
  expect(gapOf(buildUpdate([], [{ client: 1, ranges: [{ clock: 3, length: 9 }] }]))).toEqual({
    reason: "deletion",
    client: 1,
    clock: 12,
  });
});

test("a chain through two clients 100,000 structs long is followed without recursion, in no time", () => {
  const structs = (other: number): { content: ReturnType<typeof content.string>; origin: Id }[] =>
    Array.from({ length: 50_000 }, (_, index) => ({
      content: content.string("a"),
      origin: { client: other, clock: other === 1 ? index : Math.max(0, index - 1) },
    }));
  const first = { content: content.string("a") };
  const update = buildUpdate([
    { client: 2, clock: 0, structs: structs(1) },
    { client: 1, clock: 0, structs: [first, ...structs(2).slice(1)] },
  ]);
  const scanned = scanUpdate(update);
  const started = performance.now();
  expect(findGap(scanned, new StateVector())).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(2_000);
});
