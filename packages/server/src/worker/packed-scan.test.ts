/** What the main thread is told of an update is what it would have found itself. */
import { expect, test } from "vitest";
import * as Y from "yjs";
import { makeHistory } from "../../../../test/fixtures/histories.js";
import { Random } from "../../../../test/fixtures/random.js";
import { admit } from "../update/admission.js";
import { Contents } from "../update/contents.js";
import { noScanLimits } from "../update/limits.js";
import { scanUpdate } from "../update/scan.js";
import { scanLarge } from "./large-update.js";
import { buffersOfScan, packScan, unpackScanOutcome, unpackTrialResult } from "./packed-scan.js";
import { Trials } from "./trial.js";

const historyCount = 20;

/** A room with the first updates of a history, and one update of all that came after them. */
function* scenes() {
  for (let seed = 0; seed < historyCount; seed++) {
    const random = new Random(seed);
    const { updates, clients } = makeHistory(random, 2 + random.int(3), 70);
    const pieces = updates.slice(0, random.int(updates.length));
    const contents = new Contents();
    for (const piece of pieces) {
      const admission = admit(piece, contents, { trustHeavy: true });
      if (admission.kind === "new") contents.absorb(admission.scanned);
    }
    const whole = new Y.Doc({ gc: random.chance(0.5) });
    for (const update of [...updates, ...clients.map(({ doc }) => Y.encodeStateAsUpdate(doc))])
      Y.applyUpdate(whole, update);
    yield { seed, pieces, contents, update: Y.encodeStateAsUpdate(whole) };
  }
}

test("a scan is the same on the other side, of the update without what the room has", { timeout: 60_000 }, () => {
  for (const { seed, contents, update } of scenes()) {
    const outcome = scanLarge({ update, stateVector: contents.stateVector.encode(), limits: noScanLimits });
    if (outcome.kind === "refused") throw outcome.error;
    const scan = packScan(outcome.scanned, { isKept: seed % 2 === 0 });
    const sent = structuredClone({ kind: "scanned", scan } as const, { transfer: buffersOfScan(scan) });
    const arrived = unpackScanOutcome(sent);
    if (arrived.kind === "refused") throw arrived.error;
    expect(scanUpdate(arrived.scanned.update)).toEqual(arrived.scanned);
    const truth = Y.diffUpdate(update, contents.stateVector.encode());
    expect(arrived.scanned.blocks, `seed ${seed}`).toEqual(scanUpdate(truth).blocks);
  }
});

test(
  "what a trial found is what admission would have, and the room holds the same afterwards",
  { timeout: 60_000 },
  () => {
    for (const { seed, pieces, contents, update } of scenes()) {
      const trials = new Trials();
      trials.build("document", 1, pieces);
      const result = trials.apply("document", update, contents.stateVector.encode());
      if (result.kind === "refused") throw new Error(`seed ${seed}: ${result.reason} ${result.detail}`);
      const { scanned, ...figures } = result;
      const found = unpackTrialResult({ ...figures, scan: packScan(scanned, { isKept: true }) });
      if (found.kind === "refused") throw new Error(found.detail);
      const byRoom = Contents.decode(contents.encode());
      const admission = admit(update, byRoom, { trustHeavy: true });
      if (admission.kind === "new") byRoom.absorb(admission.scanned);
      contents.absorb(found.scanned);
      expect(contents.encode(), `seed ${seed}`).toEqual(byRoom.encode());
    }
  },
);
