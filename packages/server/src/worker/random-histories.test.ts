/**
 * What people could have done to a document, with every type Yjs has, and what compaction, diff, trial and salvage must make of it.
 * A history is a list of commands on a few replicas and the updates they left in the server's log.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { command, pick, Replica } from "../../test-support/replica.js";
import { findGap } from "../update/gate.js";
import { scanUpdate } from "../update/scan.js";
import { StateVector } from "../update/state-vector.js";
import { compact } from "./compact.js";
import { diff } from "./diff.js";
import { applyPieces, hasPending } from "./document.js";
import { areEqualFingerprints, fingerprintOf } from "./fingerprint.js";
import { salvage } from "./salvage.js";
import { Trials } from "./trial.js";

const history = fc.record({
  /** Whether each transaction reaches the log by itself, or only what a replica uploads now and then. */
  isLive: fc.boolean(),
  collects: fc.boolean(),
  /** After which command somebody looks, in percent. */
  glimpseAt: fc.nat(100),
  commands: fc.array(command, { minLength: 1, maxLength: 90 }),
});

type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

const clientIds = [4_000_000_007, 77, 2_000_001];
interface Outcome {
  /** The server's log. */
  readonly pieces: Uint8Array[];
  readonly replicas: Replica[];
  /** What a replica had somewhere on the way. */
  readonly glimpse: Uint8Array;
}

function play({ isLive, collects, commands, glimpseAt }: History): Outcome {
  const replicas = clientIds.map((clientId, index) => new Replica(clientId, collects || index === 0));
  const server = new Y.Doc();
  const pieces: Uint8Array[] = [];
  let glimpse = Y.encodeStateAsUpdate(server);
  const receive = (update: Uint8Array): void => {
    if (update.length === 2) return;
    pieces.push(update);
    Y.applyUpdate(server, update);
  };
  const upload = ({ doc }: Replica): void => receive(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(server)));
  if (isLive)
    for (const { doc } of replicas) doc.on("update", (update, origin) => origin !== "pull" && receive(update));
  for (const [index, each] of commands.entries()) {
    const replica = pick(replicas, each.replica);
    if (each.kind === "upload" && !isLive) upload(replica);
    else if (each.kind === "pull") replica.pull(pick(replicas, each.choice).doc);
    else replica.run(each);
    if (index === Math.floor((commands.length * glimpseAt) / 100)) glimpse = Y.encodeStateAsUpdate(replica.doc);
  }
  if (!isLive) replicas.forEach(upload);
  expect(hasPending(server)).toBe(false);
  return { pieces, replicas, glimpse };
}

function build(pieces: Iterable<Uint8Array>, gc = true): Y.Doc {
  const doc = new Y.Doc({ gc });
  applyPieces(doc, pieces, () => 0);
  return doc;
}

/** What a reader sees: names sorted, roots looked up as what they are. */
function contentOf(doc: Y.Doc): unknown {
  return {
    text: doc.getText("text").toDelta() as unknown,
    array: plain(doc.getArray("array")),
    map: plain(doc.getMap("map")),
    xml: plain(doc.getXmlFragment("xml")),
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Y.Doc) return { guid: value.guid, autoLoad: value.autoLoad };
  if (value instanceof Y.XmlText || value instanceof Y.Text) return value.toDelta() as unknown;
  if (value instanceof Y.XmlElement) {
    return { name: value.nodeName, attributes: sorted(value.getAttributes()), children: value.toArray().map(plain) };
  }
  if (value instanceof Y.Array || value instanceof Y.XmlFragment) return value.toArray().map(plain);
  if (value instanceof Y.Map) return [...value.entries()].sort(byKey).map(([key, each]) => [key, plain(each)]);
  return value;
}

function sorted(record: object): unknown {
  return Object.entries(record).sort(byKey);
}

function byKey([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}

/** Each passes the scanner that guards the log, leans on nothing that comes after it, and leaves nothing pending. */
function applyOneByOne(doc: Y.Doc, updates: readonly Uint8Array[]): void {
  const stateVector = new StateVector();
  for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(doc))) stateVector.advance(client, clock);
  for (const update of updates) {
    const scanned = scanUpdate(update);
    expect(scanned.hasHoles).toBe(false);
    expect(findGap(scanned, stateVector)).toBeUndefined();
    const { blocks } = scanned;
    for (let at = 0; at < blocks.length; at += 3) stateVector.advance(blocks[at] as number, blocks[at + 2] as number);
    Y.applyUpdate(doc, update);
    expect(hasPending(doc)).toBe(false);
  }
}

function deletionsOf(doc: Y.Doc): ReturnType<typeof Y.createDeleteSet> {
  return Y.createDeleteSetFromStructStore(doc.store);
}

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 150) };

