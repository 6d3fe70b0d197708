import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { buildUpdate, contents, type Id } from "../../../../test/fixtures/update-builder.js";
import { pills } from "../../../../test/fixtures/pills.js";
import { hasPending } from "./document.js";
import type { Salvaged } from "./jobs.js";
import { salvage } from "./salvage.js";

/** Somebody types; an update for each call. */
class Author {
  readonly doc = new Y.Doc();
  readonly #updates: Uint8Array[] = [];

  constructor(clientId: number, known: readonly Uint8Array[] = []) {
    this.doc.clientID = clientId;
    for (const update of known) Y.applyUpdate(this.doc, update);
    this.doc.on("update", (update: Uint8Array) => this.#updates.push(update));
  }

  type(text: string, at = this.doc.getText("text").length): Uint8Array {
    return this.edit((doc) => doc.getText("text").insert(at, text));
  }

  edit(change: (doc: Y.Doc) => void): Uint8Array {
    this.doc.transact(() => change(this.doc));
    return this.#updates[this.#updates.length - 1] as Uint8Array;
  }
}

function load({ compacted }: Salvaged, ...more: (Uint8Array | undefined)[]): Y.Doc {
  const doc = new Y.Doc();
  for (const segment of compacted.segments) {
    Y.applyUpdate(doc, segment);
    expect(hasPending(doc)).toBe(false);
  }
  for (const update of more) if (update !== undefined) Y.applyUpdate(doc, update);
  return doc;
}

function textOf(doc: Y.Doc): string {
  return doc.getText("text").toString();
}

const base = new Author(1);
const first = base.type("first ");
const second = base.type("second ");
const third = base.type("third ");
const garbage = Uint8Array.of(7, 7, 7);
/** Client 3's first two ids are garbage. */
const collected = buildUpdate([{ client: 3, clock: 0, structs: [{ content: contents.gc(2) }] }]);
/** Says that they are text, and one more: Yjs looks for the end of a text and finds garbage. */
const overGarbage = buildUpdate([{ client: 3, clock: 0, structs: [{ content: contents.string("abc") }] }]);

/** In one transaction Yjs throws at its end; applied each by itself they are a document. */
const settlingByStep = [
  "01010200070101620100", "01010300440200017800", "0101030146020004626f6c64047472756500", "0101010028000200016c027d0177017100",
  "01010102c4030101010378797a00", "000102010001", "01010201c7020002000100", "01010105070101610000",
].map((hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16))); // prettier-ignore

function removal(client: number, clock: number): Uint8Array {
  return buildUpdate([], [{ client, ranges: [{ clock, length: 1 }] }]);
}

/** A list in a list in a list, by client 5: deeper than Yjs has stack to delete it. */
function nested(depth: number): Uint8Array {
  const inside = (clock: number): string | Id => (clock === 0 ? "nested" : { client: 5, clock: clock - 1 });
  const structs = Array.from({ length: depth }, (_, clock) => ({ content: contents.type(0), parent: inside(clock) }));
  return buildUpdate([{ client: 5, clock: 0, structs }]);
}

describe("a document of which all can be read", () => {
  test("is compacted, nothing is left over", () => {
    const salvaged = salvage([first, second, third]);
    expect(salvaged).toMatchObject({ refused: [], leftover: undefined });
    expect(textOf(load(salvaged))).toBe("first second third ");
    expect(salvaged.compacted.structCount).toBe(1);
    expect(salvaged.compacted.stateVector).toEqual(Y.encodeStateVector(base.doc));
  });

  test("may be one that settles only piece by piece", () => {
    const whole = new Y.Doc();
    for (const piece of settlingByStep) Y.applyUpdate(whole, piece);
    const salvaged = salvage(settlingByStep);
    expect(salvaged).toMatchObject({ refused: [], leftover: undefined });
    expect(Y.encodeStateVector(load(salvaged))).toEqual(Y.encodeStateVector(whole));
  });

  test("can be empty", () => {
    expect(salvage([])).toMatchObject({ refused: [], leftover: undefined, compacted: { segments: [] } });
  });
});

