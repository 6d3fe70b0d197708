import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { admit } from "../update/admission.js";
import { Contents } from "../update/contents.js";
import { RepeatedUpdates } from "./repeated-updates.js";

const room = 1;

/** What a replica may do, and say, next: edit, take in all that the room has, or hand in what it has in one of two ways. */
const step = fc.record({
  replica: fc.nat(2),
  kind: fc.constantFrom("write", "erase", "load", "answer", "repeat"),
  at: fc.nat(10_000),
  count: fc.integer({ min: 10, max: 40 }),
});

class World {
  readonly repeated = new RepeatedUpdates();
  readonly contents = new Contents();
  readonly log: Uint8Array[] = [];
  readonly docs = [1, 2, 3].map(docOf);
  readonly sent: Uint8Array[] = [];
  recognisedCount = 0;

  do({ replica, kind, at, count }: { replica: number; kind: string; at: number; count: number }): void {
    const doc = this.docs[replica] as Y.Doc;
    const text = doc.getText("t");
    if (kind === "write") text.insert(at % (text.length + 1), "some words ".repeat(count));
    if (kind === "erase") erase(text, at, count);
    if (kind === "load") for (const update of this.log) Y.applyUpdate(doc, update);
    if (kind === "answer") this.receive(Y.encodeStateAsUpdate(doc, stateVectorOf(this.contents)));
    if (kind === "repeat") for (const update of this.#someSent(at)) this.receive(update);
  }

  #someSent(at: number): Uint8Array[] {
    return at % 2 === 0 ? this.sent.slice(-3) : this.sent.slice(at % (this.sent.length + 1)).slice(0, 3);
  }

  /** As a room does, but that it also judges what it would not have to. */
  receive(update: Uint8Array): void {
    this.sent.push(update);
    const isKnown = this.repeated.has(room, update);
    const admission = admit(update, this.contents, { trustHeavy: true });
    if (isKnown) {
      this.recognisedCount += 1;
      expect(admission.kind).toBe("nothing-new");
    }
    if (admission.kind === "nothing-new") this.repeated.add(room, update);
    if (admission.kind !== "new") return;
    this.contents.absorb(admission.scanned);
    this.log.push(admission.update);
  }
}

function docOf(clientId: number): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  return doc;
}

/** Every other character, so that the deletions do not melt into one. */
function erase(text: Y.Text, at: number, count: number): void {
  const from = at % (text.length + 1);
  for (let index = from; index < from + count * 10 && index < text.length; index++) text.delete(index, 1);
}

function stateVectorOf(contents: Contents): Uint8Array {
  return contents.stateVector.encode();
}

/** Large enough to be kept, and all of it deletions. */
function answerOf(clientId: number): Uint8Array {
  const doc = docOf(clientId);
  const text = doc.getText("t");
  text.insert(0, "x".repeat(2_000));
  for (let index = 0; index < 900; index++) text.delete(index, 1);
  return Y.encodeStateAsUpdate(doc, Y.encodeStateVector(doc));
}

describe("updates that were seen before", () => {
  test("what is recognised never brings anything new, whatever was edited, sent and sent again meanwhile", () => {
    let recognisedCount = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 40 }), (steps) => {
        const world = new World();
        for (const each of steps) world.do(each);
        recognisedCount += world.recognisedCount;
      }),
      { numRuns: 60, seed: 7 },
    );
    // Otherwise it says nothing.
    expect(recognisedCount).toBeGreaterThan(20);
  });

  test("one byte of difference is another update", () => {
    const repeated = new RepeatedUpdates();
    const update = answerOf(1);
    repeated.add(room, update);
    expect(repeated.has(room, update.slice())).toBe(true);
    for (let at = update.length - 1; at >= 0; at -= 97) {
      const other = update.slice();
      other[at] = (other[at] as number) ^ 1;
      expect(repeated.has(room, other)).toBe(false);
    }
    expect(repeated.has(room, update.subarray(0, -1))).toBe(false);
  });

  test("what one room has says nothing of another", () => {
    const repeated = new RepeatedUpdates();
    const update = answerOf(1);
    repeated.add(room, update);
    expect(repeated.has(room + 1, update)).toBe(false);
  });

  test("the bytes are kept apart from the buffer they came in", () => {
    const repeated = new RepeatedUpdates();
    const received = answerOf(1);
    const update = received.slice();
    repeated.add(room, received);
    received.fill(0);
    expect(repeated.has(room, update)).toBe(true);
    expect(repeated.has(room, received)).toBe(false);
  });
});
