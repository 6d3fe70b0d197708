/**
 * Whatever is admitted, Yjs must live with: applied without throwing, nothing pending, the document alive after it, and the log
 * good to be loaded again. Runs are repeatable: `SYNCLINE_FUZZ_SEED` is the first seed, `SYNCLINE_FUZZ_RUNS` how many follow.
 */
import { expect, test } from "vitest";
import * as Y from "yjs";
import { makeHistory } from "../../../../test/fixtures/histories.js";
import { forge, mutate } from "../../../../test/fixtures/hostile.js";
import { Random } from "../../../../test/fixtures/random.js";
import type { Id } from "../../../../test/fixtures/update-builder.js";
import { admit } from "./admission.js";
import { Contents } from "./contents.js";
import { DeleteSet } from "./delete-set.js";
import { scanUpdate } from "./scan.js";

const firstSeed = Number(process.env["SYNCLINE_FUZZ_SEED"] ?? 1);
const runCount = Number(process.env["SYNCLINE_FUZZ_RUNS"] ?? 250);
const inputsPerRun = 60;
const trusted = { trustHeavy: true };

/** A room as the server keeps it, beside the Y.Doc that a client would have. */
class Room {
  readonly contents = new Contents();
  readonly log: Uint8Array[] = [];
  readonly ids: Id[] = [];
  readonly doc: Y.Doc;
  answers = { new: 0, "nothing-new": 0, gap: 0, heavy: 0, refused: 0 };
  readonly #seed: number;
  #events = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.doc = this.#newDoc();
    this.doc.clientID = 3_000_000_000;
    this.doc.on("update", () => this.#events++);
  }

  /** With garbage collection three times in four; every other time with its roots given types, as an editor's document has. */
  #newDoc(): Y.Doc {
    const doc = new Y.Doc({ gc: this.#seed % 4 !== 0 });
    if (this.#seed % 2 === 1) {
      doc.getText("text");
      doc.getArray("array");
      doc.getMap("map");
      doc.getXmlFragment("xml");
    }
    return doc;
  }

  offer(update: Uint8Array): string {
    const admission = admit(update, this.contents, trusted);
    this.answers[admission.kind]++;
    if (admission.kind !== "new") return admission.kind;
    this.contents.absorb(admission.scanned);
    this.log.push(admission.update);
    for (const id of startsOf(admission.update)) this.ids.push(id);
    Y.applyUpdate(this.doc, admission.update);
    this.checkIds();
    return "new";
  }

  checkIds(): void {
    expect(this.doc.store.pendingStructs).toBeNull();
    expect(this.doc.store.pendingDs).toBeNull();
    expect(this.doc._transactionCleanups).toEqual([]);
    expect(this.contents.stateVector.encode()).toEqual(Y.encodeStateVector(this.doc));
  }

  /** An edit reaches the listeners, and is itself admitted. */
  checkAlive(): void {
    let sent: Uint8Array | undefined;
    const keep = (update: Uint8Array): void => {
      sent = update;
    };
    this.doc.once("update", keep);
    const before = this.#events;
    this.doc.getMap("alive").set("count", before);
    expect(this.#events).toBeGreaterThan(before);
    expect(sent).toBeDefined();
    if (sent !== undefined) expect(this.offer(sent)).toBe("new");
  }

  /** What we call deleted is; what else is, Yjs deleted by itself, and its state is admitted and says the rest. */
  checkDeletions(): void {
    const state = Y.encodeStateAsUpdate(this.doc);
    const deletions = DeleteSet.decode(state.slice(scanUpdate(state).deleteSetOffset));
    const ours = scanUpdate(this.contents.deletions.encodeAsUpdate()).deletions;
    for (let at = 0; at < ours.length; at += 3) {
      expect(deletions.has(...(ours.slice(at, at + 3) as [number, number, number]))).toBe(true);
    }
    this.#checkKeyed();
    const learnt = Contents.decode(this.contents.encode());
    const admission = admit(state, learnt, trusted);
    if (admission.kind === "new") learnt.absorb(admission.scanned);
    expect(["new", "nothing-new"]).toContain(admission.kind);
    expect(learnt.deletions.encode()).toEqual(deletions.encode());
  }

  #checkKeyed(): void {
    for (const structs of this.doc.store.clients.values()) {
      for (const struct of structs) {
        if (!(struct instanceof Y.Item)) continue;
        const { client, clock } = struct.id;
        const unkeyed = this.contents.keyed.uncovered(client, clock, clock + struct.length);
        expect(unkeyed).toEqual(struct.parentSub === null ? [clock, clock + struct.length] : []);
      }
    }
  }

  checkReload(): void {
    const state = Y.encodeStateAsUpdate(this.doc);
    const merged = Y.mergeUpdates(this.log.length > 0 ? this.log : [state]);
    const converted = Y.convertUpdateFormatV2ToV1(Y.encodeStateAsUpdateV2(this.doc));
    for (const updates of [this.log, [merged], [state], [converted]]) {
      const doc = this.#newDoc();
      for (const update of updates) Y.applyUpdate(doc, update);
      expect(doc.store.pendingStructs).toBeNull();
      expect(doc.store.pendingDs).toBeNull();
      expect(doc._transactionCleanups).toEqual([]);
      expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(this.doc));
    }
    const reloaded = this.#newDoc();
    for (const update of this.log) Y.applyUpdate(reloaded, update);
    expect(Y.encodeStateAsUpdate(reloaded)).toEqual(state);
  }
}

