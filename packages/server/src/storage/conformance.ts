/**
 * The contract of `Storage` as tests. A store is done when every case passes: run them with any test runner.
 *
 *     for (const { name, run } of storageConformance) test(name, () => run(openMyStore));
 */
import { deepStrictEqual as equal, ok, rejects } from "node:assert/strict";
import { claimsOf, namesIn, piecesOf, pointerOf, quarantineOf, recordsOf, segmentsOf } from "./conformance-reading.js";
import type { AppendEntry, Claim, Pointer, Snapshot, Storage } from "./storage.js";

/** Opens the same store each time it is called within one case, and another one in the next case. */
export type OpenStorage = () => Promise<Storage>;

export interface ConformanceCase {
  readonly name: string;
  /** Rejects when the store breaks the contract. Closes every store it opened. */
  readonly run: (open: OpenStorage) => Promise<void>;
}

export const storageConformance: readonly ConformanceCase[] = [
  onOneStore("a document that was never written has no pointer and no records", async (store) => {
    equal(await store.readPointer("new"), undefined);
    equal(await recordsOf(store, "new"), []);
    equal(await namesIn(store), []);
  }),

  onOneStore("the first append makes the pointer with the writer's generation", async (store) => {
    equal(await store.append([entry("a", 0, [bytes(1)])]), [1]);
    equal(await store.readPointer("a"), emptyPointer("g-a"));
    await store.append([{ ...entry("a", 1, [bytes(2)]), generation: "another" }]);
    equal((await store.readPointer("a"))?.generation, "g-a");
  }),

  onOneStore("records come back in order, each with the updates it was appended with", async (store) => {
    for (let seq = 0; seq < 300; seq++) {
      equal(await store.append([entry("a", seq, [bytes(seq), bytes(), bytes(seq, 255)])]), [seq + 1]);
    }
    const records = await recordsOf(store, "a");
    equal(
      records.map((record) => record.seq),
      Array.from({ length: 300 }, (_, index) => index + 1),
    );
    equal(records[256]?.updates, [bytes(256), bytes(), bytes(256, 255)]);
    equal((await recordsOf(store, "a", 298)).length, 2);
    equal(await recordsOf(store, "a", 300), []);
  }),

  onOneStore("one append carries many documents", async (store) => {
    const names = Array.from({ length: 50 }, (_, index) => `document ${index}`);
    const seqs = await store.append(names.map((name, index) => entry(name, 0, [bytes(index)])));
    ok(seqs.every((seq) => seq === 1));
    for (const [index, name] of names.entries()) equal((await recordsOf(store, name))[0]?.updates, [bytes(index)]);
    equal((await namesIn(store)).sort(), names.sort());
  }),

  onOneStore("the same entry appended again, as after a failure, is there once", async (store) => {
    await store.append([entry("a", 0, [bytes(1)])]);
    await store.append([entry("a", 1, [bytes(2)])]);
    await store.append([entry("a", 1, [bytes(2), bytes(3)])]);
    equal(await recordsOf(store, "a"), [
      { seq: 1, updates: [bytes(1)] },
      { seq: 2, updates: [bytes(2), bytes(3)] },
    ]);
  }),

  onOneStore(
    "claims come with the record they were appended with, the last of an id counts, and one can be released",
    async (store) => {
      equal(await claimsOf(store, "a"), []);
      const [first, second, far] = [claim(7, 1), claim(8, 2), claim(2 ** 53 - 1, 3, 2 ** 41)];
      await store.append([{ ...entry("a", 0, [bytes(1)]), claims: [second, first] }, entry("b", 0, [bytes(1)])]);
      await store.append([{ ...entry("a", 1, [bytes(2)]), claims: [far, claim(8, 4)] }]);
      equal(await claimsOf(store, "a"), [first, claim(8, 4), far]);
      equal(await claimsOf(store, "b"), []);
      await store.append([{ ...entry("a", 2, [bytes(3)]), claims: [claim(9, 5)], released: [7, 99] }]);
      equal(await claimsOf(store, "a"), [claim(8, 4), claim(9, 5), far]);
      equal((await recordsOf(store, "a")).length, 3);
    },
  ),

  onOneStore("an entry without updates writes its claims and no record, and may be written again", async (store) => {
    await store.append([entry("a", 0, [bytes(1)])]);
    const before = await pointerOf(store, "a");
    for (let time = 0; time < 2; time++)
      equal(await store.append([{ ...entry("a", 1, []), claims: [claim(7, 1)] }]), [1]);
    equal([await store.readPointer("a"), (await recordsOf(store, "a")).length], [before, 1]);
    equal(await claimsOf(store, "a"), [claim(7, 1)]);
    equal(await store.append([entry("a", 1, [bytes(2)])]), [2]);
  }),

  onOneStore("claims outlive snapshots and repairs, and go with the document", async (store) => {
    await store.append([{ ...entry("a", 0, [bytes(1)]), claims: [claim(7, 1)] }]);
    await store.append([{ ...entry("ab", 0, [bytes(1)]), claims: [claim(7, 2)] }]);
    const expected = await replaceSnapshot(store, "a", snapshotOf(1));
    equal(await claimsOf(store, "a"), [claim(7, 1)]);
    await store.repairDocument("a", { expected, snapshot: snapshotOf(1), generation: "unused", quarantine: [] });
    equal(await claimsOf(store, "a"), [claim(7, 1)]);
    await store.createDocument("a", "g2", { snapshot: snapshotOf(2), replace: true });
    equal(await claimsOf(store, "a"), []);
    await store.append([{ ...entry("a", 1, [bytes(1)]), claims: [claim(8, 1)] }]);
    await store.deleteDocument("a", 1);
    equal(await claimsOf(store, "a"), []);
    equal(await claimsOf(store, "ab"), [claim(7, 2)]);
  }),

  onOneStore("a snapshot replaces the records it covers and no others", async (store) => {
    for (let seq = 0; seq < 5; seq++) await store.append([entry("a", seq, [bytes(seq)])]);
    const segments = [bytes(10), bytes(11)];
    const pointer = await replaceSnapshot(store, "a", { coveredSeq: 3, segments, contents: bytes(12) });
    equal(pointer, await store.readPointer("a"));
    equal([pointer.generation, pointer.epoch, pointer.coveredSeq], ["g-a", 1, 3]);
    equal(await segmentsOf(store, "a", pointer), segments);
    equal(await store.readContents("a", pointer), bytes(12));
    equal(
      (await recordsOf(store, "a")).map((record) => record.seq),
      [4, 5],
    );
    equal(await store.append([entry("a", 5, [bytes(5)])]), [6]);
  }),

  onOneStore("of two snapshots made from the same epoch the second is turned away", async (store) => {
    await store.append([entry("a", 0, [bytes(1)])]);
    const before = await pointerOf(store, "a");
    const first = await store.replaceSnapshot("a", before, snapshotOf(1));
    equal(await store.replaceSnapshot("a", before, snapshotOf(2)), undefined);
    ok(first);
    equal(await segmentsOf(store, "a", first), [bytes(1)]);
    equal(await store.replaceSnapshot("a", { ...first, generation: "another" }, snapshotOf(2)), undefined);
    equal(await store.replaceSnapshot("new", before, snapshotOf(2)), undefined);
  }),

  onOneStore("what a replaced pointer names is gone, not something else", async (store) => {
    await store.append([entry("a", 0, [bytes(1)])]);
    const old = await replaceSnapshot(store, "a", {
      coveredSeq: 1,
      segments: [bytes(1), bytes(2)],
      contents: bytes(3),
    });
    await replaceSnapshot(store, "a", snapshotOf(4));
    equal(await store.readContents("a", old), undefined);
    equal(await store.readSegment("a", old, 0), undefined);
    equal(await store.readSegment("a", old, 1), undefined);
  }),

  onOneStore("a deleted document is gone but for its tombstone, and can be created anew", async (store) => {
    for (let seq = 0; seq < 5; seq++)
      await store.append([entry("a", seq, [bytes(seq)]), entry("b", seq, [bytes(seq)])]);
    await replaceSnapshot(store, "a", { ...snapshotOf(1), coveredSeq: 3 });
    equal(await store.readTombstone("a"), undefined);
    equal(await store.deleteDocument("a", 1234), { generation: "g-a", deletedAt: 1234 });
    equal(await store.deleteDocument("a", 5678), undefined);
    equal(await store.readTombstone("a"), { generation: "g-a", deletedAt: 1234 });
    equal([await store.readPointer("a"), await recordsOf(store, "a"), await piecesOf(store, "a")], [undefined, [], []]);
    equal(await namesIn(store), ["b"]);
    equal((await recordsOf(store, "b")).length, 5);

    equal(await store.createDocument("a", "g2"), emptyPointer("g2"));
    equal(await store.createDocument("a", "g3"), undefined);
    equal(await store.readTombstone("a"), undefined);
    equal(await store.append([{ ...entry("a", 0, [bytes(9)]), generation: "g2" }]), [1]);
    equal(await recordsOf(store, "a"), [{ seq: 1, updates: [bytes(9)] }]);
    equal((await pointerOf(store, "a")).generation, "g2");
  }),

  onOneStore("a snapshot of a deleted document changes nothing, also when it exists again", async (store) => {
    await store.append([entry("a", 0, [bytes(1)])]);
    const before = await pointerOf(store, "a");
    await store.deleteDocument("a", 1);
    equal(await store.replaceSnapshot("a", before, snapshotOf(1)), undefined);
    equal(await store.readPointer("a"), undefined);
    await store.createDocument("a", "g2");
    equal(await store.replaceSnapshot("a", before, snapshotOf(1)), undefined);
    equal(await piecesOf(store, "a"), []);
  }),

  onOneStore("of a deletion and a snapshot at the same time nothing is left over", async (store) => {
    await store.append([entry("a", 0, [bytes(1)])]);
    const before = await pointerOf(store, "a");
    await Promise.all([store.replaceSnapshot("a", before, snapshotOf(1)), store.deleteDocument("a", 1)]);
    equal([await store.readPointer("a"), await piecesOf(store, "a")], [undefined, []]);
  }),

  onOneStore("a document can be created with content", async (store) => {
    const pointer = await store.createDocument("a", "g", { snapshot: snapshotOf(1, 2) });
    ok(pointer);
    equal(pointer, await store.readPointer("a"));
    equal([pointer.generation, pointer.coveredSeq, pointer.quarantinedCount], ["g", 1, 0]);
    equal(await segmentsOf(store, "a", pointer), [bytes(1), bytes(2)]);
    equal(await store.append([{ ...entry("a", 1, [bytes(3)]), generation: "g" }]), [2]);
    equal(await store.createDocument("a", "g2", { snapshot: snapshotOf(5) }), undefined);
    const replaced = await store.createDocument("a", "g2", { snapshot: snapshotOf(5), replace: true });
    ok(replaced);
    equal(replaced.generation, "g2");
    equal(await segmentsOf(store, "a", replaced), [bytes(5)]);
    equal(await recordsOf(store, "a"), []);
  }),

  onOneStore("everything stored of a document can be read, and be replaced by a repair", async (store) => {
    await store.append([entry("a", 0, [bytes(1)])]);
    await replaceSnapshot(store, "a", snapshotOf(1, 2));
    await store.append([entry("a", 1, [bytes(3), bytes(4)])]);
    equal(await piecesOf(store, "a"), [
      { kind: "segment", id: 0, updates: [bytes(1)] },
      { kind: "segment", id: 1, updates: [bytes(2)] },
      { kind: "record", id: 2, updates: [bytes(3), bytes(4)] },
    ]);
    const quarantine = [{ origin: "record 2", reason: "test", quarantinedAt: 5, bytes: bytes(3) }];
    const expected = await pointerOf(store, "a");
    const repair = { expected, snapshot: { ...snapshotOf(1), coveredSeq: 2 }, generation: "unused", quarantine };
    const repaired = await store.repairDocument("a", repair);
    ok(repaired);
    equal(repaired, await store.readPointer("a"));
    equal([repaired.generation, repaired.coveredSeq, repaired.quarantinedCount], ["g-a", 2, 1]);
    equal(await segmentsOf(store, "a", repaired), [bytes(1)]);
    equal(await recordsOf(store, "a"), []);
    equal(await quarantineOf(store, "a"), quarantine);
    equal(await store.repairDocument("a", repair), undefined);
    const again = await store.repairDocument("a", { ...repair, expected: repaired });
    ok(again);
    equal([again.quarantinedCount, (await quarantineOf(store, "a")).length], [2, 2]);
    equal((await replaceSnapshot(store, "a", { ...snapshotOf(1), coveredSeq: 2 })).quarantinedCount, 2);
    await store.deleteDocument("a", 1);
    equal(await quarantineOf(store, "a"), []);
  }),

  onOneStore("documents with hostile and neighbouring names are kept apart", async (store) => {
    for (const [index, name] of awkwardNames.entries()) {
      await store.append([entry(name, 0, [bytes(index)])]);
      await store.append([entry(name, 1, [bytes(index, index)])]);
      await replaceSnapshot(store, name, snapshotOf(index));
    }
    for (const [index, name] of awkwardNames.entries()) {
      equal(await recordsOf(store, name), [{ seq: 2, updates: [bytes(index, index)] }], name);
      const pointer = await store.readPointer(name);
      ok(pointer);
      equal(await segmentsOf(store, name, pointer), [bytes(index)], name);
    }
    equal((await namesIn(store)).sort(), [...awkwardNames].sort());
  }),

  onOneStore("large values come back whole", async (store) => {
    const large = new Uint8Array(3 * 1024 * 1024).map((_, index) => index % 251);
    await store.append([entry("a", 0, [large])]);
    equal((await recordsOf(store, "a"))[0]?.updates, [large]);
    const pointer = await replaceSnapshot(store, "a", { coveredSeq: 1, segments: [large], contents: large });
    equal(await segmentsOf(store, "a", pointer), [large]);
  }),

  onOneStore("arrays that were handed in may be changed afterwards", async (store) => {
    const update = bytes(1);
    await store.append([entry("a", 0, [update])]);
    update[0] = 99;
    const [record] = await recordsOf(store, "a");
    equal(record?.updates, [bytes(1)]);
  }),

  {
    name: "what was written is there when the store is opened again",
    run: async (open) => {
      const first = await open();
      if (first.durability === "memory") return first.close();
      await first.append([{ ...entry("a", 0, [bytes(1)]), claims: [claim(7, 1)] }, entry("b", 0, [bytes(2)])]);
      await first.append([entry("a", 1, [bytes(3)])]);
      await replaceSnapshot(first, "a", snapshotOf(4));
      await first.close();
      const second = await open();
      const pointer = await second.readPointer("a");
      ok(pointer);
      equal(pointer.epoch, 1);
      equal(await segmentsOf(second, "a", pointer), [bytes(4)]);
      equal(await recordsOf(second, "a"), [{ seq: 2, updates: [bytes(3)] }]);
      equal(await recordsOf(second, "b"), [{ seq: 1, updates: [bytes(2)] }]);
      equal(await claimsOf(second, "a"), [claim(7, 1)]);
      await second.close();
    },
  },

  {
    name: "a closed store rejects instead of answering",
    run: async (open) => {
      const store = await open();
      await store.close();
      await rejects(async () => store.readPointer("a"));
      await rejects(async () => store.append([entry("a", 0, [bytes(1)])]));
    },
  },
];

