import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { Trials } from "./trial.js";

const nothing = Uint8Array.of(0);

function textBy(clientId: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.getText("text").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

describe("an update that goes well", () => {
  test("comes back cut to what is new, with its cost", () => {
    const doc = new Y.Doc();
    doc.clientID = 5;
    doc.getText("text").insert(0, "known");
    const known = Y.encodeStateAsUpdate(doc);
    const stateVector = Y.encodeStateVector(doc);
    doc.getText("text").insert(5, " and new");
    let clock = 0;
    const trials = new Trials({ now: () => (clock += 2) });
    trials.build("document", 1, [known]);
    const result = trials.apply("document", Y.encodeStateAsUpdate(doc), stateVector);
    expect(result).toMatchObject({ kind: "accepted", integrateMs: 2, integrateMicrosPerStruct: 2000 });
    if (result.kind !== "accepted") return;
    expect(Y.parseUpdateMeta(result.scanned.update)).toEqual({ from: new Map([[5, 5]]), to: new Map([[5, 13]]) });
  });

  test("leaves a document that the next trial builds upon", () => {
    const trials = new Trials();
    expect(trials.versionOf("document")).toBeNull();
    trials.build("document", 3, [textBy(1, "a")]);
    trials.apply("document", textBy(2, "b"), nothing);
    expect(trials.versionOf("document")).toBe(3);
    trials.build("document", 4, [textBy(2, "b")]);
    expect(trials.apply("document", textBy(3, "c"), nothing)).toMatchObject({ kind: "accepted" });
    expect(trials.versionOf("document")).toBe(4);
  });

  test("is forgotten on demand", () => {
    const trials = new Trials();
    trials.build("document", 3, []);
    trials.apply("document", textBy(2, "b"), nothing);
    trials.forget("document");
    expect(trials.versionOf("document")).toBeNull();
  });
});

describe("an update that does not", () => {
  const base = textBy(1, "base");

  test.each([
    ["is cut short", "threw", base.subarray(0, 6)],
    // Client 2 writes behind clock 9 of client 1, who has 4.
    ["builds upon something missing", "not-closed", fromHex("0101020084010902686900")],
    ["deletes something missing", "not-closed", fromHex("00010101090a")],
  ])("because it %s is refused: %s", (_, reason, update) => {
    const trials = new Trials();
    trials.build("document", 1, [base]);
    expect(trials.apply("document", update, nothing)).toMatchObject({ kind: "refused", reason });
    expect(trials.versionOf("document")).toBeNull();
  });

  test("because of what an earlier one has broken is refused", () => {
    const trials = new Trials();
    // A collected run of no length, which no scan lets pass: afterwards Yjs does not find it again.
    trials.build("document", 1, [fromHex("01010200000000")]);
    expect(trials.apply("document", fromHex("000102010000"), nothing)).toMatchObject({ kind: "refused" });
    trials.build("document", 1, [fromHex("01010200000000")]);
    expect(trials.apply("document", fromHex("000102010001"), nothing)).toMatchObject({ reason: "not-closed" });
  });

  test("because it sends Yjs into an error at the end of the transaction is refused", () => {
    const trials = new Trials();
    const pieces =
      "01010200070101620100 01010300440200017800 0101030146020004626f6c64047472756500 0101010028000200016c027d0177017100 " +
      "01010102c4030101010378797a00 000102010001 01010201c7020002000100 01010105070101610000";
    const merged = Y.mergeUpdates(pieces.split(" ").map(fromHex));
    trials.build("document", 1, []);
    expect(trials.apply("document", merged, nothing)).toMatchObject({ kind: "refused", reason: "threw" });
    expect(trials.versionOf("document")).toBeNull();
  });
});

describe("the documents kept", () => {
  function tryOn(trials: Trials, documentKey: string, piece = textBy(1, "a")): void {
    trials.build(documentKey, 1, [piece]);
    trials.apply(documentKey, textBy(2, "b"), nothing);
  }

  test("are the most recently used", () => {
    const trials = new Trials({ maxDocuments: 2 });
    for (const key of ["a", "b", "a", "c"]) tryOn(trials, key);
    expect(["a", "b", "c"].map((key) => trials.versionOf(key))).toEqual([1, null, 1]);
  });

  test("weigh no more than their limit together", () => {
    const trials = new Trials({ maxKeptBytes: 1000 });
    tryOn(trials, "small");
    tryOn(trials, "large", textBy(1, "x".repeat(900)));
    expect(["small", "large"].map((key) => trials.versionOf(key))).toEqual([1, 1]);
    tryOn(trials, "another", textBy(1, "x".repeat(900)));
    expect(["small", "large", "another"].map((key) => trials.versionOf(key))).toEqual([null, null, 1]);
    // Alone it is kept: its document would be built anew for the next edit in it.
    tryOn(trials, "too large", textBy(1, "x".repeat(2000)));
    expect(["another", "too large"].map((key) => trials.versionOf(key))).toEqual([null, 1]);
  });

  test("are dropped when they cannot be brought up to date", () => {
    const trials = new Trials();
    tryOn(trials, "document");
    expect(() => trials.build("document", 2, [Uint8Array.of(1, 1)])).toThrow("piece 0");
    expect(trials.versionOf("document")).toBeNull();
  });
});
