/** Whatever Yjs writes is let in: no editor is closed for working as Yjs does. */
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { makeHistory, type History } from "../../../../test/fixtures/histories.js";
import { Random } from "../../../../test/fixtures/random.js";
import { admit, type Admission } from "./admission.js";
import { Contents } from "./contents.js";
import { DeleteSet } from "./delete-set.js";
import { scanUpdate } from "./scan.js";
import { StateVector } from "./state-vector.js";
import { trimUpdate } from "./trim.js";

const historyCount = 40;
const stepCount = 70;
const trusted = { trustHeavy: true };

function historyOf(seed: number): History {
  const random = new Random(seed);
  return makeHistory(random, 2 + random.int(3), stepCount);
}

function take(update: Uint8Array, contents: Contents, log: Uint8Array[]): Admission["kind"] {
  const admission = admit(update, contents, trusted);
  if (admission.kind === "refused") throw admission.error;
  if (admission.kind === "new") {
    contents.absorb(admission.scanned);
    log.push(admission.update);
  }
  return admission.kind;
}

function docOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc({ gc: false });
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

function deletionsOf(doc: Y.Doc): DeleteSet {
  const update = Y.encodeStateAsUpdate(doc);
  return DeleteSet.decode(update.slice(scanUpdate(update).deleteSetOffset));
}

/** Every id under a key is known as such, and no other; garbage stands nowhere. */
function checkKeyed(contents: Contents, doc: Y.Doc): void {
  for (const structs of doc.store.clients.values()) {
    for (const struct of structs) {
      if (!(struct instanceof Y.Item)) continue;
      const { client, clock } = struct.id;
      const unkeyed = contents.keyed.uncovered(client, clock, clock + struct.length);
      expect(unkeyed).toEqual(struct.parentSub === null ? [clock, clock + struct.length] : []);
    }
  }
}

function someVector(random: Random, doc: Y.Doc): Uint8Array {
  const vector = new StateVector();
  for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(doc))) {
    if (random.chance(0.8)) vector.advance(client, random.int(clock + 1));
  }
  return vector.encode();
}

function someOf<Item>(random: Random, items: readonly Item[]): Item[] {
  const share = random.pick([0.1, 0.5, 0.9]);
  return items.filter(() => random.chance(share));
}

/** Runs one check over many histories, and says which seed failed. */
function forEachHistory(check: (history: History, random: Random) => void): void {
  for (let seed = 0; seed < historyCount; seed++) {
    try {
      check(historyOf(seed), new Random(seed ^ 0x5eed));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
}

describe("what Yjs writes", { timeout: 120_000 }, () => {
  test("each transaction is admitted in causal order, and the ids held are a Y.Doc's", () => {
    forEachHistory(({ updates }) => {
      const contents = new Contents();
      const log: Uint8Array[] = [];
      for (const update of updates) expect(["new", "nothing-new"]).toContain(take(update, contents, log));
      const doc = docOf(log);
      expect(contents.stateVector.encode()).toEqual(Y.encodeStateVector(doc));
      expect(doc.store.pendingStructs).toBeNull();
      expect(doc.store.pendingDs).toBeNull();
      expect(Y.encodeStateAsUpdate(doc)).toEqual(Y.encodeStateAsUpdate(docOf(updates)));
      // What a Y.Doc deletes by itself is all that is unknown, and its own state teaches it.
      expect(["new", "nothing-new"]).toContain(take(Y.encodeStateAsUpdate(doc), contents, log));
      expect(contents.deletions.encode()).toEqual(deletionsOf(doc).encode());
      expect(take(Y.encodeStateAsUpdate(doc), contents, log)).toBe("nothing-new");
      checkKeyed(contents, doc);
      const fromState = new Contents();
      take(Y.encodeStateAsUpdate(doc), fromState, []);
      checkKeyed(fromState, doc);
    });
  });

  test("states, diffs, merges and converted updates are sound, whatever the room holds", () => {
    forEachHistory((history, random) => {
      const contents = new Contents();
      for (const update of someOf(random, history.updates)) take(update, contents, []);
      for (const { doc } of history.clients) {
        const state = Y.encodeStateAsUpdate(doc);
        const diffs = Array.from({ length: 6 }, () => Y.encodeStateAsUpdate(doc, someVector(random, doc)));
        const cut = Array.from({ length: 6 }, () => Y.diffUpdate(state, someVector(random, doc)));
        const merged = Array.from({ length: 6 }, () =>
          Y.mergeUpdates([...someOf(random, history.updates), ...diffs.slice(0, 1)]),
        );
        for (const update of [state, ...diffs, ...cut, ...merged]) {
          expect(admit(update, contents, trusted).kind).not.toBe("refused");
          const converted = Y.convertUpdateFormatV2ToV1(Y.convertUpdateFormatV1ToV2(update));
          expect(admit(converted, contents, trusted).kind).toBe(admit(update, contents, trusted).kind);
        }
      }
    });
  });

  test("a replica with something pending is never refused, and heals a room that has what it lacks", () => {
    forEachHistory(({ updates }, random) => {
      const lossy = docOf(someOf(random, updates));
      const state = Y.encodeStateAsUpdate(lossy);
      expect(admit(state, new Contents(), trusted).kind).not.toBe("refused");
      const full = new Contents();
      for (const update of updates) take(update, full, []);
      expect(["new", "nothing-new"]).toContain(admit(state, full, trusted).kind);
    });
  });

  test("in any order, asking again what had a gap, all is admitted in the end", () => {
    forEachHistory(({ updates }, random) => {
      const contents = new Contents();
      const log: Uint8Array[] = [];
      let waiting = updates.map((update) => ({ update, key: random.int(1e9) }));
      waiting.sort((left, right) => left.key - right.key);
      for (let before = Infinity; waiting.length < before;) {
        before = waiting.length;
        waiting = waiting.filter(({ update }) => take(update, contents, log) === "gap");
      }
      expect(waiting).toEqual([]);
      const doc = docOf(log);
      expect(contents.stateVector.encode()).toEqual(Y.encodeStateVector(doc));
      expect(doc.store.pendingStructs).toBeNull();
    });
  });

  test("a peer's whole state is cut to what the room lacks, as Y.diffUpdate cuts it", () => {
    forEachHistory(({ clients, updates }, random) => {
      const contents = new Contents();
      const log: Uint8Array[] = [];
      for (const update of updates.slice(0, random.int(updates.length))) take(update, contents, log);
      for (const { doc } of clients) {
        const state = Y.encodeStateAsUpdate(doc);
        const scanned = trimUpdate(scanUpdate(state), contents);
        const trimmed = scanned.update;
        expect(scanUpdate(trimmed)).toEqual(scanned);
        const truth = Y.diffUpdate(state, contents.stateVector.encode());
        expect(scanned.blocks).toEqual(scanUpdate(truth).blocks);
        expect(structsOf(trimmed)).toEqual(structsOf(truth));
        const { deletions } = scanned;
        for (let at = 0; at < deletions.length; at += 3) {
          const range = deletions.slice(at, at + 3) as [number, number, number];
          expect(contents.deletions.uncovered(...range)).toEqual(range.slice(1));
        }
        const kind = take(state, contents, log);
        if (kind === "new") expect(take(state, contents, log)).toBe("nothing-new");
      }
    });
  });
});

/** Its structs as Yjs writes them again: a cut keeps flags and spellings that `diffUpdate` loses. */
function structsOf(update: Uint8Array): Uint8Array {
  const rewritten = Y.diffUpdate(update, new Uint8Array([0]));
  return rewritten.slice(0, scanUpdate(rewritten).deleteSetOffset);
}
