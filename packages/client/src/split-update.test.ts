import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { makeHistory, type History } from "../../../test/fixtures/histories.js";
import { Random } from "../../../test/fixtures/random.js";
import { buildUpdate, contents } from "../../../test/fixtures/update-builder.js";
import { splitUpdate } from "./split-update.js";

const runCount = 60;

/** Shared types and subdocuments as what they hold. */
function plain(value: unknown): unknown {
  if (value instanceof Y.Doc) return { guid: value.guid };
  if (value instanceof Y.Text) return (value.toDelta() as unknown[]).map(plain);
  if (value instanceof Y.Map) return Object.fromEntries([...value.entries()].map(([key, item]) => [key, plain(item)]));
  if (value instanceof Y.Array) return value.toArray().map(plain);
  if (value instanceof Y.XmlElement)
    return [value.nodeName, plain(value.getAttributes()), ...value.toArray().map(plain)];
  if (value instanceof Y.XmlFragment) return value.toArray().map(plain);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** What a document is: its clocks, what of it is deleted, and what it shows. */
function stateOf(doc: Y.Doc): unknown {
  const roots = [doc.getText("text"), doc.getArray("array"), doc.getMap("map"), doc.getXmlFragment("xml")];
  return {
    clocks: new Map([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([left], [right]) => left - right)),
    deleted: new Map([...Y.createDeleteSetFromStructStore(doc.store).clients].sort(([left], [right]) => left - right)),
    shown: roots.map(plain),
    // Loaded anew: how far Yjs has joined structs depends on what came together.
    bytes: Y.encodeStateAsUpdate(docOf([Y.encodeStateAsUpdate(doc)])),
  };
}

/**
 * Without the formatting that Yjs tidies in texts it knows after a transaction from elsewhere, which depends on what came in one.
 */
function docOf(updates: readonly Uint8Array[], gc = true): Y.Doc {
  const doc = new Y.Doc({ gc });
  doc.on("afterTransaction", (transaction: Y.Transaction) => (transaction._needFormattingCleanup = false));
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

function hasPending({ store }: Y.Doc): boolean {
  return store.pendingStructs !== null || store.pendingDs !== null;
}

/** A piece may be too large only where it holds one thing that cannot be cut. */
function isIndivisible(piece: Uint8Array): boolean {
  const { structs, ds } = Y.decodeUpdate(piece);
  if (structs.length === 0) return ds.clients.size === 1;
  const [struct] = structs;
  if (!(struct instanceof Y.Item)) return structs.length === 1;
  const isOneCharacter = struct.content instanceof Y.ContentString && [...struct.content.str].length === 1;
  return structs.length === 1 && (struct.length === 1 || isOneCharacter || struct.content instanceof Y.ContentDeleted);
}

/** Applies the whole to one copy of what it is for, the pieces to another. */
function expectSameAsWhole(update: Uint8Array, maxBytes: number, base: readonly Uint8Array[] = [], gc = true): void {
  const whole = docOf([...base, update], gc);
  const cut = docOf(base, gc);
  expect(hasPending(whole)).toBe(false);
  const pieces = splitUpdate(update, maxBytes);
  for (const piece of pieces) {
    if (piece.length > maxBytes) expect(isIndivisible(piece)).toBe(true);
    Y.applyUpdate(cut, piece);
    expect(hasPending(cut)).toBe(false);
  }
  expect(stateOf(cut)).toEqual(stateOf(whole));
}

function typed(text: string, clientId = 1): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.getText("text").insert(0, text);
  return doc;
}

function pieceIds(piece: Uint8Array): Y.ID[] {
  return Y.decodeUpdate(piece).structs.map(({ id }) => id);
}

/** Three people who make words bold, and plain again. */
function formatted(random: Random): Y.Doc {
  const docs = [1, 2, 3].map((clientId) => typed("", clientId));
  for (let step = 0; step < 120; step++) {
    const doc = random.pick(docs);
    const text = doc.getText("text");
    const index = random.int(text.length + 1);
    const length = Math.min(text.length - index, 1 + random.int(10));
    const choice = random.int(6);
    if (choice < 3) text.insert(index, "word ", choice === 0 ? { bold: true } : undefined);
    else if (choice === 3 && length > 0) text.format(index, length, { bold: random.pick([true, null]) });
    else if (choice === 4) text.delete(index, length);
    else Y.applyUpdate(doc, Y.encodeStateAsUpdate(random.pick(docs)));
  }
  return docOf(docs.map((doc) => Y.encodeStateAsUpdate(doc)));
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const limits = fc.oneof(fc.integer({ min: 64, max: 300 }), fc.integer({ min: 64, max: 20_000 }));

function historyOf(seed: number): History {
  const random = new Random(seed);
  return makeHistory(random, 2 + random.int(4), 20 + random.int(120));
}

describe("whatever several people wrote", { timeout: 120_000 }, () => {
  test("a state, cut to any size, gives the same document", () => {
    fc.assert(
      fc.property(seeds, limits, fc.boolean(), (seed, maxBytes, gc) => {
        for (const { doc } of historyOf(seed).clients) {
          expectSameAsWhole(Y.encodeStateAsUpdate(doc), maxBytes, [], gc);
        }
      }),
      { numRuns: runCount },
    );
  });

  test("a diff, or a merge with holes, gives the same document as the whole to those who have the rest", () => {
    fc.assert(
      fc.property(seeds, limits, (seed, maxBytes) => {
        const random = new Random(seed);
        const { updates } = historyOf(seed);
        const known = updates.filter((_, index) => index < updates.length / 2 || random.chance(0.3));
        const base = docOf(known);
        base.store.pendingStructs = base.store.pendingDs = null;
        const baseState = Y.encodeStateAsUpdate(base);
        const all = Y.encodeStateAsUpdate(docOf(updates));
        expectSameAsWhole(Y.diffUpdate(all, Y.encodeStateVector(base)), maxBytes, [baseState]);
        const half = Math.floor(updates.length / 2);
        const rest = updates.filter((_, index) => index >= half || random.chance(0.3));
        if (rest.length > 0) expectSameAsWhole(Y.mergeUpdates(rest), maxBytes, updates.slice(0, half));
      }),
      { numRuns: runCount },
    );
  });
});

describe("what is cut", () => {
  const one = { client: 1, clock: 0 };

  test("an update that is small enough is returned as it is", () => {
    const update = Y.encodeStateAsUpdate(typed("hello"));
    expect(splitUpdate(update, update.length)[0]).toBe(update);
    expect(splitUpdate(update, update.length)).toHaveLength(1);
  });

  test("a pasted text is cut, never inside a character, and its parts join again", () => {
    const text = "a🙂é日本🙂🙂".repeat(500);
    const update = Y.encodeStateAsUpdate(typed(text));
    for (let maxBytes = 64; maxBytes < 80; maxBytes++) {
      const pieces = splitUpdate(update, maxBytes);
      expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(maxBytes);
      const doc = docOf(pieces);
      expect(doc.getText("text").toString()).toBe(text);
      expect(Y.encodeStateAsUpdate(doc)).toEqual(update);
    }
  });

  test("a text that somebody else's was typed into keeps its right origin in all of its parts", () => {
    const first = typed("[]");
    const second = docOf([Y.encodeStateAsUpdate(first)]);
    first.getText("text").insert(1, "1".repeat(300));
    second.getText("text").insert(1, "2".repeat(300));
    const both = docOf([Y.encodeStateAsUpdate(first), Y.encodeStateAsUpdate(second)]);
    expectSameAsWhole(Y.encodeStateAsUpdate(both), 64);
    expectSameAsWhole(Y.encodeStateAsUpdate(second, Y.encodeStateVector(first)), 64, [Y.encodeStateAsUpdate(first)]);
  });

  test("runs of elements are cut between elements, those of old versions of Yjs, too", () => {
    const elements = Array.from({ length: 200 }, (_, index) => ({ index, text: "x".repeat(index % 40) }));
    const json = [...elements.map((element) => JSON.stringify(element)), "undefined", "null"];
    for (const content of [contents.any(elements), contents.json(json)]) {
      const update = buildUpdate([{ ...one, structs: [{ content, parent: "array" }] }]);
      expect(splitUpdate(update, 256).length).toBeGreaterThan(10);
      expectSameAsWhole(update, 256);
    }
  });

  test("what cannot be cut and is too large comes alone, and the rest is small enough", () => {
    const doc = typed("before");
    doc.getArray("array").insert(0, [new Uint8Array(5000), 1, "y".repeat(3000), 2]);
    doc.getText("text").insertEmbed(3, { image: "z".repeat(2000) });
    const update = Y.encodeStateAsUpdate(doc);
    const tooLarge = splitUpdate(update, 500).filter(({ length }) => length > 500);
    expect(tooLarge).toHaveLength(3);
    for (const piece of tooLarge) expect(pieceIds(piece)).toHaveLength(1);
    expectSameAsWhole(update, 500);
  });

  test("pieces are filled: there are hardly more bytes, nor more pieces than it takes", () => {
    const { clients } = makeHistory(new Random(5), 3, 3000);
    const update = Y.encodeStateAsUpdate((clients[0] as History["clients"][number]).doc);
    const pieces = splitUpdate(update, 4096);
    const byteCount = pieces.reduce((sum, { length }) => sum + length, 0);
    expect(byteCount).toBeLessThan(update.length * 1.1);
    expect(pieces.length).toBeLessThan((update.length / 4096) * 1.3 + 2);
  });
});

describe("where the cuts are", () => {
  const lengths = (update: Uint8Array) =>
    splitUpdate(update, 1000).map((piece) => Y.decodeUpdate(piece).structs.map(({ length }) => length));
  const blocks = (...texts: number[]) =>
    buildUpdate([
      { client: 1, clock: 0, structs: texts.map((length) => ({ content: contents.string("x".repeat(length)) })) },
    ]);

  test("a text that fits into a piece is not cut to fill up the one before", () => {
    expect(lengths(blocks(600, 900))).toEqual([[600], [900]]);
  });

  test("a text that fits into none begins where there is room", () => {
    const [first] = lengths(blocks(100, 3000));
    expect(first).toHaveLength(2);
  });

  test("a hole between structs stays a hole", () => {
    const author = typed("a".repeat(40), 3);
    const [first, second, third] = ["", "b", "c"].map((letter) => {
      const before = Y.encodeStateVector(author);
      author.getText("text").insert(0, letter.repeat(40));
      return letter === "" ? Y.encodeStateAsUpdate(author) : Y.encodeStateAsUpdate(author, before);
    }) as [Uint8Array, Uint8Array, Uint8Array];
    const holed = Y.mergeUpdates([first, third, Y.encodeStateAsUpdate(typed("z".repeat(400), 2))]);
    const [piece] = splitUpdate(holed, 300) as [Uint8Array];
    expect(Y.decodeUpdate(piece).structs.map((struct) => struct instanceof Y.Skip)).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expectSameAsWhole(holed, 300, [second, first]);
  });
});

describe("what is deleted", () => {
  test("a struct comes with its deletion, what others had comes last", () => {
    const known = typed("0123456789".repeat(20), 5);
    const doc = docOf([Y.encodeStateAsUpdate(known)], false);
    doc.clientID = 9;
    for (let index = 0; index < 50; index++) doc.getText("text").delete(index, 1);
    for (let index = 0; index < 50; index++) doc.getMap("map").set("key", index);
    const update = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(known));
    const pieces = splitUpdate(update, 100).map((piece) => Y.decodeUpdate(piece));
    const firstForeign = pieces.findIndex(({ ds }) => ds.clients.has(5));
    expect(firstForeign).toBe(pieces.findLastIndex(({ structs }) => structs.length > 0) + 1);
    expect(pieces.length - firstForeign).toBeGreaterThan(1);
    for (const { structs, ds } of pieces) {
      for (const { id, length } of structs.slice(0, -1)) {
        if (id.clock + length < 50) expect(Y.isDeleted(ds, id)).toBe(true);
      }
    }
    expectSameAsWhole(update, 100, [Y.encodeStateAsUpdate(known)], false);
  });

  test("a value that was replaced, kept by who collects no garbage, never comes without its deletion", () => {
    const doc = new Y.Doc({ gc: false });
    for (let index = 0; index < 100; index++) doc.getMap("map").set("key", "value".repeat(index % 7));
    for (const piece of splitUpdate(Y.encodeStateAsUpdate(doc), 80)) {
      const { structs, ds } = Y.decodeUpdate(piece);
      for (const { id } of structs) expect(Y.isDeleted(ds, id)).toBe(id.clock < 99);
    }
  });

  test("a text of which every other character was deleted is cut with its ranges", () => {
    const updates: Uint8Array[] = [];
    const doc = new Y.Doc({ gc: false });
    doc.on("update", (update: Uint8Array) => updates.push(update));
    doc.getText("text").insert(0, "ab".repeat(400));
    doc.transact(() => {
      for (let index = 0; index < 400; index++) doc.getText("text").delete(index, 1);
    });
    expectSameAsWhole(Y.mergeUpdates(updates), 128);
  });
});

describe("what leans on others", () => {
  const letter = contents.string("x");

  test(
    "two who answer each other a hundred thousand times are cut in seconds, with nothing pending",
    { timeout: 60_000 },
    () => {
      const count = 100_000;
      const mine = Array.from({ length: count }, (_, clock) => ({
        content: letter,
        origin: clock === 0 ? undefined : { client: 1, clock: clock - 1 },
      }));
      const theirs = Array.from({ length: count }, (_, clock) => ({ content: letter, origin: { client: 2, clock } }));
      const update = buildUpdate([
        { client: 2, clock: 0, structs: mine },
        { client: 1, clock: 0, structs: theirs },
      ]);
      const startMs = performance.now();
      const pieces = splitUpdate(update, 64 * 1024);
      expect(performance.now() - startMs).toBeLessThan(5000);
      const doc = new Y.Doc();
      for (const piece of pieces) {
        expect(piece.length).toBeLessThanOrEqual(64 * 1024);
        Y.applyUpdate(doc, piece);
        expect(hasPending(doc)).toBe(false);
      }
      expect(doc.getText("text").length).toBe(2 * count);
    },
  );

  test("a chain through twenty thousand clients does not exhaust the stack", () => {
    const clientCount = 20_000;
    const blocks = Array.from({ length: clientCount }, (_, index) => ({
      client: clientCount - index,
      clock: 0,
      structs: [
        {
          content: letter,
          origin: index === clientCount - 1 ? undefined : { client: clientCount - index - 1, clock: 0 },
        },
      ],
    }));
    const doc = docOf(splitUpdate(buildUpdate(blocks), 4096));
    expect(hasPending(doc)).toBe(false);
    expect(doc.getText("text").length).toBe(clientCount);
  });

  test("structs that wait for each other in a circle are passed on for who receives them to judge", () => {
    const blocks = [2, 1].map((client) => ({
      client,
      clock: 0,
      structs: [
        { content: contents.string("x".repeat(60)), origin: { client: 3 - client, clock: 60 } },
        { content: letter, parent: "other" },
      ],
    }));
    const pieces = splitUpdate(buildUpdate(blocks), 64);
    expect(pieces.flatMap(pieceIds).length).toBeGreaterThanOrEqual(4);
  });
});

test(
  "a document that shows its text and gets the pieces in one transaction keeps all formatting",
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(seeds, limits, (seed, maxBytes) => {
        const update = Y.encodeStateAsUpdate(formatted(new Random(seed)));
        const [whole, cut] = [new Y.Doc(), new Y.Doc()];
        const texts = [whole.getText("text"), cut.getText("text")] as const;
        Y.applyUpdate(whole, update);
        cut.transact(() => {
          for (const piece of splitUpdate(update, maxBytes)) Y.applyUpdate(cut, piece);
        });
        expect(texts[1].toDelta()).toEqual(texts[0].toDelta());
      }),
      { numRuns: runCount },
    );
  },
);
