/** State vectors, delete sets and contents, against plain sets of ids and against Yjs. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { Contents } from "./contents.js";
import { DeleteSet } from "./delete-set.js";
import { UpdateError } from "./error.js";
import { scanUpdate } from "./scan.js";
import { StateVector } from "./state-vector.js";

const client = fc.constantFrom(0, 1, 300, 2 ** 32 - 1);
const range = fc.tuple(client, fc.nat(60), fc.integer({ min: 1, max: 12 }));

function idsOf(clientId: number, clock: number, end: number): string[] {
  return Array.from({ length: Math.max(0, end - clock) }, (_, index) => `${clientId}:${clock + index}`);
}

describe("a delete set", () => {
  test("answers as a set of single ids would", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), fc.array(range, { maxLength: 10 }), (added, asked) => {
        const set = new DeleteSet();
        const ids = new Set<string>();
        for (const [of, clock, length] of added) {
          const these = idsOf(of, clock, clock + length);
          expect(set.add(of, clock, clock + length)).toBe(these.some((id) => !ids.has(id)));
          for (const id of these) ids.add(id);
        }
        for (const [of, clock, length] of asked) {
          const these = idsOf(of, clock, clock + length);
          expect(set.has(of, clock, clock + length)).toBe(these.every((id) => ids.has(id)));
          expect(set.hasAny(of, clock, clock + length)).toBe(these.some((id) => ids.has(id)));
          const pairs = set.uncovered(of, clock, clock + length);
          const uncovered: string[] = [];
          for (let at = 0; at < pairs.length; at += 2) uncovered.push(...idsOf(of, pairs[at] ?? 0, pairs[at + 1] ?? 0));
          expect(uncovered).toEqual(these.filter((id) => !ids.has(id)));
        }
        expect(set.isEmpty).toBe(ids.size === 0);
      }),
      { numRuns: 500 },
    );
  });

  test("is the same set, with the same bytes, however it was put together", () => {
    const pairs = fc.uniqueArray(fc.nat(400), { minLength: 2, maxLength: 120 });
    fc.assert(
      fc.property(fc.array(fc.tuple(client, pairs), { maxLength: 6 }), (batches) => {
        const one = new DeleteSet();
        const many = new DeleteSet();
        for (const [of, clocks] of batches) {
          const triples = clocks.sort((left, right) => left - right).flatMap((clock) => [of, clock, clock + 1]);
          for (let at = 0; at < triples.length; at += 3) one.add(of, triples[at + 1] ?? 0, triples[at + 2] ?? 0);
          many.addAll(triples);
        }
        expect(many.encode()).toEqual(one.encode());
        expect(many.rangeCount).toBe(one.rangeCount);
        expect(DeleteSet.decode(many.encode()).encode()).toEqual(many.encode());
      }),
    );
  });

  test("is written as Yjs writes it, and as an update deletes just that", () => {
    const doc = new Y.Doc();
    const copy = new Y.Doc();
    doc.getText("t").insert(0, "a long text to delete from");
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    for (const at of [20, 3, 10, 4, 0]) doc.getText("t").delete(at, 2);
    const state = Y.encodeStateAsUpdate(doc);
    const bytes = state.slice(scanUpdate(state).deleteSetOffset);
    const set = DeleteSet.decode(bytes);
    expect(set.encode()).toEqual(bytes);
    Y.applyUpdate(copy, set.encodeAsUpdate());
    expect(copy.getText("t").toJSON()).toBe(doc.getText("t").toJSON());
  });

  test.each([
    ["a byte too many", [0, 0]],
    ["a client twice", [2, 1, 1, 0, 1, 1, 1, 4, 1]],
    ["ranges out of order", [1, 1, 2, 4, 1, 0, 1]],
    ["ranges that overlap", [1, 1, 2, 0, 2, 1, 1]],
    ["a range of nothing", [1, 1, 1, 0, 0]],
  ])("with %s is not decoded", (_name, bytes) => {
    expect(() => DeleteSet.decode(Uint8Array.from(bytes))).toThrow(UpdateError);
  });

  test("of a client that does not sort is decoded", () => {
    expect(DeleteSet.decode(Uint8Array.from([2, 1, 1, 0, 1, 2, 1, 4, 1])).rangeCount).toBe(2);
  });

  test("takes 20,000 ranges between 100,000 others in no time", () => {
    const set = new DeleteSet();
    const every = (step: number, count: number): number[] =>
      Array.from({ length: count }, (_, index) => [1, index * step, index * step + 1]).flat();
    set.addAll(every(10, 100_000));
    const started = performance.now();
    set.addAll(every(45, 20_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("a state vector", () => {
  const clocks = fc.dictionary(
    fc.constantFrom("0", "7", "200", "4294967295"),
    fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  );
  const vectorOf = (entries: Record<string, number>): StateVector => {
    const vector = new StateVector();
    for (const [of, clock] of Object.entries(entries)) vector.advance(Number(of), clock);
    return vector;
  };

  test("is written and read as Yjs does", () => {
    fc.assert(
      fc.property(clocks, (entries) => {
        const vector = vectorOf(entries);
        const yjs = new Map(Object.entries(entries).map(([of, clock]) => [Number(of), clock]));
        expect(vector.encode()).toEqual(Y.encodeStateVector(yjs));
        expect(StateVector.decode(vector.encode()).equals(vector)).toBe(true);
        expect(vector.clone().equals(vector)).toBe(true);
        expect(vector.size).toBe(yjs.size);
      }),
    );
  });

  test("covers another when it reaches as far for every client", () => {
    fc.assert(
      fc.property(clocks, clocks, (left, right) => {
        const covers = Object.entries(right).every(([of, clock]) => (left[of] ?? 0) >= clock);
        expect(vectorOf(left).covers(vectorOf(right))).toBe(covers);
      }),
    );
  });

  test("only ever moves up", () => {
    const vector = new StateVector();
    vector.advance(1, 5);
    vector.advance(1, 3);
    vector.advance(2, 0);
    expect([vector.get(1), vector.get(2), vector.size]).toEqual([5, 0, 1]);
  });

  test("of a client that does not sort, or says zero, is decoded", () => {
    const vector = StateVector.decode(Uint8Array.from([3, 1, 5, 2, 6, 3, 0]));
    expect([vector.get(1), vector.get(2), vector.size]).toEqual([5, 6, 2]);
  });

  test.each([
    ["a byte too many", [0, 0]],
    ["a client twice", [2, 1, 5, 1, 6]],
    ["fewer clients than announced", [2, 1, 5]],
    ["2^25 clients announced", [128, 128, 128, 16, 1, 1]],
    ["an over-long clock", [1, 1, 129, 0]],
  ])("with %s is not decoded", (_name, bytes) => {
    expect(() => StateVector.decode(Uint8Array.from(bytes))).toThrow(UpdateError);
  });
});

describe("contents", () => {
  test("come back from their bytes", () => {
    const doc = new Y.Doc();
    doc.getMap("m").set("k", 1);
    doc.getMap("m").set("k", 2);
    doc.getText("t").insert(0, "hello");
    doc.getText("t").delete(1, 2);
    const contents = new Contents();
    const state = scanUpdate(Y.encodeStateAsUpdate(doc));
    contents.absorb(state);
    const again = Contents.decode(contents.encode());
    expect(again.encode()).toEqual(contents.encode());
    expect(again.isNothingNew(state)).toBe(true);
    expect(again.keyed.has(doc.clientID, 0, 2)).toBe(true);
    expect(again.keyed.has(doc.clientID, 2, 3)).toBe(false);
    expect(() => Contents.decode(contents.encode().slice(0, -1))).toThrow(UpdateError);
    expect(() => Contents.decode(Uint8Array.from([...contents.encode(), 0]))).toThrow(UpdateError);
  });

  test("count what comes as garbage as deleted, but not where the room already has something else", () => {
    const contents = new Contents();
    contents.absorb(scanUpdate(Uint8Array.from([1, 1, 1, 0, 4, 1, 1, 116, 2, 97, 98, 0])));
    contents.absorb(scanUpdate(Uint8Array.from([1, 1, 1, 0, 0, 5, 0])));
    expect(contents.deletions.uncovered(1, 0, 5)).toEqual([0, 2]);
  });
});