describe("pieces that cannot be used", () => {
  test("are refused with their index and reason, those around them are not", () => {
    const salvaged = salvage([garbage, first, garbage, second, collected, overGarbage, third, garbage]);
    expect(salvaged.refused.map(({ pieceIndex }) => pieceIndex)).toEqual([0, 2, 5, 7]);
    for (const { reason } of salvaged.refused) expect(reason).not.toBe("");
    expect(textOf(load(salvaged))).toBe("first second third ");
    expect(salvaged.leftover).toBeUndefined();
  });

  test.each(pills.filter(({ answer }) => answer === "refused"))("$name", ({ before = [], bytes }) => {
    const unrelated = new Author(900).type("unrelated");
    const salvaged = salvage([...before, bytes, unrelated]);
    expect(textOf(load(salvaged))).toContain("unrelated");
  });

  test("take with them what leans on them", () => {
    const other = new Author(2, [first, second, third]).type("fourth");
    const salvaged = salvage([first, second.slice(0, -1), third, other]);
    expect(salvaged.refused.map(({ pieceIndex }) => pieceIndex)).toEqual([1]);
    expect(textOf(load(salvaged))).toBe("first ");
    expect(textOf(load(salvaged, salvaged.leftover, second))).toBe("first second third fourth");
  });

  test("are found where Yjs throws at the end of a transaction only", () => {
    const text = new Author(9);
    const map = buildUpdate([{ client: 4, clock: 0, structs: [{ content: contents.type(1), parent: "array" }] }]);
    const values = { content: contents.any([1, 2, 3]), parent: { client: 4, clock: 0 }, key: "k" };
    const run = buildUpdate([{ client: 4, clock: 1, structs: [values] }]);
    // The end of the run, then the map: the garbage collector stumbles over its beginning.
    const pieces = [
      ...settlingByStep,
      text.type("a"),
      map,
      run,
      removal(4, 3),
      text.type("b"),
      removal(4, 0),
      text.type("c"),
    ];
    const salvaged = salvage(pieces);
    expect(salvaged.refused).toEqual([{ pieceIndex: pieces.length - 2, reason: expect.any(String) as unknown }]);
    expect(textOf(load(salvaged))).toContain("abc");
  });

  test("are refused whole, also what of them could be used before the rest failed", () => {
    const mixed = Y.mergeUpdates([
      new Author(4).edit((doc) => doc.getMap("map").set("early", true)),
      new Author(2, [first, second]).type("late"),
      removal(5, 0),
    ]);
    const pieces = [nested(20_000), first, mixed, collected, overGarbage, third];
    expect(
      load(salvage(pieces.slice(1)))
        .getMap("map")
        .get("early"),
    ).toBe(true);
    const salvaged = salvage([...pieces, second]);
    expect(salvaged.refused.map(({ pieceIndex }) => pieceIndex)).toEqual([2, 4]);
    const doc = load(salvaged);
    expect(textOf(doc)).toBe("first second third ");
    expect(doc.getMap("map").get("early")).toBeUndefined();
  });

  test("are found one by one, a thousand among ten thousand", () => {
    const author = new Author(1);
    const pieces = [collected];
    for (let index = 0; index < 9000; index++) {
      pieces.push(author.type("ab", (index * 7919) % (index + 1)));
      if (index % 9 === 0) pieces.push(overGarbage);
    }
    const startMs = performance.now();
    const salvaged = salvage(pieces, { maxReloadedStructs: 300_000 });
    expect(performance.now() - startMs).toBeLessThan(20_000);
    expect(salvaged.refused.length).toBeGreaterThanOrEqual(1000);
    const refused = new Set(salvaged.refused.map(({ pieceIndex }) => pieceIndex));
    for (const [index, piece] of pieces.entries()) if (piece === overGarbage) expect(refused.has(index)).toBe(true);
  });

  test("take others with them once reloading has cost too much", () => {
    const author = new Author(1);
    const pieces = [collected];
    for (let index = 0; index < 64; index++) pieces.push(overGarbage, author.type("x"));
    const exact = salvage(pieces);
    expect(exact.refused).toHaveLength(64);
    expect(textOf(load(exact))).toBe("x".repeat(64));
    const hasty = salvage(pieces, { maxReloadedStructs: 0 });
    expect(hasty.refused.length).toBeGreaterThan(64);
    expect(textOf(load(hasty))).toMatch(/^x+$/);
    expect(
      textOf(
        load(
          hasty,
          hasty.leftover,
          ...hasty.refused.flatMap(({ pieceIndex }) => (pieces[pieceIndex] === overGarbage ? [] : pieces[pieceIndex])),
        ),
      ),
    ).toBe("x".repeat(64));
  });
});

