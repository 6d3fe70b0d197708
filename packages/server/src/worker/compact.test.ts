import * as encoding from "lib0/encoding";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { compact } from "./compact.js";
import { applyPieces, hasPending } from "./document.js";
import { WorkerError } from "./error.js";

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

function piecesFromHex(hex: string): Uint8Array[] {
  return hex.split(" ").map(fromHex);
}

function documentBy(clientId: number, edit: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  edit(doc);
  return Y.encodeStateAsUpdate(doc);
}

/** Client `after` writes one character behind the only one of client `before`. */
function typedBehind(before: number, after: number): Uint8Array {
  return encoding.encode((encoder) => {
    for (const number of [1, 1, after, 0]) encoding.writeVarUint(encoder, number);
    encoding.writeUint8(encoder, 0x84);
    for (const number of [before, 0]) encoding.writeVarUint(encoder, number);
    encoding.writeVarString(encoder, "x");
    encoding.writeVarUint(encoder, 0);
  });
}

function load(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) {
    Y.applyUpdate(doc, update);
    expect(hasPending(doc)).toBe(false);
  }
  return doc;
}

function errorOf(run: () => unknown): WorkerError {
  try {
    run();
  } catch (error) {
    if (error instanceof WorkerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("sizes", () => {
  test("a paste of 3 MB becomes several segments of at most a message", () => {
    const text = "pasted — 貼り付け 😀 ".repeat(130_000);
    const piece = documentBy(1, (doc) => doc.getText("text").insert(0, text));
    const { segments, structCount } = compact([piece]);
    expect(segments.length).toBeGreaterThan(3);
    for (const segment of segments) expect(segment.length).toBeLessThanOrEqual(1024 * 1024 - 1024);
    expect(load(segments).getText("text").toString() === text).toBe(true);
    expect(structCount).toBe(1);
  });

  test("a string is never cut inside a surrogate pair", () => {
    const text = "😀".repeat(500);
    const piece = documentBy(1, (doc) => doc.getText("text").insert(0, text));
    for (let maxSegmentBytes = 150; maxSegmentBytes < 160; maxSegmentBytes++) {
      const { segments } = compact([piece], { maxSegmentBytes });
      expect(segments.length).toBeGreaterThan(10);
      expect(load(segments).getText("text").toString()).toBe(text);
    }
  });

  test("a long array is cut between its elements", () => {
    const elements = Array.from({ length: 2000 }, (_, index) => ({ index }));
    const piece = documentBy(1, (doc) => doc.getArray("array").insert(0, elements));
    const { segments } = compact([piece], { maxSegmentBytes: 1000 });
    expect(segments.length).toBeGreaterThan(20);
    for (const segment of segments) expect(segment.length).toBeLessThanOrEqual(1000);
    expect(load(segments).getArray("array").toArray()).toEqual(elements);
  });

  test("what Yjs cannot cut has a segment of its own", () => {
    const image = new Uint8Array(5000).fill(9);
    const piece = documentBy(1, (doc) => {
      doc.getText("text").insert(0, "before");
      doc.getMap("map").set("image", image);
      doc.getText("text").insert(0, "after");
    });
    const { segments } = compact([piece], { maxSegmentBytes: 1000 });
    expect(segments.filter((segment) => segment.length > 1000)).toHaveLength(1);
    expect(load(segments).getMap("map").get("image")).toEqual(image);
  });

  test("an empty document has no segments", () => {
    const { segments, stateVector, deleteSetUpdate } = compact([]);
    expect(segments).toEqual([]);
    expect(stateVector).toEqual(Uint8Array.of(0));
    expect(deleteSetUpdate).toEqual(Uint8Array.of(0, 0));
  });
});

describe("order", () => {
  test("chains through thousands of clients need no stack", () => {
    const pieces = [documentBy(1, (doc) => doc.getText("text").insert(0, "x"))];
    for (let client = 2; client <= 5000; client++) pieces.push(typedBehind(client - 1, client));
    const { segments } = compact(pieces, { maxSegmentBytes: 4000 });
    expect(segments.length).toBeGreaterThan(5);
    expect(load(segments).getText("text").length).toBe(5000);
  });

  test("deep nesting needs none either", () => {
    const doc = new Y.Doc();
    doc.transact(() => {
      let parent = doc.getArray<unknown>("array");
      for (let depth = 0; depth < 5000; depth++) {
        const child = new Y.Array<unknown>();
        parent.insert(0, [child]);
        parent = child;
      }
    });
    const { segments } = compact([Y.encodeStateAsUpdate(doc)], { maxSegmentBytes: 5000 });
    expect(segments.length).toBeGreaterThan(3);
    expect(Y.encodeStateVector(load(segments))).toEqual(Y.encodeStateVector(doc));
  });
});

describe("what was deleted", () => {
  test("is collected", () => {
    const pieces: Uint8Array[] = [];
    const doc = new Y.Doc({ gc: false });
    doc.on("update", (update) => pieces.push(update));
    doc.getText("text").insert(0, "x".repeat(10_000));
    doc.getText("text").delete(1, 9_998);
    const { segments, deleteSetUpdate } = compact(pieces);
    expect(segments[0]?.length).toBeLessThan(100);
    const reader = load(pieces.slice(0, 1));
    Y.applyUpdate(reader, deleteSetUpdate);
    expect(reader.getText("text").toString()).toBe("xx");
  });
});

describe("pieces that cannot be used", () => {
  const good = documentBy(1, (doc) => doc.getText("text").insert(0, "good"));

  test("are named by their index when Yjs throws", () => {
    const error = errorOf(() => compact([good, good.subarray(0, good.length - 3), good]));
    expect(error).toMatchObject({ code: "failed", pieceIndex: 1 });
  });

  test("are named by their index when they build upon something missing", () => {
    const doc = load([good]);
    doc.clientID = 2;
    doc.getText("text").insert(4, " morning");
    const next = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(load([good])));
    expect(errorOf(() => compact([next, good]))).toMatchObject({ code: "failed", pieceIndex: 0 });
  });
});

describe("documents no editor makes", () => {
  test("that settle only piece by piece are compacted all the same", () => {
    const pieces = piecesFromHex(
      "01010200070101620100 01010300440200017800 0101030146020004626f6c64047472756500 0101010028000200016c027d0177017100 " +
        "01010102c4030101010378797a00 000102010001 01010201c7020002000100 01010105070101610000",
    );
    const doc = new Y.Doc();
    expect(() => applyPieces(doc, pieces, () => 0)).toThrow("does not settle");
    const { segments } = compact(pieces, { mayLoseContent: true });
    expect(Y.encodeStateVector(load(segments))).toEqual(Y.encodeStateVector(load(pieces)));
  });

  test("that Yjs itself does not load whole are refused, or written as Yjs loads them if the caller insists", () => {
    // Client 3 writes between a neighbour in one list and a neighbour in another, which is deleted with its list.
    const lists = documentBy(1, (doc) => {
      doc.getArray("kept").insert(0, ["neighbour"]);
      doc.getArray("other").insert(0, [new Y.Text("x")]);
    });
    const between = fromHex("01" + "01" + "03" + "00" + "c4" + "0100" + "0102" + "026869" + "00");
    const removal = fromHex("00" + "01" + "01" + "01" + "01" + "02");
    const pieces = [lists, between, removal];
    expect(load(pieces).getArray("kept").toArray()).toEqual(["neighbour", "h", "i"]);
    expect(
      load([Y.encodeStateAsUpdate(load(pieces))])
        .getArray("kept")
        .toArray(),
    ).toEqual(["neighbour"]);
    expect(errorOf(() => compact(pieces)).code).toBe("lossy");
    const { segments } = compact(pieces, { mayLoseContent: true });
    expect(load(segments).getArray("kept").toArray()).toEqual(["neighbour"]);
  });
});