function startsOf(update: Uint8Array): Id[] {
  return Y.decodeUpdate(update).structs.map((struct) => struct.id);
}

function run(seed: number): Room {
  const random = new Random(seed);
  const room = new Room(seed);
  const { updates, clients } = makeHistory(random, 2 + random.int(2), 25);
  const genuine = [...updates, ...clients.map(({ doc }) => Y.encodeStateAsUpdate(doc))];
  const forgedShare = random.pick([0.2, 0.5, 0.9]);
  let next = 0;
  for (let input = 0; input < inputsPerRun; input++) {
    room.offer(chooseInput());
    if (input % 10 === 9) {
      room.checkAlive();
      room.checkDeletions();
    }
  }
  room.checkAlive();
  room.checkReload();
  return room;

  function chooseInput(): Uint8Array {
    if (random.chance(forgedShare)) {
      // Not as the document itself: it would change its id, and say so on the console each time.
      const clocks = [...room.contents.stateVector.entries()].filter(([client]) => client !== room.doc.clientID);
      return forge(random, { clocks, ids: room.ids });
    }
    if (random.chance(0.5)) return genuine[next++ % genuine.length] ?? new Uint8Array([0, 0]);
    return mutate(random, random.pick(genuine), random.pick(genuine));
  }
}

test("what is admitted never breaks a document, and is known exactly", { timeout: 100_000_000 }, () => {
  const answers: Record<string, number> = {};
  for (let seed = firstSeed; seed < firstSeed + runCount; seed++) {
    try {
      for (const [kind, count] of Object.entries(run(seed).answers)) answers[kind] = (answers[kind] ?? 0) + count;
    } catch (error) {
      throw new Error(`SYNCLINE_FUZZ_SEED=${seed}`, { cause: error });
    }
  }
  // Were everything refused, nothing would have been tested.
  expect(answers["new"]).toBeGreaterThan(runCount * 10);
  expect(answers["refused"]).toBeGreaterThan(runCount);
  expect(answers["gap"]).toBeGreaterThan(runCount);
  if (runCount > 1000) console.log(JSON.stringify(answers));
});

test("bytes that are nothing at all are refused, never thrown on", () => {
  const random = new Random(firstSeed);
  for (let input = 0; input < 20_000; input++) {
    const bytes = Uint8Array.from({ length: random.int(40) }, () =>
      random.pick([0, 1, 1, 2, 4, 8, 0x84, 0x80, random.int(256)]),
    );
    admit(bytes, new Contents());
  }
});
