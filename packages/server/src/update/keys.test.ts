/** Why runs of values under a key are kept out, and that finding them costs little. */
import { expect, test } from "vitest";
import * as Y from "yjs";
import {
  buildUpdate,
  contents as content,
  type Id,
  type StructSpec,
} from "../../../../test/fixtures/update-builder.js";
import { admit } from "./admission.js";
import { Contents } from "./contents.js";
import { IdSet } from "./id-set.js";
import { findKeyed } from "./keys.js";
import { scanUpdate } from "./scan.js";

const map = { client: 1, clock: 0 };

/** Five updates of 54 bytes: a map, a value, a run after the value, half of the run deleted, the map deleted. */
const wedge = [
  buildUpdate([{ ...map, structs: [{ content: content.type(1), parent: "r" }] }]),
  buildUpdate([{ client: 1, clock: 1, structs: [{ content: content.any([5]), parent: map, key: "k" }] }]),
  buildUpdate([
    { client: 1, clock: 2, structs: [{ content: content.string("abc"), origin: { client: 1, clock: 1 } }] },
  ]),
  buildUpdate([], [{ client: 1, ranges: [{ clock: 4, length: 1 }] }]),
  buildUpdate([], [{ client: 1, ranges: [{ clock: 0, length: 1 }] }]),
];

test("a run of values under a key wedges Yjs once it is split and its map deleted", () => {
  const doc = new Y.Doc();
  const apply = (): void => wedge.forEach((update) => Y.applyUpdate(doc, update));
  expect(apply).toThrow("Unexpected case");
  let events = 0;
  doc.on("update", () => events++);
  doc.getText("t").insert(0, "still there?");
  expect(events).toBe(0);
});

test("so it is refused where the run begins, and what is left is harmless", () => {
  const contents = new Contents();
  const doc = new Y.Doc();
  const answers = wedge.map((update) => {
    const admission = admit(update, contents);
    if (admission.kind === "new") {
      contents.absorb(admission.scanned);
      Y.applyUpdate(doc, admission.update);
    }
    return admission.kind;
  });
  expect(answers).toEqual(["new", "new", "refused", "gap", "new"]);
});

test("what is known of keys survives being stored", () => {
  const contents = new Contents();
  for (const update of wedge.slice(0, 2)) contents.absorb(scanUpdate(update));
  expect(admit(wedge[2] ?? new Uint8Array(), Contents.decode(contents.encode())).kind).toBe("refused");
});

test("a map's value may be long, as long as it is one", () => {
  const doc = new Y.Doc();
  doc.getMap("m").set("k", "a long text");
  doc.getMap("m").set("list", [1, 2, 3]);
  expect(admit(Y.encodeStateAsUpdate(doc), new Contents()).kind).toBe("new");
});

test("a key followed through 100,000 structs of two clients is found without recursion, in no time", () => {
  const chain = (other: number, first: StructSpec[]): StructSpec[] => [
    ...first,
    ...Array.from({ length: 50_000 - first.length }, (_, index) => {
      const origin: Id = { client: other, clock: index };
      return { content: content.any([1]), origin };
    }),
  ];
  const update = buildUpdate([
    { client: 2, clock: 0, structs: chain(1, []) },
    { client: 1, clock: 0, structs: chain(2, [{ content: content.any([1]), parent: "m", key: "k" }]) },
  ]);
  const scanned = scanUpdate(update);
  const started = performance.now();
  const { ids, runs } = findKeyed(scanned, new IdSet());
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(ids).toEqual([2, 0, 50_000, 1, 0, 50_000]);
  expect(runs).toEqual([]);
});