describe("compaction of any history", () => {
  test("gives the same document in segments that can be applied one by one", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 150, max: 3000 }), (played, maxSegmentBytes) => {
        const { pieces } = play(played);
        const compacted = compact(pieces, { maxSegmentBytes });
        const loaded = new Y.Doc();
        applyOneByOne(loaded, compacted.segments);
        const source = build(pieces);
        expect(contentOf(build(compacted.segments))).toEqual(contentOf(source));
        expect(contentOf(source)).toEqual(contentOf(build(pieces, false)));
        expect(loaded.getText("text").toString()).toBe(source.getText("text").toString());
        expect(Y.decodeStateVector(compacted.stateVector)).toEqual(Y.decodeStateVector(Y.encodeStateVector(source)));
        const { structs, ds } = Y.decodeUpdate(compacted.deleteSetUpdate);
        expect(structs).toEqual([]);
        expect(Y.equalDeleteSets(ds, deletionsOf(source))).toBe(true);
      }),
      runs,
    );
  });

  test("does not need the leniency for documents that loading changes", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 150, max: 3000 }), (played, maxSegmentBytes) => {
        const { pieces } = play(played);
        const loaded = build(compact(pieces, { maxSegmentBytes }).segments);
        expect(areEqualFingerprints(fingerprintOf(loaded), fingerprintOf(build(pieces)))).toBe(true);
      }),
      runs,
    );
  });

  test("writes what Yjs writes when everything fits into one segment", () => {
    fc.assert(
      fc.property(history, (played) => {
        const { pieces } = play(played);
        const state = Y.encodeStateAsUpdate(build(pieces));
        expect(compact(pieces).segments).toEqual(state.length === 2 ? [] : [state]);
      }),
      runs,
    );
  });

  test("keeps to the size, but for what Yjs cannot cut", () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 600, max: 3000 }), (played, maxSegmentBytes) => {
        const { segments } = compact(play(played).pieces, { maxSegmentBytes });
        for (const segment of segments) expect(segment.length).toBeLessThanOrEqual(maxSegmentBytes);
      }),
      runs,
    );
  });

  test("of segments and what came after them gives what compaction of everything gives", () => {
    fc.assert(
      fc.property(history, fc.nat(100), (played, percentage) => {
        const { pieces } = play(played);
        const middle = Math.floor((pieces.length * percentage) / 100);
        const early = compact(pieces.slice(0, middle), { maxSegmentBytes: 500 });
        const late = compact([...early.segments, ...pieces.slice(middle)], { maxSegmentBytes: 500 });
        const source = build(pieces);
        const loaded = build(late.segments);
        expect(contentOf(loaded)).toEqual(contentOf(source));
        expect(Y.equalDeleteSets(deletionsOf(loaded), deletionsOf(source))).toBe(true);
      }),
      runs,
    );
  });

  test("lets the replicas that made the document converge on it", () => {
    fc.assert(
      fc.property(history, (played) => {
        const { pieces, replicas } = play(played);
        const { segments } = compact(pieces, { maxSegmentBytes: 400 });
        const loaded = build(segments);
        for (const { doc } of replicas) {
          applyOneByOne(doc, segments);
          expect(doc.getText("text").toString()).toBe(loaded.getText("text").toString());
          expect(plain(doc.getMap("map"))).toEqual(plain(loaded.getMap("map")));
        }
      }),
      runs,
    );
  });
});

describe("a diff of any history", () => {
  test("brings whoever was part of it up to date, update by update", () => {
    fc.assert(
      fc.property(history, fc.nat(100), fc.boolean(), (played, percentage, isCompacted) => {
        const { pieces } = play(played);
        const middle = Math.floor((pieces.length * percentage) / 100);
        const reader = build(pieces.slice(0, middle));
        const kept = isCompacted ? compact(pieces, { maxSegmentBytes: 700 }).segments : pieces;
        const updates = diff(kept, Y.encodeStateVector(reader), { maxUpdateBytes: 700 });
        applyOneByOne(reader, updates);
        const source = build(pieces);
        expect(reader.getText("text").toString()).toBe(source.getText("text").toString());
        expect(plain(reader.getMap("map"))).toEqual(plain(source.getMap("map")));
        expect(Y.encodeStateVector(reader)).toEqual(Y.encodeStateVector(source));
        expect(deletionsAreIn(source, reader)).toBe(true);
      }),
      runs,
    );
  });

  test("fits any state a replica was in, with edits that the server has not seen", () => {
    fc.assert(
      fc.property(history, (played) => {
        const { pieces, glimpse } = play(played);
        const reader = build([glimpse]);
        applyOneByOne(reader, diff(pieces, Y.encodeStateVector(reader)));
        const source = build(pieces);
        expect(deletionsAreIn(source, reader)).toBe(true);
        const missing = Y.encodeStateAsUpdate(source, Y.encodeStateVector(reader));
        expect(Y.decodeUpdate(missing).structs).toEqual([]);
      }),
      runs,
    );
  });
});