describe("gaps", () => {
  test("are closed by later pieces", () => {
    const salvaged = salvage([third, second, first]);
    expect(salvaged).toMatchObject({ refused: [], leftover: undefined });
    expect(textOf(load(salvaged))).toBe("first second third ");
  });

  test("leave what leans on them over, and the rest of the same piece is used", () => {
    const other = new Author(2, [first, second]);
    other.type("other: ", 0);
    other.type("behind second", 20);
    const both = Y.encodeStateAsUpdate(other.doc, Y.encodeStateVector(base.doc));
    const salvaged = salvage([first, both]);
    expect(textOf(load(salvaged))).toBe("other: first ");
    expect(textOf(load(salvaged, salvaged.leftover, second))).toBe("other: first second behind second");
  });

  test("leave deletions of what is not there over", () => {
    const removal = new Author(2, [first, second]).edit((doc) => doc.getText("text").delete(4, 6));
    const salvaged = salvage([first, removal]);
    expect(textOf(load(salvaged))).toBe("firs");
    // "seco", the rest of what was deleted: the beginning is applied.
    const { clients } = Y.decodeUpdate(salvaged.leftover as Uint8Array).ds;
    expect(clients.get(1)).toMatchObject([{ clock: 6, len: 4 }]);
    expect(textOf(load(salvaged, salvaged.leftover, second))).toBe("firsnd ");
  });

  test("make one leftover of many pieces, each struct once", () => {
    const author = new Author(5);
    const pieces = Array.from({ length: 10 }, (_, index) => author.type(String(index)));
    const kept = [1, 2, 4, 2, 7].map((index) => pieces[index] as Uint8Array);
    const { leftover, compacted } = salvage(kept);
    expect(compacted.segments).toEqual([]);
    const { structs } = Y.decodeUpdate(leftover as Uint8Array);
    expect(structs.map(({ id, length }) => [id.clock, length])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 2],
      [7, 1],
    ]);
    const missing = [0, 3, 5, 6, 8, 9].map((index) => pieces[index]);
    const doc = new Y.Doc();
    for (const update of [leftover, ...missing]) Y.applyUpdate(doc, update as Uint8Array);
    expect(textOf(doc)).toBe("0123456789");
  });

  test("make one leftover of pieces that overlap", () => {
    const author = new Author(5);
    const pieces = Array.from({ length: 6 }, (_, index) => author.type(String(index)));
    const merged = (from: number, to: number): Uint8Array => {
      const doc = new Y.Doc();
      for (const piece of pieces.slice(0, to)) Y.applyUpdate(doc, piece);
      return Y.diffUpdate(Y.encodeStateAsUpdate(doc), Uint8Array.of(1, 5, from));
    };
    const { leftover } = salvage([merged(1, 4), merged(2, 6)]);
    const { structs } = Y.decodeUpdate(leftover as Uint8Array);
    expect(structs.map(({ id, length }) => [id.clock, length])).toEqual([[1, 3], [4, 2]]); // prettier-ignore
    const doc = new Y.Doc();
    for (const update of [leftover, pieces[0]]) Y.applyUpdate(doc, update as Uint8Array);
    expect(textOf(doc)).toBe("012345");
  });

  test("that all of a long log leans on cost no more than the log", () => {
    const author = new Author(1);
    const pieces = Array.from({ length: 30_000 }, (_, index) => author.type("a", (index * 7919) % (index + 1)));
    pieces.splice(100, 1);
    const startMs = performance.now();
    const { refused, leftover } = salvage(pieces);
    expect(performance.now() - startMs).toBeLessThan(5000);
    expect(refused).toEqual([]);
    expect(Y.parseUpdateMeta(leftover as Uint8Array).to.get(1)).toBe(30_000);
  });
});
