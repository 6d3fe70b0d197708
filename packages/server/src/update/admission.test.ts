/** What is answered to each pill, and to the ordinary cases that look like one. */
import { defaultScanLimits } from "./limits.js";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { pills } from "../../../../test/fixtures/pills.js";
import { buildUpdate, contents as content } from "../../../../test/fixtures/update-builder.js";
import { admit } from "./admission.js";
import { Contents } from "./contents.js";
import { UpdateError } from "./error.js";

function roomWith(updates: readonly Uint8Array[]): Contents {
  const contents = new Contents();
  for (const update of updates) {
    const admission = admit(update, contents);
    if (admission.kind !== "new") throw new Error(`what comes before is ${admission.kind}`);
    contents.absorb(admission.scanned);
  }
  return contents;
}

describe("pills", () => {
  test.each(pills)("$name: $answer", ({ before = [], bytes, answer }) => {
    const contents = roomWith(before);
    const held = contents.encode();
    const started = performance.now();
    const admission = admit(bytes, contents);
    expect(admission.kind).toBe(answer);
    if (admission.kind === "refused") expect(admission.error).toBeInstanceOf(UpdateError);
    expect(contents.encode()).toEqual(held);
    // The dearest are megabytes; none may cost what it costs Yjs.
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("a refusal says why in words", () => {
    const admission = admit(new Uint8Array([0, 0, 0]), new Contents());
    expect(admission).toMatchObject({ error: { code: "malformed", message: "bytes follow the delete set" } });
  });

  test("nesting and clocks above the limits are too large, not malformed", () => {
    const embed = (depth: number): Uint8Array =>
      buildUpdate([
        { client: 1, clock: 0, structs: [{ content: content.embed("[".repeat(depth) + "]".repeat(depth)) }] },
      ]);
    expect(admit(embed(100), new Contents()).kind).toBe("new");
    expect(admit(embed(101), new Contents())).toMatchObject({ kind: "refused", error: { code: "too-large" } });
    const clock = admit(embed(1), new Contents(), { scan: { ...defaultScanLimits, maxClock: 0 } });
    expect(clock).toMatchObject({ kind: "refused", error: { code: "too-large" } });
    const size = admit(embed(1), new Contents(), { scan: { ...defaultScanLimits, maxBytes: 5 } });
    expect(size).toMatchObject({ kind: "refused", error: { code: "too-large" } });
  });
});

describe("a client that comes back", () => {
  function twoReplicas(): { room: Contents; doc: Y.Doc } {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    for (let index = 0; index < 400; index++) {
      doc.getText("t").insert(index % 7, "word ");
      if (index % 3 === 0) doc.getText("t").delete(index % 5, 2);
    }
    return { room: roomWith(updates), doc };
  }

  test("its whole state with one new character is stored as one character", () => {
    const { room, doc } = twoReplicas();
    doc.getText("t").insert(3, "x");
    const state = Y.encodeStateAsUpdate(doc);
    const admission = admit(state, room);
    if (admission.kind !== "new") throw new Error(admission.kind);
    expect(state.length).toBeGreaterThan(2_000);
    expect(admission.update.length).toBeLessThan(40);
    room.absorb(admission.scanned);
    expect(room.stateVector.encode()).toEqual(Y.encodeStateVector(doc));
    expect(admit(state, room).kind).toBe("nothing-new");
  });

  test("its whole state with one new deletion is stored as one range", () => {
    const { room, doc } = twoReplicas();
    doc.getText("t").delete(100, 1);
    const admission = admit(Y.encodeStateAsUpdate(doc), room);
    if (admission.kind !== "new") throw new Error(admission.kind);
    expect(admission.scanned.structCount).toBe(0);
    expect(admission.scanned.deletions.length).toBe(3);
  });

  test("an update of which all is new is stored as the same bytes, not as a copy", () => {
    const { room, doc } = twoReplicas();
    let sent = new Uint8Array();
    doc.once("update", (update: Uint8Array) => (sent = update as Uint8Array<ArrayBuffer>));
    doc.getText("t").insert(0, "new");
    const admission = admit(sent, room);
    if (admission.kind !== "new") throw new Error(admission.kind);
    expect(admission.update).toBe(sent);
  });

  test("a heavy update is admitted after its trial, and what is heavy is what would be stored", () => {
    const doc = new Y.Doc();
    doc.getText("t").insert(0, "a".repeat(100_000));
    const state = Y.encodeStateAsUpdate(doc);
    expect(admit(state, new Contents()).kind).toBe("heavy");
    const admission = admit(state, new Contents(), { trustHeavy: true });
    if (admission.kind !== "new") throw new Error(admission.kind);
    const room = new Contents();
    room.absorb(admission.scanned);
    doc.getText("t").insert(5, "b");
    expect(admit(Y.encodeStateAsUpdate(doc), room).kind).toBe("new");
  });

  test("a struct the room has half of is cut as Yjs cuts it", () => {
    for (const insert of [
      (doc: Y.Doc): void => doc.getText("t").insert(doc.getText("t").length, "añ🙂b"),
      (doc: Y.Doc): void => doc.getArray("a").push([1, { b: [2] }, null]),
    ]) {
      const doc = new Y.Doc();
      const updates: Uint8Array[] = [];
      doc.on("update", (update: Uint8Array) => updates.push(update));
      insert(doc);
      insert(doc);
      const room = roomWith(updates.slice(0, 1));
      const state = Y.encodeStateAsUpdate(doc);
      const admission = admit(state, room);
      if (admission.kind !== "new") throw new Error(admission.kind);
      expect(admission.update).toEqual(Y.diffUpdate(state, room.stateVector.encode()));
    }
  });

  test("with a hole that the room can fill, the rest is admitted", () => {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    for (const letter of "abc") doc.getText("t").insert(0, letter);
    const [first, second, third] = updates;
    if (!first || !second || !third) throw new Error("three updates were sent");
    const holed = Y.mergeUpdates([first, third]);
    expect(admit(holed, new Contents()).kind).toBe("gap");
    expect(admit(holed, roomWith([first])).kind).toBe("gap");
    const admission = admit(holed, roomWith([first, second]));
    if (admission.kind !== "new") throw new Error(admission.kind);
    expect(admission.scanned.blocks.slice(1)).toEqual([2, 3]);
    expect(admission.scanned.hasHoles).toBe(false);
  });
});