function deletionsAreIn(source: Y.Doc, reader: Y.Doc): boolean {
  const have = deletionsOf(reader);
  const wanted = deletionsOf(source);
  return Y.equalDeleteSets(Y.mergeDeleteSets([have, wanted]), have);
}

describe("a trial of any history", () => {
  test("accepts each update and gives it back as it was", () => {
    fc.assert(
      fc.property(history, (played) => {
        const { pieces } = play(played);
        const trials = new Trials();
        const server = new Y.Doc();
        for (const [version, piece] of pieces.entries()) {
          const since = trials.versionOf("document") ?? 0;
          trials.build("document", version, pieces.slice(since, version));
          const result = trials.apply("document", piece, Y.encodeStateVector(server));
          expect(result.kind === "accepted" ? "accepted" : result).toBe("accepted");
          if (result.kind === "accepted") Y.applyUpdate(server, result.scanned.update);
        }
        expect(server.getText("text").toString()).toBe(build(pieces).getText("text").toString());
      }),
      runs,
    );
  });
});

/** What becomes of each piece of the log, in turn: as a rule nothing. */
const damages = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant({ kind: "none" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "lost" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "cut" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("garbled" as const), at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) }) },
  ),
  { minLength: 1, maxLength: 40 },
); // prettier-ignore

type Damage = typeof damages extends fc.Arbitrary<(infer Value)[]> ? Value : never;

function damaged(piece: Uint8Array, damage: Damage): Uint8Array | undefined {
  if (damage.kind === "lost") return undefined;
  if (damage.kind === "cut") return piece.slice(0, piece.length - 1);
  const copy = piece.slice();
  if (damage.kind === "garbled")
    copy.set([(copy[damage.at % copy.length] ?? 0) ^ damage.bits], damage.at % copy.length);
  return copy;
}

/** The integrated part of a document that waits for what is missing. */
function buildWithGaps(pieces: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  doc.transact((transaction) => {
    for (const piece of pieces) Y.applyUpdate(doc, piece);
    transaction.local = true;
  });
  doc.store.pendingStructs = null;
  doc.store.pendingDs = null;
  return doc;
}

describe("salvage of any history", () => {
  const clean = damages.map((list) => list.map((each) => (each.kind === "garbled" ? { kind: "none" as const } : each)));

  test("gives what a document integrates of the good pieces, and the rest once it has what was missing", () => {
    fc.assert(
      fc.property(history, clean, fc.integer({ min: 150, max: 3000 }), (played, list, maxSegmentBytes) => {
        const { pieces } = play(played);
        const fate = (index: number): Damage => pick(list, index);
        const stored = pieces.flatMap((piece, index) => damaged(piece, fate(index)) ?? []);
        const good = pieces.filter((_, index) => fate(index).kind === "none");
        const bad = pieces.filter((_, index) => fate(index).kind !== "none");
        const { compacted, refused, leftover } = salvage(stored, { maxSegmentBytes });
        const kept = pieces.map((_, index) => fate(index).kind).filter((kind) => kind !== "lost");
        expect(refused.map(({ pieceIndex }) => pieceIndex)).toEqual(
          kept.flatMap((kind, index) => (kind === "cut" ? [index] : [])),
        );
        const loaded = new Y.Doc();
        applyOneByOne(loaded, compacted.segments);
        expect(areEqualFingerprints(fingerprintOf(build(compacted.segments)), fingerprintOf(buildWithGaps(good)))).toBe(
          true,
        );
        for (const piece of [...(leftover ? [leftover] : []), ...bad]) Y.applyUpdate(loaded, piece);
        expect(hasPending(loaded)).toBe(false);
        const whole = build(pieces);
        expect(contentOf(loaded)).toEqual(contentOf(whole));
        expect(Y.equalDeleteSets(deletionsOf(loaded), deletionsOf(whole))).toBe(true);
      }),
      runs,
    );
  });

  test("gives a document whatever was garbled, and refuses nothing else", () => {
    fc.assert(
      fc.property(history, damages, (played, list) => {
        const { pieces } = play(played);
        const stored = pieces.flatMap((piece, index) => damaged(piece, pick(list, index)) ?? []);
        const { compacted, refused, leftover } = salvage(stored);
        const loaded = new Y.Doc();
        applyOneByOne(loaded, compacted.segments);
        const untouched = new Set(pieces.map((piece) => piece.join()));
        for (const { pieceIndex } of refused) expect(untouched.has(stored[pieceIndex]?.join() ?? "")).toBe(false);
        if (leftover !== undefined) expect(() => scanUpdate(leftover)).not.toThrow();
      }),
      runs,
    );
  });
});