const awkwardNames = [
  "a",
  "a/b",
  "a/b/c",
  "../../etc/passwd",
  ".",
  "..",
  "__proto__",
  "constructor",
  "a ",
  " a",
  "%2F",
  "a\u{1f600}",
  "\u{1f600}",
  "\u{10ffff}",
  "é",
  "e\u0301",
  "x".repeat(255),
  "x".repeat(254),
  "~",
  "!",
  "\u{feff}a",
];

function onOneStore(name: string, check: (store: Storage) => Promise<void>): ConformanceCase {
  return {
    name,
    run: async (open) => {
      const store = await open();
      try {
        await check(store);
      } finally {
        await store.close();
      }
    },
  };
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

function entry(documentName: string, previousSeq: number, updates: readonly Uint8Array[]): AppendEntry {
  return { documentName, generation: `g-${documentName}`, previousSeq, updates };
}

function claim(clientId: number, owner: number, claimedAt = 1_700_000_000_000): Claim {
  return { clientId, owner: new Uint8Array(16).fill(owner), claimedAt };
}

async function replaceSnapshot(store: Storage, documentName: string, snapshot: Snapshot): Promise<Pointer> {
  const pointer = await store.replaceSnapshot(documentName, await pointerOf(store, documentName), snapshot);
  ok(pointer);
  return pointer;
}

/** Of everything up to record 1, with a segment for each byte. */
function snapshotOf(...segmentBytes: readonly number[]): Snapshot {
  return { coveredSeq: 1, segments: segmentBytes.map((byte) => bytes(byte)), contents: bytes(...segmentBytes) };
}

function emptyPointer(generation: string): Pointer {
  return { generation, epoch: 0, coveredSeq: 0, segments: [], quarantinedCount: 0 };
}
