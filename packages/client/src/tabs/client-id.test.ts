import { expect, onTestFinished, test } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { FakeOrigin } from "../../test-support/fake-origin.js";
import { FakeTiming } from "../../test-support/fake-timing.js";
import { changeClientId, claimClientId } from "./client-id.js";

function document(clientId: number): { doc: Y.Doc; awareness: Awareness; timing: FakeTiming } {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const awareness = new Awareness(doc);
  onTestFinished(() => awareness.destroy());
  return { doc, awareness, timing: new FakeTiming() };
}

/** Resolves with the outcome once the locks have been granted that can be. */
async function settled<Value>(origin: FakeOrigin, promise: Promise<Value>): Promise<Value> {
  await origin.run();
  return promise;
}

test("who comes first keeps the id, who comes later gets another, and gives it up when it goes", async () => {
  const origin = new FakeOrigin();
  const [first, second, third] = [document(5), document(5), document(5)];
  const release = await settled(origin, claimClientId({ ...first, locks: origin.tab().locks }));
  second.timing.chance = 0.25;
  await settled(origin, claimClientId({ ...second, locks: origin.tab().locks }));
  expect([first.doc.clientID, second.doc.clientID]).toEqual([5, 2 ** 30]);
  release();
  await origin.run();
  await settled(origin, claimClientId({ ...third, locks: origin.tab().locks }));
  expect(third.doc.clientID).toBe(5);
  expect(origin.lockNames.sort()).toEqual(["syncline client 1073741824", "syncline client 5"]);
});

test("a new id that is taken, too, is given up for another", async () => {
  const origin = new FakeOrigin();
  const { locks } = origin.tab();
  for (const clientId of [5, 2 ** 31]) await settled(origin, claimClientId({ ...document(clientId), locks }));
  const late = document(5);
  let drawn = 0;
  late.timing.random = () => [0.5, 0.5, 0.75][drawn++] ?? 0;
  await settled(origin, claimClientId({ ...late, locks }));
  expect(late.doc.clientID).toBe(3 * 2 ** 30);
});

test("the lock is for the id the document has in the end, should Yjs change it meanwhile", async () => {
  const origin = new FakeOrigin();
  const { locks } = origin.tab();
  const changing = document(5);
  const claimed = claimClientId({ ...changing, locks });
  changing.doc.clientID = 6;
  await settled(origin, claimed);
  await origin.run();
  expect(origin.lockNames).toEqual(["syncline client 6"]);
});

test("without locks, or with ones that fail, the id stays", async () => {
  const { doc, awareness, timing } = document(5);
  const locks = { request: async () => Promise.reject(new Error("SecurityError")) };
  for (const none of [locks, undefined]) (await claimClientId({ doc, awareness, timing, locks: none }))();
  expect(doc.clientID).toBe(5);
});

test("the presence goes along with the id, with a newer clock; of the former one nothing is announced", () => {
  const { doc, awareness, timing } = document(5);
  awareness.setLocalState({ name: "Ada" });
  const announced: number[][] = [];
  awareness.on("update", ({ added, updated, removed }: Record<"added" | "updated" | "removed", number[]>) =>
    announced.push([...added, ...updated, ...removed].filter((clientId) => clientId === awareness.clientID)),
  );
  const { clock } = awareness.meta.get(5) ?? { clock: Number.NaN };
  changeClientId({ doc, awareness, timing });
  expect(awareness.clientID).toBe(doc.clientID);
  expect([...awareness.states]).toEqual([[2 ** 31, { name: "Ada" }]]);
  expect([...awareness.meta.keys()]).toEqual([2 ** 31]);
  expect(awareness.meta.get(2 ** 31)?.clock).toBe(clock + 1);
  expect(announced).toEqual([[], [2 ** 31]]);
});

test("who shows no presence shows none under the new id", () => {
  const { doc, awareness, timing } = document(5);
  awareness.setLocalState(null);
  changeClientId({ doc, awareness, timing });
  expect(awareness.getLocalState()).toBeNull();
  expect(awareness.states.size).toBe(0);
});

test("what was written under the former id stays, and what follows is under the new one", () => {
  const { doc, awareness, timing } = document(5);
  doc.getText("text").insert(0, "a");
  changeClientId({ doc, awareness, timing });
  doc.getText("text").insert(1, "b");
  expect(doc.getText("text").toString()).toBe("ab");
  expect([...doc.store.clients.keys()].sort()).toEqual([2 ** 31, 5].sort());
});
